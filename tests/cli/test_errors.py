"""Every error that is cheap to provoke, through the command line, held against what it said before.

To accept new words: SWEREG_GOLDEN=write pytest tests/cli/test_errors.py, then read errors.txt.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from swereg.cli import output
from swereg.errors import SweregError
from swereg.registry import Registry
from tests.cli.conftest import Run
from tests.registry.make_entry import make

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))
import errors as catalogue  # noqa: E402 - it lies beside the page that it makes

GOLDEN = Path(__file__).parent / "errors.txt"
WRITE = os.environ.get("SWEREG_GOLDEN") == "write"

CASES = {  # a command, and the code of its error
    "show nope": "entry.unknown",
    "show känslor/9": "entry.unknown",
    "show känslor/1": "entry.deleted",
    "show Känslor!": "ref.name",
    "show känslor@nope": "entry.unknown",
    "list --sort nope": "usage",
    "list --filter nope<1": "condition.key",
    "list --filter val_loss<x": "condition.number",
    "list --filter val_loss": "condition.form",
    "list --fail-if loss<9": "fail-if.holds",
    "compare": "compare.nothing",
    "compare känslor/2 --fail-if worse": "fail-if.worse",
    "compare --task känslor --metric nope": "usage",
    "compare --task nope": "compare.empty",
    "compare --task känslor --sort nope": "usage",
    "rm känslor/2": "rm.yes",
    "rm känslor --yes": "rm.version",
    "rm känslor/3 --yes": "entry.in-use",
    "restore känslor": "restore.version",
    "rollback känslor@nope": "alias.unknown",
    "rollback känslor@prod --to känslor/9": "rollback.nothing",
    "alias set prod känslor@prod@x": "ref.name",
    "alias set latest känslor/2": "ref.reserved",
    "alias rm känslor/2": "alias.version",
    "tag känslor/2 x": "tag.form",
    "tag känslor/2": "tag.nothing",
    "tag känslor/2 --rm nope": "tag.unknown",
    "train": "train.nothing",
    "train --task nope": "task.unknown",
    "train --data {tmp}/nope.csv": "data.missing",
    "train --data {tmp}/empty.csv": "data.empty",
    "train --data {tmp}/one.csv --method tfidf": "data.one-label",
    "train --data {tmp}/words.csv --text nope": "data.columns",
    "train --task sentiment --method nope": "method.unknown",
    "train --task sentiment --method lora[": "method.syntax",
    "train --task sentiment --method lora[nope=1]": "method.setting",
    "train --task sentiment --method lora[r=x]": "method.setting",
    "train --task sentiment --method tfidf --epochs 2": "method.no-base",
    "train --task sentiment --method majority --seeds 2": "seeds.deterministic",
    "train --task sentiment --seeds 0": "seeds.value",
    "train --task sentiment --epochs 0 --base mini": "recipe.value",
    "train --task sentiment --base {tmp}": "base.folder",
    "train --task sentiment --base nope": "base.unknown",
    "train --task sentiment --name Nej!": "ref.name",
    "train --resume nope": "resume.unknown",
    "train --task {tmp}/nope.toml": "data.missing",
    "sweep --rank 2,2 --dry-run": "sweep.values",
    "sweep --rank 2 --method tfidf": "sweep.method",
    "sweep --task sentiment --lr fast --base mini": "sweep.number",
    "predict känslor/9 hej": "entry.unknown",
    "predict känslor/2 --file {tmp}/nope.txt": "predict.file",
    "reproduce känslor/9": "entry.unknown",
    "reproduce känslor/2": "reproduce.no-texts",
    "recover nope": "recover.unknown",
    "recover --discard nope": "recover.confirm",
    "data show nope": "entry.unknown",
    "data check {tmp}/nope.csv": "data.missing",
    "data export känslor/2": "dataset.missing",
    "export känslor/2": "export.what",
    "export känslor/2 --peft {tmp}": "export.taken",
    "import {tmp}/nope.swereg": "import.missing",
    "import {tmp}": "import.unnamed",
    "report --task nope -o {tmp}/r.html": "compare.empty",
    "report --task känslor -o {tmp}/nope/r.html": "report.folder",
    "backup {tmp}/empty.csv": "backup.exists",
    "verify känslor/2 --all": "usage",
    "nope": "usage",
    "show": "usage",
    "show x --registry {tmp}/nope.db": "registry.missing",
    "list --registry {tmp}": "storage.folder",
    "show x --registry {tmp}/empty.csv": "storage.empty",
    "list --registry {tmp}/words.csv": "storage.broken",
    "list --registry {tmp}/foreign.db": "storage.foreign",
    "list --registry {tmp}/newer.db": "schema.newer",
    "list --registry {tmp}/layout.db": "schema.layout",
    "list --registry sqlite://": "registry.url",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a registry, and with what goes wrong."""
    Registry.open(tmp_path / "registry.db", create=True).close()
    for name in ("newer.db", "layout.db"):
        (tmp_path / name).write_bytes((tmp_path / "registry.db").read_bytes())
    with Registry.open(tmp_path / "registry.db") as registry:
        for run in ("a", "b", "c"):
            registry.add(make(run), keep_data=False)
        registry.rm("känslor/1")
        registry.alias("känslor/3", "prod")
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as db:
        db.execute("CREATE TABLE other (x)")
    with closing(sqlite3.connect(tmp_path / "newer.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with closing(sqlite3.connect(tmp_path / "layout.db")) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("ALTER TABLE entries DROP COLUMN note")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "one.csv").write_text("text;label\nhej;a\nhejdå;a\n")
    (tmp_path / "words.csv").write_text("text;label\nhej;a\nhejdå;b\n" * 40)
    monkeypatch.setenv("SWEREG_REGISTRY", str(tmp_path / "registry.db"))
    return tmp_path


def test_every_error_says_what_it_said(
    place: Path, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[SweregError] = []
    tell = output.error
    monkeypatch.setattr(
        output, "error", lambda fault, **how: (told.append(fault), tell(fault, **how))
    )
    shown, wrong = [], {}
    for command, code in CASES.items():
        plain = cli(*command.format(tmp=place).split())
        fault = told[-1]
        if (fault.code, plain.code) != (code, exit_code(code)):
            wrong[command] = (fault.code, plain.code)
        words = [
            f"error: {fault.what}",
            *(f"  {line}" for line in fault.why.splitlines()),
            *f"hint: {fault.hint}".splitlines(),
        ]
        assert fault.hint, command
        assert plain.err.splitlines()[-len(words) :] == words
        shown.append(f"$ swereg {command}\n{normal(plain.err, place)}exit {plain.code}, {code}\n")
    assert wrong == {}
    assert len(told) == len(CASES)
    whole = "\n".join(shown)
    if WRITE:
        GOLDEN.write_text(whole, encoding="utf-8")
    assert whole == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    [
        "show nope",
        "list --registry sqlite://",
        "reproduce känslor/2",
        "verify känslor/2 --all",
        "train --task sentiment --epochs 0 --base mini",
        "data check nope.csv",
        "show",
    ],
)
def test_a_program_is_told_the_same(command: str, place: Path, cli: Run) -> None:
    plain, machine = cli(*command.split()), cli(*command.split(), "--json")
    assert (machine.code, machine.err, plain.out) == (plain.code, plain.err, "")
    facts = json.loads(machine.out)
    assert facts.keys() == {"schema_version", "error"}
    assert facts["error"].keys() == {"code", "what", "why", "hint"}
    for part in ("what", "why", "hint"):
        assert all(line in plain.err for line in facts["error"][part].splitlines())


def test_a_program_that_has_its_object_gets_no_second_one(place: Path, cli: Run) -> None:
    done = cli("list", "--fail-if", "loss<9", "--json")
    assert done.code == 4
    assert json.loads(done.out)["total"] == 2
    assert "error: a condition of --fail-if holds" in done.err


def exit_code(code: str) -> int:
    (found,) = {one.exit_code for one in catalogue.places() if one.code == code} or {
        3 if code.endswith(".unknown") else 2
    }
    return found


def normal(text: str, place: Path) -> str:
    """Words without what is another on each machine and day."""
    text = text.replace(str(place), "{tmp}")
    text = re.sub(r"\S+ deleted it on .* UTC", "{user} deleted it on {time}", text)
    text = re.sub(r"Installed: [^.]*", "Installed: {names}", text)
    return re.sub(r"\b[0-9a-f]{12,64}\b", "{digest}", text)


def test_every_code_belongs_to_one_class_and_has_advice() -> None:
    kinds: dict[str, set[str]] = {}
    for one in catalogue.places():
        kinds.setdefault(one.code, set()).add(one.kind)
        assert one.hint, one
        assert not one.what.endswith("."), one
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)?", one.code), one
    assert {code: kind for code, kind in kinds.items() if len(kind) > 1} == {}


def test_advice_is_for_codes_that_there_are() -> None:
    codes = {one.code for one in catalogue.places()}
    families = {code.partition(".")[0] for code in codes}
    assert set(catalogue.errors.ADVICE) <= codes | families

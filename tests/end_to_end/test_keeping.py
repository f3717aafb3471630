"""The promises about what is kept, each through the real command line in a fresh process."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import swereg as python
from swereg.errors import CheckFailed
from swereg.records.refs import Ref
from swereg.registry.entries import seals
from swereg.registry.entries.queries import Selects
from tests.command_line import HEAVY, as_json, here, listed, shown, swereg, train

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def second(registry: Path, shop: Path) -> None:
    """omdöme/2 beside omdöme/1."""
    assert here(*train(shop, "--epochs", 1), "-q") == "omdöme/2\n"


@pytest.mark.usefixtures("second")
def test_an_alias_moves_rolls_back_and_remembers() -> None:
    assert swereg("alias", "set", "prod", "omdöme/1", "-m", "först") == "omdöme@prod -> omdöme/1\n"
    here("alias", "set", "prod", "omdöme/2", "-m", "bättre på ironi")
    assert shown("omdöme")["version"] == 2
    assert swereg("rollback", "omdöme@prod") == "omdöme@prod -> omdöme/1\n"
    assert shown("omdöme")["version"] == 1
    assert "has not pointed to anything else" in here("rollback", "omdöme@prod", code=3)
    moves = as_json("alias", "log", "omdöme@prod")["moves"]
    assert [(m["kind"], m["old"], m["new"], m["message"]) for m in moves] == [
        ("rollback", 2, 1, ""),
        ("set", 1, 2, "bättre på ironi"),
        ("set", None, 1, "först"),
    ]
    assert all(m["actor"] and m["at"] for m in moves)
    assert here("alias", "rm", "omdöme@prod") == "omdöme@prod -> nothing\n"
    assert as_json("alias", "list")["aliases"] == {}
    assert here("rollback", "omdöme") == "omdöme@prod -> omdöme/1\n"
    assert len(here("alias", "log").splitlines()) == 6


def test_notes_and_tags(registry: Path) -> None:
    assert swereg("note", "omdöme", "tränad efter mötet\x1b[2J") == "omdöme/1\n"
    assert "\x1b" not in here("show", "omdöme")
    assert swereg("tag", "omdöme", "status=pilot", "team=växel") == (
        "omdöme/1\tstatus=pilot\tteam=växel\n"
    )
    assert listed("--tag", "status=pilot") == listed("--tag", "team") == ["omdöme/1"]
    assert listed("--tag", "status=drift") == []
    assert listed("--filter", "tag=team=växel") == ["omdöme/1"]
    assert here("tag", "omdöme", "--rm", "status") == "omdöme/1\tteam=växel\n"
    assert shown("omdöme")["tags"] == {"team": "växel"}
    assert "KEY=VALUE" in here("tag", "omdöme", "status", code=2)
    assert "nothing was said" in here("tag", "omdöme", code=2)
    verbs = [event["verb"] for event in as_json("log", "omdöme/1")["events"]]
    assert verbs == ["untag", "tag", "tag", "note", "add"]


@pytest.mark.usefixtures("second")
def test_what_is_deleted_comes_back_until_it_is_freed() -> None:
    before = shown("omdöme/2")
    assert "--yes" in swereg("rm", "omdöme/2", code=2, stdin="y\n")
    here("alias", "set", "prod", "omdöme/2")
    assert "omdöme@prod points to it" in swereg("rm", "omdöme/2", "--yes", code=5)
    here("alias", "rm", "omdöme@prod")
    assert swereg("rm", "omdöme/2", "--yes") == "omdöme/2\n"
    assert listed() == ["omdöme-full/1", "omdöme/1"]
    assert listed("--deleted") == ["omdöme/2"]
    compared = as_json("compare", "--task", "omdöme", "--seeds")["rows"]
    assert "omdöme/2" not in [row["ref"] for row in compared]
    for ref in ("omdöme", "omdöme@latest", "omdöme@best"):
        assert shown(ref)["version"] == 1
    for verb in ("show", "predict"):
        said = here(verb, "omdöme/2", *(["x"] if verb == "predict" else []), code=3)
        assert "has been deleted" in said
        assert "swereg restore omdöme/2" in said
    assert here("gc") == ""
    assert swereg("restore", "omdöme/2") == "omdöme/2\n"
    assert shown("omdöme/2") == before
    swereg("rm", "omdöme/2", "--yes")
    freed = as_json("gc", "--now", "--dry-run")
    assert (freed["entries"], freed["dry_run"]) == (["omdöme/2"], True)
    assert freed["in_database"] > before["weights_size"]
    assert swereg("gc", "--now", "--compact") == "omdöme/2\n"
    assert "its space has been freed" in here("restore", "omdöme/2", code=3)


@pytest.mark.usefixtures("second")
def test_no_number_is_given_out_again(shop: Path) -> None:
    here("rm", "omdöme/2", "omdöme/1", "--yes")
    swereg("gc", "--now")
    assert here(*train(shop, "--epochs", 1), "-q") == "omdöme/3\n"
    assert here("verify") == ""
    said = [(event["verb"], event["subject"]) for event in as_json("log", "omdöme")["events"]]
    assert said[0] == ("add", "omdöme/3")
    assert said.count(("gc", "omdöme/1")) == 1


def test_the_log_says_who_did_what(registry: Path) -> None:
    events = as_json("log", "-n", 1)["events"]
    assert [event["subject"] for event in events] == ["omdöme-full/1"]
    rows = [line.split("\t") for line in here("log").splitlines()]
    assert rows[0] == ["at", "actor", "verb", "subject", "detail"]
    assert [row[3] for row in rows[1:]] == ["omdöme-full/1", "omdöme/1"]
    assert "there is no entry named" in here("log", "annat", code=3)


def test_a_backup_is_a_registry_of_its_own(registry: Path, tmp_path: Path) -> None:
    copy = tmp_path / "säker kopia.db"
    assert swereg("backup", copy) == f"{copy}\n"
    assert "exists" in here("backup", copy, code=5)
    swereg("rm", "omdöme/1", "--yes")
    assert here("--registry", copy, "list", "-q").split() == ["omdöme-full/1", "omdöme/1"]
    assert here("--registry", copy, "predict", "omdöme/1", "härlig mat")
    assert as_json("backup", tmp_path)["backup"]["entries"] == 2


def test_the_state_of_the_file(registry: Path) -> None:
    assert here("db", "path") == f"{registry}\n"
    status = as_json("db", "status")["status"]
    assert (status["entries"], status["schema"], status["journal"]) == (2, 1, "delete")
    assert status["weights_in_database"]["count"] == 2
    assert f"location\t{registry}" in here("db", "status").splitlines()
    swereg("db", "upgrade")
    assert registry.stat().st_mode & 0o777 == 0o600
    secret = "postgresql+psycopg://user:hemligt@host/db"
    assert here("--registry", secret, "db", "path") == ("postgresql+psycopg://user:***@host/db\n")


def test_verify_and_deep_verify_of_what_is_sound(registry: Path) -> None:
    assert here("verify") == ""
    assert here("verify", "omdöme") == ""
    deep = as_json("verify", "--all", "--deep")
    assert (deep["ok"], deep["answered"]) == (True, 2)
    assert deep["entries"] == ["omdöme/1", "omdöme-full/1"]
    assert "exclude each other" in here("verify", "omdöme", "--all", code=2)
    assert python.verify("omdöme", deep=True).answered == 1


def test_verify_names_what_is_broken_and_how_to_mend_it(registry: Path) -> None:
    digest = shown("omdöme-full")["weights_digest"]
    with closing(sqlite3.connect(registry)) as db, db:
        db.execute("DROP TRIGGER weights_are_fixed")
        db.execute("UPDATE weights SET data = zeroblob(size) WHERE digest = ?", [digest])
    said = swereg("verify", code=4)
    assert "1 problem" in said
    (problem,) = json.loads(_output("verify", "--json"))["problems"]
    assert problem["subject"] == "omdöme-full/1"
    assert "backup" in problem["hint"]
    assert here("verify", "omdöme") == ""
    assert "damaged" in here("backup", code=4)


def test_deep_verify_reads_the_base_again(
    registry: Path,
    shop: Path,
) -> None:
    """It finds one that was changed without a trace in its folder's times."""
    weights = shop / "base" / "model.safetensors"
    sound, times = weights.read_bytes(), weights.stat()
    try:
        weights.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
        os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert here("verify", "omdöme") == ""
        assert "problem" in swereg("verify", "omdöme", "--deep", code=4)
    finally:
        weights.write_bytes(sound)
        os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert here("verify", "omdöme", "--deep") == ""


def test_deep_verify_finds_other_answers_even_under_a_forged_seal(registry: Path) -> None:
    with closing(sqlite3.connect(registry)) as db, db:
        for trigger in ("outputs_are_fixed", "entries_are_fixed"):
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("UPDATE outputs SET logits = zeroblob(length(logits))")
    with python.Registry.open() as store:
        run = store.get("omdöme/1").run
        with store._database.reading() as connection, pytest.raises(CheckFailed) as caught:
            seals.check_seal(Selects(connection), run, Ref("omdöme", 1))
    (forged,) = re.findall(r"found +(\w+)", caught.value.why)
    with closing(sqlite3.connect(registry)) as db, db:
        db.execute("UPDATE entries SET seal = ? WHERE run = ?", [forged, run])
    assert here("verify", "omdöme") == ""
    assert "answers differently" in _output("verify", "omdöme", "--deep")
    found = python.verify(deep=True).problems
    assert {(problem.subject, problem.code) for problem in found} == {
        ("omdöme/1", "verify.answers"),
        ("omdöme-full/1", "entry.seal"),
    }


def _output(*arguments: str) -> str:
    """What a check prints that finds something wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "swereg", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    return done.stdout


def test_doctor(registry: Path, tmp_path: Path) -> None:
    found = as_json("doctor")
    assert found["ok"]
    names = {(each["about"], each["name"]): each for each in found["findings"]}
    assert names["plugins", "methods"]["level"] == "ok"
    assert names["environment", "torch"]["text"]
    assert names["registry", "rights"]["level"] == "ok"
    assert any("base" in name and about == "base" for about, name in names)
    registry.parent.chmod(0o755)
    registry.chmod(0o644)
    assert "chmod 600" in _output("doctor")
    assert "1 thing wrong" in here("doctor", code=4)
    (tmp_path / "x.db").write_text("inget register" * 99)
    assert "wrong" in here("--registry", tmp_path / "x.db", "doctor", code=4)
    assert here("--registry", tmp_path / "none.db", "doctor")


@pytest.mark.parametrize(
    "command",
    [
        ["log"],
        ["alias", "log"],
        ["db", "status"],
        ["verify"],
        ["doctor"],
        ["gc", "--dry-run"],
        ["tag", "omdöme", "a=b"],
        ["backup"],
    ],
)
def test_keeping_starts_without_what_is_heavy(command: list[str]) -> None:
    code = (
        f"import sys; from swereg.cli import run; code = run({command!r}); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stderr.split()) & HEAVY

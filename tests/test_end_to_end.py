"""The promises, each through the real command line in a fresh process."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from swereg.testing import make_base

ROWS = [
    (f"{word} {place}", label)
    for place in ("i Umeå", "på Öland", "vid sjön", "i Skåne", "hos oss", "där borta", "igen")
    for word, label in (
        ("härlig mat", "positiv"), ("underbar dag", "positiv"), ("vänlig personal", "positiv"),
        ("försenat tåg", "negativ"), ("besviken på maten", "negativ"), ("full av hål", "negativ"),
    )
]  # fmt: skip


def swereg(*arguments: object, stdin: str | None = None, code: int = 0) -> str:
    """Run the command line; return its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "swereg", *map(str, arguments)],
        capture_output=True, text=True, check=False, input=stdin,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A semicolon table as Excel writes it: Windows-1252, CRLF, Swedish headers."""
    lines = ["Text;Etikett", *(f"{text};{label}" for text, label in ROWS)]
    path = tmp_path / "omdömen.csv"
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


@pytest.fixture
def quick(table: Path, tiny_base: Path) -> list[object]:
    return ["train", "--task", "omdöme", "--data", table, "--base", tiny_base, "--epochs", 3,
            "--lr", 0.02]  # fmt: skip


def test_the_main_job(quick: list[object], tiny_base: Path) -> None:
    """Train an adapter twice and the baseline, list, compare, show, load and predict."""
    assert swereg(*quick, "-q").strip() == "omdöme/1"
    assert swereg(*quick, "-q", "--rank", 8).strip() == "omdöme/2"
    assert swereg(*quick[:5], *quick[7:], "--method", "full", "-q").strip() == "omdöme-full/1"

    assert swereg("list", "-q").split() == ["omdöme-full/1", "omdöme/2", "omdöme/1"]
    listed = json.loads(swereg("list", "--json"))
    (found,) = [e for e in listed["entries"] if e["ref"] == "omdöme/2"]
    assert found["recipe"]["settings"]["r"] == 8
    assert found["labels"] == ["negativ", "positiv"]
    assert found["base"]["name"] == str(tiny_base)

    compared = json.loads(swereg("compare", "--task", "omdöme", "--json"))
    assert {row["ref"] for row in compared["rows"]} == set(swereg("list", "-q").split())
    (baseline,) = [row for row in compared["rows"] if row["baseline"]]
    assert baseline["ref"] == "omdöme-full/1"
    assert baseline["trainable_percent"] == 100

    shown = json.loads(swereg("show", "omdöme", "--json"))
    assert shown["ref"] == "omdöme/2"
    assert len(shown["epochs"]) <= 3

    rows = [line.split("\t") for line in swereg("predict", "omdöme", "härlig mat").splitlines()]
    assert rows[0][0] in ("negativ", "positiv")
    answers = swereg("load", "omdöme/1", "omdöme-full", stdin="härlig mat\nförsenat tåg\n")
    assert answers.count("omdöme/1") == answers.count("omdöme-full/1") == 2


def test_the_same_command_twice_gives_the_same_losses(
    quick: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        swereg(*quick, "-q")
    one, two = (json.loads(swereg("show", f"omdöme/{n}", "--json")) for n in (1, 2))
    assert [e["val_loss"] for e in one["epochs"]] == [e["val_loss"] for e in two["epochs"]]
    assert one["weights_digest"] == two["weights_digest"]


def test_another_base_under_the_same_name_is_refused(table: Path, tmp_path: Path) -> None:
    folder = make_base(tmp_path / "base")
    swereg("train", "--task", "t", "--data", table, "--base", folder, "--epochs", 1, "-q")
    entry = json.loads(swereg("show", "t", "--json"))
    make_base(folder, seed=1)
    said = swereg("predict", "t", "härlig mat", code=4)
    assert entry["base"]["fingerprint"] in said
    assert "found" in said


def test_changed_weights_are_refused(quick: list[object], home: Path) -> None:
    swereg(*quick, "-q")
    with sqlite3.connect(home / "registry.db") as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            db.execute(f'DROP TRIGGER "{trigger}"')
        (data,) = db.execute("SELECT data FROM weights").fetchone()
        db.execute("UPDATE weights SET data = ?", (data[:-1] + bytes([data[-1] ^ 1]),))
    assert "omdöme/1" in swereg("predict", "omdöme", "härlig mat", code=4)


def test_text_that_is_in_training_and_in_test_stops_the_run(
    tmp_path: Path, tiny_base: Path
) -> None:
    for split in ("train", "val", "test"):
        rows = ROWS if split == "train" else [(f"{text} {split}", label) for text, label in ROWS]
        extra = ROWS[:2] if split == "test" else []
        (tmp_path / f"{split}.tsv").write_text(
            "text\tlabel\n" + "".join(f"{t}\t{label}\n" for t, label in [*rows, *extra])
        )
    command = ["train", "--task", "t", "--data", tmp_path, "--base", tiny_base, "--epochs", 1]
    assert "--dedupe" in swereg(*command, code=1)
    swereg(*command, "--dedupe", "-q")
    assert json.loads(swereg("show", "t", "--json"))["sizes"]["train"] == len(ROWS) - 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_the_registry_as_it_was(
    number: signal.Signals, code: int, quick: list[object], home: Path
) -> None:
    swereg(*quick, "-q")
    process = subprocess.Popen(
        [sys.executable, "-m", "swereg", *map(str, quick), "--epochs", "5000", "--lr", "0",
         "--patience", "5000"],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:  # the first finished epoch: it is training now
        if "epoch" in line.lower() and "2" in line:
            break
    process.send_signal(number)
    out, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "as it was" in said
    assert out == ""
    assert swereg("list", "-q").split() == ["omdöme/1"]


def test_a_new_registry_without_kbs_model_takes_mini_and_says_so(
    table: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "swereg", "train", "--task", "t", "--data", table, "--epochs", "1",
         "--method", "head", "-q"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "KB/bert-base-swedish-cased" in done.stderr
    assert json.loads(swereg("show", "t", "--json"))["base"]["name"] == "mini"


def test_eight_processes_that_start_on_no_registry_all_succeed(quick: list[object]) -> None:
    command = [sys.executable, "-m", "swereg", *map(str, quick), "-q", "--method", "head",
               "--name", "samma", "--epochs", "1"]  # fmt: skip
    started = [
        subprocess.Popen(
            [*command, "--seed", str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(8)
    ]  # fmt: skip
    done = [process.communicate(timeout=300) for process in started]
    assert sorted(out.strip() for out, _ in done) == [f"samma/{n}" for n in range(1, 9)], done


def test_list_and_help_are_quick_enough_to_be_pleasant(quick: list[object]) -> None:
    """No timing here, only what decides it: nothing heavy is imported."""
    swereg(*quick, "-q")
    code = "import sys; from swereg.cli import main; sys.argv[1:] = {!r}\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    for arguments in (["--help"], ["list"], ["show", "omdöme"], ["compare", "omdöme"]):
        done = subprocess.run(
            [sys.executable, "-c", code.format(arguments)], capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        loaded = set(done.stderr.split())
        assert not loaded & {"torch", "transformers", "peft", "alembic", "accelerate", "sklearn"}

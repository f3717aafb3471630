"""How commands end: errors in words, exit codes, signals, broken pipes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

import swereg
from swereg import errors
from swereg.errors import SweregError
from tests.cli.conftest import Run, environment

KINDS = {
    "SweregError": 1,
    "DataError": 1,
    "TrainingError": 1,
    "StorageError": 1,
    "UsageError": 2,
    "NotFound": 3,
    "CheckFailed": 4,
    "Conflict": 5,
    "Busy": 6,
    "SchemaMismatch": 7,
}


def raising(fault: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def show(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(swereg, "show", show, raising=False)


def test_every_kind_of_error_is_here() -> None:
    found = {SweregError, *SweregError.__subclasses__()}
    assert {k.__name__ for k in found if k.__module__ == errors.__name__} == set(KINDS)


@pytest.mark.parametrize(("kind", "code"), KINDS.items())
def test_an_error_says_what_why_and_what_next(
    kind: str, code: int, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = getattr(errors, kind)("det [/b] brast\x1b", why="ett\ntvå", hint="gör så", code="a.b")
    raising(fault, monkeypatch)
    done = cli("show", "x")
    assert done.code == code
    assert done.out == ""
    assert done.err == "error: det [/b] brast\\x1b\n  ett\n  två\nhint: gör så\n"

    done = cli("show", "x", "--json")
    assert done.code == code
    assert json.loads(done.out) == {
        "schema_version": 1,
        "error": {"code": "a.b", "what": fault.what, "why": "ett\ntvå", "hint": "gör så"},
    }
    assert done.err.startswith("error:")


def test_an_error_without_a_reason_is_one_line(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(SweregError("det brast"), monkeypatch)
    assert cli("show", "x").err == "error: det brast\n"


def test_the_unexpected_is_told_without_a_traceback(
    cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(KeyError("nyckel"), monkeypatch)
    done = cli("show", "x")
    assert done.code == 1
    assert "error: KeyError: 'nyckel'" in done.err
    assert "--debug" in done.err
    assert "Traceback" not in done.err
    for arguments in (["--debug", "show", "x"], ["show", "x", "--debug"]):
        assert "Traceback" in cli(*arguments).err


@pytest.mark.parametrize("arguments", [["lsit"], ["list", "--tsak"], ["show"], ["list", "x"]])
def test_a_slip_of_the_keyboard_ends_with_2_and_a_hint(arguments: list[str], cli: Run) -> None:
    done = cli(*arguments)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert "--help" in done.err
    assert json.loads(cli(*arguments, "--json").out)["error"]["code"] == "usage"


def test_an_argument_that_is_no_text_is_refused(cli: Run) -> None:
    done = cli("predict", "sentiment", "tr\udce5kigt")
    assert done.code == 2
    assert "LANG" in done.err


def test_an_interrupt_after_storing_says_so(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from swereg.cli.display import trained
    from tests.cli.conftest import entry

    def told(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(swereg, "train", lambda *_, **__: entry(version=4), raising=False)
    monkeypatch.setattr(trained, "tell_trained", told)
    done = cli("train", "--task", "t")
    assert done.code == 130
    assert done.err == "interrupted: sentiment/4 had been stored\n"


TRAINING = """
import sys, time, swereg
from swereg.records.progress import Started, Stepped
from swereg.cli import main
def train(*_, on_progress, **__):
    on_progress(Started(5, 100, 1, 2))
    for step in range(1000):
        on_progress(Stepped("train", step % 100 + 1, 100, 0.5))
        time.sleep(0.05)
swereg.train = train
sys.argv[1:] = ["train", "--task", "t"]
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_training_and_says_what_became_of_it(
    number: signal.Signals, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stderr is not None
    assert "training" in process.stderr.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert (out, err) == ("", "interrupted: nothing was stored, the registry is as it was\n")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    code = (
        "import sys, swereg\nfrom swereg.cli import main\n"
        "from tests.cli.conftest import entry\n"
        "swereg.list = lambda **_: [entry(version=n) for n in range(1, 20001)]\n"
        "sys.argv[1:] = ['list', '--all', '-q']\nmain()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "sentiment/1\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=30) == 0


def test_a_training_survives_a_stderr_that_has_gone_away() -> None:
    code = (
        TRAINING.replace("range(1000)", "range(40)")
        .replace(
            "    on_progress(Started",
            "    from tests.cli.conftest import entry\n    on_progress(Started",
            1,
        )
        .replace("swereg.train = train", "    return entry()\nswereg.train = train")
    )
    code = code.replace("time.sleep(0.05)", "on_progress(Started(5, 100, 1, 2))")
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stderr.close()
    assert process.stdout.read() == "sentiment/1\n"
    process.stdout.close()
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "20"},
    ],
)
def test_no_environment_breaks_a_command(variables: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "swereg", "tasks"],
        capture_output=True,
        check=False,
        env=environment(**variables),
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert b"errand" in done.stdout


def test_a_closed_stdout_is_no_error() -> None:
    command = f"{sys.executable} -m swereg tasks >&-"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, env=environment()
    )
    assert (done.returncode, done.stderr) == (0, "")

"""What keeps entries, as a person sees it: on terminals wide and narrow, and where one is asked."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from swereg.cli import output
from swereg.registry import Registry
from tests.cli.conftest import Run
from tests.registry.make_entry import make

WIDTHS = (20, 40, 80, 160)


@pytest.fixture(autouse=True)
def registry(home: Path) -> Path:
    """A registry with känslor/1 to känslor/3, of which the second is prod."""
    with Registry.open(create=True) as store:
        for number in (1, 2, 3):
            store.add(make(f"run-{number}", note="med \x1b[31mfärg"))
        store.alias("känslor/1", "prod")
        store.alias("känslor/2", "prod", message="bättre på ironi [/fet]")
    return home / "registry.db"


def test_aliases_are_set_and_listed(cli: Run) -> None:
    done = cli("alias", "set", "prod", "känslor/3", "-m", "bättre")
    assert (done.code, done.out) == (0, "känslor@prod -> känslor/3\n")
    assert cli("alias", "list").out.splitlines()[1] == "känslor@prod\tkänslor/3"
    assert json.loads(cli("alias", "list", "--json").out)["aliases"] == {
        "känslor@prod": "känslor/3"
    }
    assert "no alias" in cli("alias", "list", "annan").err


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    "command",
    [
        ("log",),
        ("log", "känslor/1"),
        ("alias", "log"),
        ("alias", "list"),
        ("db", "status"),
        ("doctor",),
        ("verify",),
        ("list", "--deleted"),
        ("show", "känslor"),
    ],
)
def test_everything_fits(command: tuple[str, ...], encoding: str, width: int, cli: Run) -> None:
    done = cli(*command, tty=True, width=width, encoding=encoding)
    assert done.code == 0, done.err
    assert "\x1b[31m" not in done.raw
    assert max((len(line) for line in done.out.splitlines()), default=0) <= width
    assert cli(*command, tty=False, encoding=encoding).code == 0


def test_the_log_of_an_alias_reads_as_a_sentence(cli: Run) -> None:
    lines = cli("alias", "log", tty=True, width=120).out.splitlines()
    assert "känslor@prod" in lines[1]
    assert "bättre på ironi [/fet]" in lines[1]
    assert "nothing" in lines[2]
    detail = [line.split("\t")[4] for line in cli("log", "känslor@prod").out.splitlines()[1:]]
    assert detail == ["1 -> 2, message bättre på ironi [/fet]", "nothing -> 1"]


@pytest.mark.parametrize(
    ("answer", "code", "left"), [(b"y\n", 0, 2), (b"n\n", 1, 3), (b"", 130, 3)]
)
def test_a_person_is_asked_before_something_is_deleted(
    answer: bytes, code: int, left: int, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = output.is_terminal
    monkeypatch.setattr(
        output, "is_terminal", lambda stream=None: stream is sys.stdin or real(stream)
    )
    done = cli("rm", "känslor/3", stdin=answer)
    assert done.code == code, done.err
    assert "Delete känslor/3?" in done.err
    assert "\x1b" not in done.err
    assert done.out == ("känslor/3\n" if code == 0 else "")
    assert len(cli("list", "-q").out.split()) == left


def test_where_nobody_can_be_asked_nothing_is_deleted(cli: Run) -> None:
    done = cli("rm", "känslor/3", stdin=b"y\n")
    assert (done.code, done.out) == (2, "")
    assert "--yes" in done.err
    done = cli("rm", "känslor/3", "känslor/1", "--yes")
    assert (done.code, done.out) == (0, "känslor/3\nkänslor/1\n")
    assert "swereg restore känslor/3 && swereg restore känslor/1" in done.err
    assert cli("restore", "känslor/3").out == "känslor/3\n"


def test_what_is_in_use_is_refused_before_anyone_is_asked(cli: Run) -> None:
    done = cli("rm", "känslor/2", "--json")
    assert done.code == 2  # rm has no --json
    done = cli("rm", "känslor/3", "känslor@prod")
    assert done.code == 5
    assert "känslor@prod points to it" in done.err
    assert "swereg alias rm känslor@prod" in done.err


def test_gc_says_what_it_frees(cli: Run) -> None:
    cli("rm", "känslor/3", "--yes")
    assert "freed: 0 entries" in cli("gc").err
    done = cli("gc", "--now", "--dry-run")
    assert done.out == "känslor/3\n"
    assert "would be freed: 1 entry, 48 B in the registry\n" in done.err
    assert "--compact" in cli("gc", "--now").err
    assert "smaller" in cli("gc", "--compact").err
    assert json.loads(cli("gc", "--json").out)["entries"] == []


def test_problems_are_listed_with_what_mends_them(registry: Path, cli: Run) -> None:
    with closing(sqlite3.connect(registry)) as db, db:
        db.execute("DROP TRIGGER weights_are_fixed")
        db.execute("UPDATE weights SET data = zeroblob(size) WHERE rowid = 1")
    for width in WIDTHS:
        done = cli("verify", tty=True, width=width)
        assert done.code == 4
        assert "1 problem; 3 entries" in done.err
        assert "mend:" in done.out
        assert max(map(len, done.out.splitlines())) <= width
    header, row = cli("verify").out.splitlines()
    assert header == "subject\twhat\twhy\thint"
    assert row.startswith("känslor/1\tthe weights of känslor/1 are not those that were stored\t")
    found = json.loads(cli("verify", "--json").out)
    assert (found["ok"], found["problems"][0]["code"]) == (False, "weights.digest")


def test_a_bar_shows_how_far_a_check_has_come(cli: Run) -> None:
    done = cli("verify", tty=True, width=80)
    assert "0/5 the file" in done.err
    assert "12/12" in done.err
    assert "all is as it was stored: 3 entries" in done.err
    assert "/" not in cli("verify").err.replace("känslor/", "")


def test_a_backup_says_where_it_is(cli: Run, tmp_path: Path) -> None:
    done = cli("backup", str(tmp_path / "å.db"))
    assert done.out == f"{tmp_path / 'å.db'}\n"
    assert "3 entries" in done.err
    assert cli("backup", str(tmp_path / "å.db")).code == 5


def test_without_a_registry_each_says_so(cli: Run, tmp_path: Path) -> None:
    for command in (["log"], ["verify"], ["gc"], ["backup"], ["db", "status"], ["rollback", "a"]):
        done = cli("--registry", str(tmp_path / "none.db"), *command)
        assert (done.code, done.out) == (3, ""), command
        assert "no registry at" in done.err
    assert not (tmp_path / "none.db").exists()

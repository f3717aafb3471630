"""What was trained is never lost, whatever has become of the registry meanwhile."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import swereg
from swereg.errors import Busy, Conflict, NotFound, StorageError, SweregError
from swereg.records.dataset import Dataset, Example, Task
from swereg.records.progress import Progress

LABELS = ("glad", "ledsen")
ROWS = tuple(Example(f"{label} å {n}", label) for n in range(8) for label in LABELS)
DATA = Dataset(LABELS, ROWS[:8], ROWS[8:12], ROWS[12:])
TASK = Task("ton", lambda: DATA, LABELS)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "swereg", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ.copy(),
    )


def fail(path: Path, *, gone: bool = False, **said: object) -> SweregError:
    """Train while the registry becomes unusable; return the error."""
    with swereg.Registry.open(path, create=True, timeout=0.1) as registry:
        blocker = sqlite3.connect(path)

        def spoil(_: Progress) -> None:
            if gone:
                path.unlink(missing_ok=True)
            elif not blocker.in_transaction:
                blocker.execute("BEGIN EXCLUSIVE")

        with closing(blocker), pytest.raises(SweregError) as caught:
            swereg.train(TASK, method="tfidf", registry=registry, on_progress=spoil, **said)  # type: ignore[arg-type]
    return caught.value


def test_a_locked_registry_loses_nothing(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "å.db"
    fault = fail(path, note="viktig")
    assert isinstance(fault, Busy)
    assert "swereg recover" in fault.hint
    (one,) = swereg.staged()
    assert (one.entry and one.entry.note, one.registry) == ("viktig", str(path))
    notes = [found for found in swereg.doctor(path) if found.name == f"run {one.run[:8]}"]
    assert "could not be stored" in notes[0].text
    listed = json.loads(run("recover", "--list", "--json").stdout)["waiting"]
    assert (listed[0]["run"], listed[0]["fault"]) == (one.run, None)
    done = run("--registry", str(path), "recover")
    assert (done.returncode, done.stdout) == (0, "ton-tfidf/1\n"), done.stderr
    assert not list((home / "staged").iterdir())
    entry = swereg.show("ton-tfidf", registry=path)
    assert (entry.run, entry.note, entry.created) == (one.run, "viktig", one.entry.created)  # type: ignore[union-attr]
    assert swereg.load("ton-tfidf", registry=path).predict(["glad"])[0].label == "glad"
    assert not swereg.verify(registry=path).problems


def test_a_registry_that_is_gone_loses_nothing(tmp_path: Path) -> None:
    assert isinstance(fail(tmp_path / "borta.db", gone=True, keep_data=False), StorageError)
    assert not swereg.recover(registry=tmp_path / "annan.db")  # it was meant for another
    (one,) = swereg.staged()
    (entry,) = swereg.recover(one.run[:6], name="räddad", registry=tmp_path / "annan.db")
    assert (entry.ref, entry.run) == ("räddad/1", one.run)
    with swereg.Registry.open(tmp_path / "annan.db") as registry:
        assert registry.texts(entry.dataset or "") is None
    assert not swereg.staged()


def test_a_name_that_is_taken_is_no_loss_either(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    swereg.train(TASK, method="majority", name="tagen", registry=path)
    other = Task("annan", lambda: DATA, LABELS)
    with pytest.raises(Conflict, match="belongs to the task"):
        swereg.train(other, method="majority", name="tagen", registry=path)
    with pytest.raises(Conflict):
        swereg.recover(registry=path)
    assert [entry.ref for entry in swereg.recover(name="ledig", registry=path)] == ["ledig/1"]


def test_killed_between_storing_and_forgetting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(Path, "unlink", lambda *_, **__: None)
        entry = swereg.train(TASK, method="majority", registry=tmp_path / "r.db")
    (one,) = swereg.staged()
    assert one.run == entry.run
    assert [found.ref for found in swereg.recover(registry=tmp_path / "r.db")] == [entry.ref]
    assert not swereg.staged()


def test_what_waits_can_be_discarded(tmp_path: Path, home: Path) -> None:
    fail(tmp_path / "r.db")
    (home / "staged" / "trasig.swereg").write_bytes(b"SQLite format 3\0")
    broken = [one for one in swereg.staged() if one.fault]
    assert [one.run for one in broken] == ["trasig"]
    with pytest.raises(NotFound, match="finns-inte"):
        swereg.discard("finns-inte")
    for one in swereg.staged():
        swereg.discard(one.run)
    assert not swereg.staged()


def test_entries_travel_through_the_command_line(tmp_path: Path) -> None:
    path, file = tmp_path / "r.db", tmp_path / "två å.swereg"
    for method in ("majority", "tfidf"):
        swereg.train(TASK, method=method, registry=path)
    done = run("--registry", str(path), "export", "ton-majority", "ton-tfidf/1", "-o", str(file))
    assert (done.returncode, done.stdout) == (0, f"{file}\n"), done.stderr
    assert swereg.predict("ton-tfidf", ["glad"], registry=file)[0].label == "glad"
    done = run("--registry", str(tmp_path / "ny.db"), "import", str(file))
    assert (done.returncode, done.stdout.split()) == (0, ["ton-majority/1", "ton-tfidf/1"])
    assert not swereg.verify(registry=tmp_path / "ny.db").problems

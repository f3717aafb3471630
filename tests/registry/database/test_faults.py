"""Locks, full disks, missing rights: said in plain words, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from swereg.errors import Busy, SchemaMismatch, StorageError, SweregError, UsageError
from swereg.records.training import Weights
from swereg.registry import Registry, inspection
from swereg.registry.database import connection, faults
from tests.registry.make_entry import make

NOBODY = 65534


def test_a_registry_that_another_process_holds_is_busy(path: Path) -> None:
    with Registry.open(path, create=True, timeout=0.1) as registry:
        entry = registry.add(make())
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Busy, match="is busy"):
                registry.add(make("run-2"))
            with pytest.raises(Busy):
                registry.check_writable()
            assert registry.get(entry.ref) == entry
            other.execute("ROLLBACK")
        assert registry.add(make("run-2")).version == 2


def test_a_reader_that_never_ends_makes_a_writer_busy_and_no_more(path: Path) -> None:
    with Registry.open(path, create=True, timeout=0.1) as registry:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM entries").fetchall()
            with pytest.raises(Busy):  # at the commit
                registry.add(make())
            other.execute("COMMIT")
        assert registry.entries() == []
        assert registry.add(make()).version == 1


def test_a_full_disk_loses_nothing_and_says_so(registry: Registry) -> None:
    entry = registry.add(make())
    large = make("run-2", weights=Weights.of(os.urandom(2**20)))
    with registry._database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(StorageError, match="disk is full"):
        registry.add(large)
    assert registry.entries() == [entry]
    with registry._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert registry.add(large).version == 2


def test_a_disk_that_is_nearly_full_is_noticed_before_training(registry: Registry) -> None:
    registry.check_writable()
    with pytest.raises(StorageError, match="nearly full"):
        registry.check_writable(needed=2**60)


def test_a_folder_that_cannot_be_written_refuses_large_weights(tmp_path: Path) -> None:
    with Registry.open(tmp_path / "r.db", create=True, largest_in_database=8) as registry:
        (tmp_path / "r-weights").write_text("a file where the folder should be")
        with pytest.raises(StorageError, match="weights cannot be written"):
            registry.add(make())
        assert registry.count() == 0


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE entries DROP COLUMN note",
        "ALTER TABLE entries RENAME COLUMN cut TO shortened",
        "ALTER TABLE models RENAME TO names",
        "DROP TABLE tags",
    ],
)
def test_tables_of_another_layout_are_one_clear_error(
    change: str, registry: Registry, path: Path
) -> None:
    registry.add(make())
    registry.close()
    with closing(sqlite3.connect(path)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("PRAGMA legacy_alter_table=ON")
        db.execute(change)
    with Registry.open(path) as other:
        with pytest.raises(SchemaMismatch) as caught:
            other.add(make("run-2"))
        assert "schema.layout" in {problem.code for problem in other.check().problems}
    (found,) = [each for each in inspection.inspect_registry(path) if each.name == "schema"]
    assert found.level == "wrong"
    assert (caught.value.code, caught.value.exit_code) == ("schema.layout", 7)
    assert "not those of its version" in caught.value.what
    assert "--registry" in caught.value.hint


# --- rights ---------------------------------------------------------------------------------


@pytest.fixture
def closed(empty: Path) -> Iterator[Path]:
    """A registry with one entry, in a folder that somebody without rights can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    shutil.copy(empty, folder / "r.db")
    with Registry.open(folder / "r.db") as registry:
        registry.add(make())
    yield folder / "r.db"
    folder.chmod(0o700)
    shutil.rmtree(folder)


@contextmanager
def without_rights() -> Iterator[None]:
    """Act as nobody where the tests run as root, who may write everywhere."""
    if os.name == "nt":
        pytest.skip("rights are other ones here")
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("writable", ["neither", "file"])
def test_a_read_only_registry_can_be_read(writable: str, closed: Path) -> None:
    closed.chmod(0o444 if writable == "neither" else 0o666)
    closed.parent.chmod(0o555)
    with without_rights(), Registry.open(closed) as registry:
        assert [entry.ref for entry in registry.entries()] == ["känslor/1"]
        assert registry.weights("känslor").data == b"weights of run-1"
        for change in (lambda: registry.add(make("run-2")), registry.check_writable):
            with pytest.raises(StorageError, match="cannot be written") as caught:
                change()
            assert caught.value.code == "storage.read-only"


@pytest.mark.parametrize("what", ["file", "folder", "new"])
def test_what_may_not_be_opened_is_said(what: str, closed: Path) -> None:
    closed.chmod(0o000 if what == "file" else 0o644)
    closed.parent.chmod(0o000 if what == "folder" else 0o555)
    place = closed.parent / "new" / "r.db" if what == "new" else closed
    with without_rights(), pytest.raises(StorageError, match="cannot be") as caught:
        Registry.open(place, create=what == "new")
    assert caught.value.why
    assert caught.value.hint


# --- places ---------------------------------------------------------------------------------


def test_a_place_may_be_a_url_of_a_file(tmp_path: Path) -> None:
    with Registry.open(f"sqlite:///{tmp_path}/r.db", create=True) as registry:
        assert registry.location == str(tmp_path / "r.db")
        registry.add(make())
    with Registry.open(tmp_path / "r.db") as registry:
        assert registry.count() == 1


@pytest.mark.parametrize(
    "place", ["sqlite://", "sqlite:///:memory:", "nonsense://x", "http://[", "postgresql+none://x"]
)
def test_a_place_that_cannot_be_is_a_usage_error(place: str) -> None:
    with pytest.raises(UsageError) as caught:
        Registry.open(place, create=True)
    assert caught.value.hint


def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_OLDEST", (99, 0, 0))
    with pytest.raises(StorageError, match="too old"):
        Registry.open(path, create=True)
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("SQLITE_BUSY_SNAPSHOT", Busy, "busy"),
        ("SQLITE_IOERR_WRITE", StorageError, "storage.full"),
        ("SQLITE_IOERR_SHORT_READ", StorageError, "storage.disk"),
        ("SQLITE_READONLY_ROLLBACK", StorageError, "storage.read-only"),
        ("SQLITE_CORRUPT_INDEX", StorageError, "storage.broken"),
        ("SQLITE_TOOBIG", StorageError, "storage.sqlite"),
        ("", StorageError, "storage.sqlite"),
    ],
)
def test_every_fault_says_what_why_and_what_next(
    name: str, kind: type[SweregError], code: str
) -> None:
    fault = sqlite3.OperationalError("{not a place} disk I/O error")
    fault.sqlite_errorname = name
    error = faults.sqlite_fault(fault, "/a/{b}/r.db")
    assert (type(error), error.code) == (kind, code)
    assert error.what
    assert error.why
    assert error.hint

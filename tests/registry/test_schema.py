"""The registry's file: made by many at once, recognised, upgraded, and refused in plain words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from swereg.errors import Busy, NotFound, SchemaMismatch, StorageError
from swereg.registry import Registry, schema
from swereg.registry.tables import METADATA
from tests.registry.conftest import make

ROOT = Path(__file__).parents[2]
_WRITER = """
import sys
from swereg.registry import Registry
from tests.registry.conftest import make
path, writer, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for number in range(count):
    with Registry.open(path, create=True) as registry:
        entry = registry.add(make(f"{writer}-{number}", name="samma"))
    print(entry.version, flush=True)
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), name, str(count)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


def test_eight_processes_on_no_registry_get_consecutive_versions(path: Path) -> None:
    started = [writer(path, str(n), 5) for n in range(8)]
    done = [process.communicate(timeout=120) for process in started]
    versions = sorted(int(line) for out, _ in done for line in out.split())
    assert versions == list(range(1, 41)), [error for _, error in done]


def test_killed_writers_lose_nothing_that_was_acknowledged(path: Path) -> None:
    acknowledged: set[int] = set()
    for attempt in range(6):
        process = writer(path, f"k{attempt}", 1000)
        assert process.stdout is not None
        acknowledged.add(int(process.stdout.readline()))
        time.sleep(0.02 * attempt)
        process.kill()
        acknowledged |= {int(line) for line in process.stdout.read().split("\n")[:-1]}
        process.wait()
        process.stdout.close()
        if process.stderr is not None:
            process.stderr.close()
    with Registry.open(path) as registry:
        entries = registry.entries()
        assert acknowledged <= {entry.version for entry in entries}
        assert len(entries) <= len(acknowledged) + 6
        for entry in entries:
            registry.weights(entry)
            assert len(registry.outputs(entry)) == 2
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_settings_are_those_that_survive_power_cuts(registry: Registry) -> None:
    with registry._database.reading() as connection:
        for pragma, value in {
            "synchronous": 3,
            "foreign_keys": 1,
            "journal_mode": "delete",
        }.items():
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_the_revisions_make_exactly_the_tables(registry: Registry) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with registry._database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        checks = {
            table: {check["name"] for check in sa.inspect(connection).get_check_constraints(table)}
            for table in METADATA.tables
        }
    wanted = {
        table.name: {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        for table in METADATA.tables.values()
    }
    assert checks == wanted
    heads = ScriptDirectory(str(ROOT / "swereg" / "migrations")).get_heads()
    assert heads == [f"{schema.HEAD:04}"]


def test_files_are_for_their_owner_alone(registry: Registry, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_missing_registry_is_not_made_by_reading(path: Path) -> None:
    with pytest.raises(NotFound, match="no registry at"):
        Registry.open(path)
    assert not path.exists()


@pytest.mark.parametrize("kind", ["empty", "text", "foreign", "folder", "truncated"])
def test_what_is_no_registry_is_refused(kind: str, path: Path) -> None:
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "foreign":
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE other (x)")
    elif kind == "truncated":
        with Registry.open(path, create=True) as registry:
            registry.add(make())
        os.truncate(path, 3000)
    else:
        path.write_text("" if kind == "empty" else "Hej på dig! " * 100)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StorageError) as caught:
        Registry.open(path, create=kind != "empty")
    assert caught.value.hint
    assert not path.is_file() or path.read_bytes() == before


def test_a_newer_registry_is_refused_untouched(registry: Registry, path: Path) -> None:
    registry.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch) as caught:
        Registry.open(path, create=True)
    assert "schema 99; this swereg knows schema 1" in caught.value.why
    assert path.read_bytes() == before


_SECOND = '''"""Second tables."""
import sqlalchemy as sa
from alembic import op
revision = "0002"
down_revision = "0001"
def upgrade():
    op.create_table("extra", sa.Column("x", sa.Integer))
    {more}
def downgrade():
    pass
'''


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of the future: the same with one more revision, which the caller writes."""
    scripts = shutil.copytree(ROOT / "swereg" / "migrations", tmp_path / "migrations")
    monkeypatch.setattr(schema, "SCRIPTS", str(scripts))
    monkeypatch.setattr(schema, "HEAD", 2)
    return scripts / "versions" / "0002_second.py"


def test_an_older_registry_is_backed_up_and_upgraded(
    registry: Registry, path: Path, newer: Path
) -> None:
    entry = registry.add(make())
    registry.close()
    newer.write_text(_SECOND.format(more=""))
    with Registry.open(path) as upgraded:
        assert upgraded.get(entry.ref) == entry
        assert upgraded.add(make("run-2")).version == 2
    (backup,) = path.parent.glob("*.bak")
    with closing(sqlite3.connect(backup)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM entries").fetchone() == (1,)


def test_an_upgrade_that_fails_leaves_the_registry_as_it_was(
    registry: Registry, path: Path, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = registry.add(make())
    registry.close()
    newer.write_text(_SECOND.format(more="raise RuntimeError('half-way')"))
    with pytest.raises(RuntimeError, match="half-way"):
        Registry.open(path)
    monkeypatch.undo()
    with Registry.open(path) as old:
        assert old.get(entry.ref) == entry
        assert not sa.inspect(old._database.engine).has_table("extra")


def test_a_registry_that_another_process_holds_is_busy(path: Path) -> None:
    with Registry.open(path, create=True, timeout=0.1) as registry:
        entry = registry.add(make())
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Busy):
                registry.add(make("run-2"))
            with pytest.raises(Busy):
                registry.check_writable()
            assert registry.get(entry.ref) == entry
            other.execute("ROLLBACK")
        assert registry.add(make("run-2")).version == 2


def test_a_full_disk_loses_nothing_and_says_so(registry: Registry) -> None:
    from swereg.records import Weights

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


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_registry_can_be_read(registry: Registry, path: Path) -> None:
    entry = registry.add(make())
    registry.close()
    path.chmod(0o400)
    with Registry.open(path) as opened:
        assert opened.entries() == [entry]
        with pytest.raises(StorageError, match="cannot be written"):
            opened.add(make("run-2"))


def test_threads_share_a_registry(registry: Registry) -> None:
    def add(name: str) -> None:
        for number in range(5):
            registry.add(make(f"{name}-{number}"))

    threads = [threading.Thread(target=add, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(e.version for e in registry.entries()) == list(range(1, 21))

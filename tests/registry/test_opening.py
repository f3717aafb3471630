"""The registry's file: made by many at once, recognised, upgraded, and refused in plain words."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from swereg.errors import NotFound, SchemaMismatch, StorageError
from swereg.registry import Registry, opening
from swereg.registry.database.tables import METADATA
from tests.registry.make_entry import make

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "swereg" / "migrations" / f"schema_{opening.HEAD:04}.sql"


def test_the_settings_are_those_that_survive_power_cuts(registry: Registry) -> None:
    with registry._database.reading() as connection:
        for pragma, value in {
            "synchronous": 3,  # EXTRA
            "foreign_keys": 1,
            "journal_mode": "delete",
            "trusted_schema": 0,
            "cell_size_check": 1,
            "secure_delete": 1,
            "fullfsync": 1,
            "busy_timeout": 30000,
        }.items():
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


@pytest.fixture
def revised(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry made by alembic's revisions."""
    monkeypatch.setattr(opening, "_WRITTEN", path)
    with Registry.open(path, create=True) as registry:
        yield registry


def tables(registry: Registry) -> str:
    """Each table, index and trigger on a line."""
    with registry._database.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type != 'table', name"
        ).scalars()
        return "".join(" ".join(sql.split()) + ";\n" for sql in found)


def test_the_revisions_make_exactly_the_tables(revised: Registry) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with revised._database.reading() as connection:
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
    assert heads == [f"{opening.HEAD:04}"]


def test_the_revisions_make_what_is_written_down(revised: Registry) -> None:
    """For a new revision: write its file with ``tables``."""
    assert tables(revised) == WRITTEN.read_text(encoding="utf-8")


def test_a_new_file_is_made_from_what_is_written_down(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def facts(registry: Registry) -> list[object]:
        with registry._database.reading() as connection:
            asked = (
                "SELECT * FROM alembic_version",
                "PRAGMA user_version",
                "PRAGMA application_id",
            )
            return [connection.exec_driver_sql(query).all() for query in asked]

    assert tables(registry) == WRITTEN.read_text(encoding="utf-8")
    monkeypatch.setattr(opening, "_WRITTEN", tmp_path)
    with Registry.open(tmp_path / "revised.db", create=True) as revised:
        assert facts(revised) == facts(registry)


def test_files_are_for_their_owner_alone(path: Path) -> None:
    Registry.open(path, create=True).close()
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
    monkeypatch.setattr(opening, "SCRIPTS", str(scripts))
    monkeypatch.setattr(opening, "HEAD", 2)
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


@pytest.mark.parametrize("loss", ["DELETE FROM entries", "UPDATE entries SET version = 9"])
def test_an_upgrade_that_would_lose_anything_is_taken_back(
    loss: str, registry: Registry, path: Path, newer: Path
) -> None:
    registry.add(make())
    registry.close()
    steps = [f"DROP TRIGGER entries_are_{what}" for what in ("fixed", "kept")]
    steps += ["DELETE FROM epochs", "DELETE FROM outputs", loss]
    newer.write_text(_SECOND.format(more="; ".join(f"op.execute({step!r})" for step in steps)))
    for _ in range(4):
        with pytest.raises(StorageError, match="taken back; it is as it was"):
            Registry.open(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT version FROM entries").fetchall() == [(1,)]
        assert db.execute("SELECT count(*) FROM epochs").fetchone() == (2,)
    assert len(list(path.parent.glob("*.bak"))) == 3
    assert not list(path.parent.glob("*.part"))


def test_many_that_upgrade_at_once_upgrade_once(
    registry: Registry, path: Path, newer: Path
) -> None:
    entry = registry.add(make())
    registry.close()
    newer.write_text(_SECOND.format(more=""))

    def read(_: int) -> str:
        with Registry.open(path) as opened:
            return opened.get("känslor").ref

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(4))) == [entry.ref] * 4
    assert len(list(path.parent.glob("*.bak"))) == 1


def test_no_space_for_a_backup_stops_the_upgrade(
    registry: Registry, path: Path, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.close()
    newer.write_text(_SECOND.format(more=""))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(StorageError, match="no space to back up"):
        Registry.open(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)

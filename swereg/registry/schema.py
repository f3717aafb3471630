"""The schema of a registry file: made, recognised, upgraded. Alembic's revisions are its source."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from swereg.errors import NotFound, SchemaMismatch, StorageError
from swereg.registry.connection import Database

APPLICATION_ID = 0x53575247  # "SWRG", in the header of every registry file
HEAD = 1  # the newest schema; alembic's revision 0001
SCRIPTS = "swereg:migrations"


def open_database(location: str | Path, *, create: bool, timeout: float) -> Database:
    """Open a registry's database with the newest schema.

    A missing SQLite file is made if ``create``; an older one is backed up beside itself and
    upgraded. Both happen in one transaction with a second look inside it, so any number of
    processes may do it at once.

    Raises:
        NotFound: there is no such file and it is not to be made.
        StorageError: it is no registry.
        SchemaMismatch: it was written by a newer swereg, or is an older database on a server.
    """
    database = Database(location, timeout)
    try:
        if database.path is not None:
            _look_at_file(database.path, create=create)
        found = _version(database)
        if found < HEAD:
            _upgrade(database, create=create)
        elif found > HEAD:
            raise _newer(database, found)
    except BaseException:
        database.close()
        raise
    return database


def _look_at_file(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise StorageError(
            f"{path} is a folder, not a registry",
            hint="Name the file in it, such as registry.db.",
            code="storage.folder",
        )
    if path.exists():
        return
    if not create:
        raise NotFound(
            f"there is no registry at {path}",
            hint="Training makes one: swereg train --task sentiment",
            code="registry.missing",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as fault:
        raise StorageError(
            f"the registry {path} cannot be made",
            why=str(fault.strerror),
            hint="Name another place with --registry.",
            code="storage.create",
        ) from fault


def _version(database: Database) -> int:
    """The schema of a database; 0 for one without tables."""
    with database.reading() as connection:
        return _version_of(connection, database)


def _version_of(connection: sa.Connection, database: Database) -> int:
    if database.path is None:
        known = sa.inspect(connection).has_table("alembic_version")
        query = sa.text("SELECT version_num FROM alembic_version")
        return int(connection.execute(query).scalar_one()) if known else 0
    mark = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if mark == APPLICATION_ID:
        return version
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if mark or version or tables:
        raise StorageError(
            f"{database.path} is a SQLite file, but not a registry",
            why="Another program made it.",
            hint="Name another file with --registry.",
            code="storage.foreign",
        )
    return 0


def _upgrade(database: Database, *, create: bool) -> None:
    """Bring a database to the newest schema, or leave it as it was."""
    if database.path is None:
        raise SchemaMismatch(
            "the registry's schema is older than this swereg",
            hint="Upgrade it with alembic once, when nobody uses it.",
            code="schema.older",
        )
    with database.writing(foreign_keys=False) as connection:
        found = _version_of(connection, database)
        if found == HEAD:  # another process was faster
            return
        if found > HEAD:
            raise _newer(database, found)
        if found:
            _back_up(database.path, found)
        elif not create:
            raise StorageError(
                f"{database.path} is empty, and not a registry yet",
                hint="Training makes it one: swereg train --task sentiment",
                code="storage.empty",
            )
        _migrate(connection)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {HEAD}")
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise StorageError(
                "the upgrade of the registry was taken back; it is as it was",
                why=f"Rows would have lost what they refer to: {broken[:3]}",
                hint="Please report this.",
                code="schema.upgrade",
            )


def _migrate(connection: sa.Connection) -> None:
    """Run alembic's revisions on this connection, inside its transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _back_up(path: Path, version: int) -> None:
    """Copy the file as it is now beside itself, and check the copy."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.name}.schema{version}-{now}.bak")
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise StorageError(
            "the registry is damaged and was not upgraded",
            why=f"Its backup {target} says: {verdict}",
            hint="Restore an older backup.",
            code="storage.broken",
        )


def _newer(database: Database, found: int) -> SchemaMismatch:
    return SchemaMismatch(
        "the registry was written by a newer swereg",
        why=f"{database.location} has schema {found}; this swereg knows schema {HEAD}.",
        hint="Upgrade swereg: pip install -U swereg",
        code="schema.newer",
    )

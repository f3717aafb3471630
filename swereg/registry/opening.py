"""The schema of a registry: made, recognised, upgraded. Alembic's revisions are its source.

The tables of a new file are made from what those revisions come to, written down as SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from swereg.errors import NotFound, SchemaMismatch, StorageError
from swereg.home import files
from swereg.registry.care.backup import back_up_beside
from swereg.registry.database.connection import Database
from swereg.registry.database.header import APPLICATION_ID as APPLICATION_ID
from swereg.registry.database.header import HEAD as HEAD

SCRIPTS = "swereg:migrations"
_WRITTEN = Path(__file__).parents[1] / "migrations"  # schema_0001.sql: what the revisions make


def open_database(place: str | Path, *, create: bool, timeout: float) -> Database:
    """Open a registry's database with the newest schema.

    A missing SQLite file is made if ``create``; an older one is backed up beside itself and
    upgraded. Both happen in one transaction with a second look inside it, so any number of
    processes may do it at once. A database on a server is never changed here.

    Raises:
        NotFound: there is no such file and it is not to be made.
        StorageError: it is no registry, or cannot be opened.
        SchemaMismatch: it was written by a newer swereg, or is an older database on a server.
    """
    database = Database(place, timeout)
    try:
        if database.path is not None:
            _look_at(database.path, create=create)
        with database.reading() as connection:
            version = _version(connection, database)
        if version > HEAD:
            raise _newer(database, version)
        if version < HEAD:
            _upgrade_file(database, create=create)
    except BaseException:
        database.close()
        raise
    return database


def schema_version(place: str | Path, timeout: float = 30.0) -> int:
    """Return the schema of a registry, and change nothing; 0 for an empty file.

    Raises:
        NotFound: there is no such file.
        StorageError: it is no registry, or cannot be read.
    """
    database = Database(place, timeout)
    try:
        if database.path is not None:
            _look_at(database.path, create=False)
        with database.reading() as connection:
            return _version(connection, database)
    finally:
        database.close()


def upgrade_database(place: str) -> None:
    """Make or upgrade the tables of a database, in one transaction.

    A file is backed up beside itself first, as it is when it is opened.

    Raises:
        SchemaMismatch: it was written by a newer swereg.
    """
    database = Database(place, 30.0)
    if database.path is not None:
        database.close()
        open_database(place, create=False, timeout=30.0).close()
        return
    try:
        with database.writing() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(APPLICATION_ID)))
            version = _version(connection, database)
            if version > HEAD:
                raise _newer(database, version)
            _migrate(connection)
    finally:
        database.close()


def _look_at(path: Path, *, create: bool) -> None:
    """See that there is a file, or make one."""
    try:
        if path.is_dir():
            raise StorageError(
                f"{path} is a folder, not a registry",
                why="A registry is one file.",
                hint="Name the file in it, such as registry.db.",
                code="storage.folder",
            )
        if create:
            files.make_private_file(path)
        elif not path.exists():
            raise NotFound(
                f"there is no registry at {path}",
                why="Nothing has been trained into it yet, or the path is another.",
                hint="Training makes one: swereg train --task sentiment",
                code="registry.missing",
            )
    except OSError as fault:
        raise StorageError(
            f"the registry {path} cannot be {'made' if create else 'reached'}",
            why=f"{fault.strerror}.",
            hint="Name another place with --registry.",
            code="storage.closed",
        ) from fault


def _version(connection: sa.Connection, database: Database) -> int:
    """The schema of a database; 0 for one without tables."""
    if database.path is None:
        query = sa.text("SELECT version_num FROM alembic_version")
        is_managed = sa.inspect(connection).has_table("alembic_version")
        return int(connection.execute(query).scalar() or 0) if is_managed else 0
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


def _upgrade_file(database: Database, *, create: bool) -> None:
    """Bring a file to the newest schema, or leave it as it was."""
    if database.path is None:
        raise SchemaMismatch(
            "the database has not been upgraded to this swereg",
            why=f"{database.location} is used by several; nothing upgrades it by itself.",
            hint=f"When nobody uses it: swereg --registry {database.location} db upgrade",
            code="schema.older",
        )
    with database.writing(foreign_keys=False) as connection:
        version = _version(connection, database)
        if version == HEAD:  # another process was faster
            return
        if version > HEAD:
            raise _newer(database, version)
        if not version and not create:
            raise StorageError(
                f"{database.path} is empty, and not a registry yet",
                why="Something made the file, but put nothing in it.",
                hint="Training makes it one: swereg train --task sentiment",
                code="storage.empty",
            )
        if version:
            back_up_beside(database.path, version)
        before = _facts(connection) if version else []
        if version or not _make(connection):
            _migrate(connection)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {HEAD}")
        _check(connection, before)


def _make(connection: sa.Connection) -> bool:
    """Make the tables of the newest schema in an empty file, if they are written down.

    That takes a few milliseconds; importing alembic and running its revisions takes 200.
    """
    written = _WRITTEN / f"schema_{HEAD:04}.sql"
    if not written.exists():
        return False
    for statement in written.read_text(encoding="utf-8").splitlines():
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (f"{HEAD:04}",))
    return True


def _migrate(connection: sa.Connection) -> None:
    """Run alembic's revisions on this connection, inside its transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _facts(connection: sa.Connection) -> Sequence[Any]:
    """What no upgrade may change, whatever becomes of the tables."""
    query = sa.text(
        "SELECT m.name, e.version, e.run, e.weights, e.dataset, e.base, e.labels, e.scores "
        "FROM entries e JOIN models m ON m.id = e.model ORDER BY e.id"
    )
    return connection.execute(query).all()


def _check(connection: sa.Connection, before: Sequence[Any]) -> None:
    """Take an upgrade back that would lose anything."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    lost = set(before) ^ set(_facts(connection))
    if broken or lost:
        raise StorageError(
            "the upgrade of the registry was taken back; it is as it was",
            why=f"{len(lost)} entries would have changed, {len(broken)} rows lost what they need.",
            hint="Go on with the version of swereg that you had, and please report this.",
            code="schema.upgrade",
        )


def _newer(database: Database, version: int) -> SchemaMismatch:
    return SchemaMismatch(
        "the registry was written by a newer swereg",
        why=f"{database.location} has schema {version}; this swereg knows schema {HEAD}.",
        hint="Upgrade swereg: pip install -U swereg",
        code="schema.newer",
    )

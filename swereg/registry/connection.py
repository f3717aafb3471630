"""Connections to a registry's database: settings, transactions, and errors in plain words.

The settings are what experiments with kills and simulated power cuts left standing: a rollback
journal with synchronous=EXTRA loses nothing that was acknowledged, and BEGIN IMMEDIATE lets
writers wait for each other instead of failing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from swereg.errors import Busy, StorageError, SweregError

_PRAGMAS = (
    "foreign_keys=ON", "synchronous=EXTRA", "trusted_schema=OFF", "cell_size_check=ON",
    "mmap_size=0", "secure_delete=ON", "fullfsync=ON",
)  # fmt: skip
_BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED"}
_FULL = {"SQLITE_FULL"}
_BROKEN = {"SQLITE_NOTADB", "SQLITE_CORRUPT"}


class Database:
    """A database with a reading and a writing kind of transaction.

    Args:
        location: a SQLite file, or a database URL.
        timeout: seconds to wait for other writers.
    """

    def __init__(self, location: str | Path, timeout: float) -> None:
        self.location = str(location)
        self.timeout = timeout
        self.path = None if "://" in self.location else Path(self.location)
        self.engine = self._sqlite() if self.path else sa.create_engine(self.location)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Read in one transaction, which sees one moment."""
        with self._translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, foreign_keys: bool = True) -> Iterator[sa.Connection]:
        """Write in one transaction: all of it or nothing. Waits for other writers.

        Args:
            foreign_keys: off only for a migration, which checks them itself before it commits.
        """
        with self._translated(), self.engine.connect() as connection:
            connection = connection.execution_options(swereg_write=True)
            if self.path and not foreign_keys:
                _driver(connection).execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
            finally:
                if self.path and not foreign_keys:
                    _driver(connection).execute("PRAGMA foreign_keys=ON")

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def _sqlite(self) -> sa.Engine:
        assert self.path is not None  # noqa: S101 - the caller looked
        uri = self.path.absolute().as_uri() + "?mode=rw"  # never create one by a slip
        options: dict[str, Any] = {
            "uri": True, "timeout": self.timeout, "check_same_thread": False,
        }  # fmt: skip
        if hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL"):  # its default changes in Python 3.16
            options["autocommit"] = sqlite3.LEGACY_TRANSACTION_CONTROL
        engine = sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(uri, **options),
            poolclass=sa.pool.QueuePool,
        )
        sa.event.listen(engine, "connect", _on_connect)
        sa.event.listen(engine, "begin", _on_begin)
        return engine

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as fault:
            cause = fault.orig
            if isinstance(cause, sqlite3.Error):
                raise _in_words(cause, self.location) from fault
            raise StorageError(
                "the database refused", why=str(cause), code="storage.database"
            ) from fault
        except sqlite3.Error as fault:
            raise _in_words(fault, self.location) from fault


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # the driver never says BEGIN; _on_begin does
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("swereg_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - only called for SQLite
    return driver


def _in_words(fault: sqlite3.Error, location: str) -> SweregError:
    """Say what a SQLite error means for a person."""
    name = str(getattr(fault, "sqlite_errorname", ""))
    kind = "_".join(name.split("_")[:2])
    if kind in _BUSY:
        return Busy(
            "the registry is busy",
            why=f"Another process has been writing to {location} all the time.",
            hint="Wait for it to end, then try again.",
        )
    if kind in _FULL or name == "SQLITE_IOERR_WRITE":
        return StorageError(
            "the disk is full",
            why=f"{location} could not be written ({name}); it is as it was.",
            hint="Free some space and try again.",
            code="storage.full",
        )
    if kind == "SQLITE_READONLY":
        return StorageError(
            "the registry cannot be written",
            why=f"{location} or its folder is read-only for you ({name}).",
            hint="Ask its owner, or name another with --registry.",
            code="storage.read-only",
        )
    if kind in _BROKEN:
        return StorageError(
            "this is not a registry, or it is damaged",
            why=f"{location}: {fault}",
            hint="Restore a backup, or name another file with --registry.",
            code="storage.broken",
        )
    if kind == "SQLITE_CONSTRAINT":
        return StorageError(
            "the registry refused a change that would break it",
            why=f"{fault} ({name})",
            code="storage.constraint",
        )
    return StorageError(
        "the registry cannot be used", why=f"{location}: {fault} ({name})", code="storage.sqlite"
    )

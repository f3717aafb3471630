"""Connections to a registry's database: its place, its settings, its transactions.

The settings are what experiments with kills and simulated power cuts left standing: a rollback
journal with synchronous=EXTRA loses nothing that was acknowledged, and BEGIN IMMEDIATE lets
writers wait for each other instead of failing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from swereg.errors import StorageError, SweregError, UsageError
from swereg.registry.database import faults

_PRAGMAS = (
    "foreign_keys=ON",  # off in every new connection
    "synchronous=EXTRA",  # syncs the folder, too, once the journal is gone: that is the commit
    "trusted_schema=OFF",  # a file from elsewhere may call functions in its views and triggers
    "cell_size_check=ON",  # notices a damaged page when it is read, not when it has done harm
    "mmap_size=0",  # a disk that fails under a mapping kills the process; a read gives an error
    "secure_delete=ON",  # texts that are erased are overwritten
    "fullfsync=ON",  # an fsync of macOS ends in the drive's cache
)
_OLDEST = (3, 37, 0)  # of SQLite; before it there are no STRICT tables


class Database:
    """A database with a reading and a writing kind of transaction.

    Attributes:
        location: the file or the URL, for people; without a password.
        path: the SQLite file, or None for a server.

    Args:
        place: a SQLite file, or a database URL.
        timeout: seconds to wait for other writers.
    """

    def __init__(self, place: str | Path, timeout: float) -> None:
        url = _url(str(place))
        if url is None or url.get_backend_name() == "sqlite":
            self.path: Path | None = _file(str(place), url)
            self.location = str(self.path)
            self.engine = _sqlite(self.path, timeout)
        else:
            self.path = None
            self.location = url.render_as_string(hide_password=True)
            self.engine = _server(url)

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
            if self.path and not foreign_keys:  # inside a transaction this would do nothing
                _driver(connection).execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
            finally:
                if self.path and not foreign_keys:
                    _driver(connection).execute("PRAGMA foreign_keys=ON")

    def rewrite(self) -> None:
        """Write the file anew, so that nothing that was deleted can be read in it.

        ``secure_delete`` overwrites what is deleted, but where a page was rearranged before,
        an older copy may stand in its unused part; a new file has no such parts.

        Raises:
            StorageError, Busy: it cannot be written; what was deleted is, but may leave traces.
        """
        if self.path is None:
            return
        try:
            with self._translated(), closing(self.engine.raw_connection()) as connection:
                driver = connection.driver_connection
                assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - it is a file
                driver.execute("VACUUM")
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # where somebody chose a WAL
        except SweregError as fault:
            raise type(fault)(
                "it is deleted, but the registry's file could not be written anew",
                why=f"{self.path}: {fault.what}. Traces of what was deleted may stand in the file.",
                hint="Do the same once more when the file can be written and there is space.",
                code="storage.rewrite",
            ) from fault

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as fault:
            if isinstance(fault.orig, sqlite3.Error):
                raise faults.sqlite_fault(fault.orig, self.location) from fault
            raise faults.server_fault(fault.orig or fault, self.location) from fault
        except sqlite3.Error as fault:
            raise faults.sqlite_fault(fault, self.location) from fault
        except UnicodeDecodeError as fault:  # SQLite quotes damaged tables in what it says of them
            raise faults.damaged_file(fault, self.location) from fault


def _url(place: str) -> sa.URL | None:
    """The URL that a place is, or None for a file."""
    if "://" not in place:
        return None
    try:
        return sa.make_url(place)
    except sa.exc.ArgumentError as fault:
        raise UsageError(
            "the registry's URL cannot be read",
            why=str(fault).splitlines()[0],
            hint="Name a file, or a URL such as postgresql+psycopg://user@host/database.",
            code="registry.url",
        ) from fault


def _file(place: str, url: sa.URL | None) -> Path:
    name = place if url is None else url.database or ""
    if name in ("", ":memory:") or name.startswith("file:"):
        raise UsageError(
            f"{place!r} names no file to keep a registry in",
            hint="Name a file, such as registry.db.",
            code="registry.url",
        )
    return Path(name).expanduser().absolute()  # also after a change of folder


def _sqlite(path: Path, timeout: float) -> sa.Engine:
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StorageError(
            "this Python brings a SQLite that is too old",
            why=f"It is {sqlite3.sqlite_version}; 3.37 is needed.",
            hint="Use a newer Python, for example with: uv python install",
            code="storage.old-sqlite",
        )
    uri = path.as_uri() + "?mode=rw"  # never create one by a slip
    options: dict[str, Any] = {"uri": True, "timeout": timeout, "check_same_thread": False}
    if hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL"):  # its default changes in Python 3.16
        options["autocommit"] = sqlite3.LEGACY_TRANSACTION_CONTROL
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, **options),
        poolclass=sa.pool.QueuePool,
        max_overflow=-1,  # threads wait for the file's lock, not for a connection
    )
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _server(url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(url)
    except (sa.exc.ArgumentError, ImportError) as fault:
        raise UsageError(
            f"there is no driver for {url.drivername} here",
            why=str(fault),
            hint="Install one, such as psycopg for postgresql+psycopg://, or name a file.",
            code="registry.url",
        ) from fault


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

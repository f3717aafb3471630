"""The file of a registry, read by sqlite3 alone: importing SQLAlchemy takes longer than most reads.

Only for a file that is as usual. Whatever is not (no file, an older schema, one that cannot be
read, a database on a server) is left to ``Registry``, which says in words what is wrong.
"""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from swereg.registry.database.header import APPLICATION_ID, HEAD
from swereg.registry.entries import generated_sql as sql
from swereg.registry.entries.reading import EVERYTHING, Filters

TIMEOUT = 5.0  # seconds to wait for a writer, before Registry waits


class NeedsRegistry(Exception):
    """This cannot be answered without SQLAlchemy."""


class SqliteFile:
    """A registry's file as a ``reading.Source``.

    Raises:
        NeedsRegistry: from ``open`` and ``moment``, where the file is not as usual.
    """

    sorts: Mapping[str, bool] = sql.LARGEST_FIRST

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path, timeout: float = TIMEOUT) -> SqliteFile:
        """Open a file for reading.

        Args:
            timeout: seconds to wait for a writer.
        """
        try:
            uri = f"{path.as_uri()}?mode=ro"
            database = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)
        except (sqlite3.Error, OSError, ValueError) as fault:
            raise NeedsRegistry from fault
        try:
            database.execute("PRAGMA trusted_schema=OFF")
            header = [
                database.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("application_id", "user_version")
            ]
            if header != [APPLICATION_ID, HEAD]:
                raise NeedsRegistry
        except (sqlite3.Error, NeedsRegistry) as fault:
            database.close()
            raise NeedsRegistry from fault
        return cls(database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Let all that is read inside be of one moment."""
        try:
            self._database.execute("BEGIN")
            try:
                yield
            finally:
                self._database.execute("ROLLBACK")
        except (sqlite3.Error, UnicodeDecodeError) as fault:
            raise NeedsRegistry from fault

    def rows(self, query: str, **values: object) -> Sequence[Any]:
        """Run a query by its name; a list of values goes in as JSON."""
        ready = {
            name: json.dumps(value) if isinstance(value, list | tuple) else value
            for name, value in values.items()
        }
        cursor = self._database.execute(sql.QUERIES[query], ready)
        row = _row_type(tuple(column[0] for column in cursor.description))
        return [row(*values) for values in cursor]

    def listed(
        self, filters: Filters, sort: str, *, descending: bool, limit: int = EVERYTHING
    ) -> list[int]:
        """Return the ids of entries, in order."""
        order = sql.ORDERS[sort, descending]
        query = f"{sql.LISTED} WHERE {_conditions(filters)} ORDER BY {order} LIMIT :limit"
        matching = self._database.execute(query, {**filters.values, "limit": limit})
        return [row[0] for row in matching]

    def counted(self, filters: Filters) -> int:
        """Return how many entries there are."""
        query = f"{sql.COUNTED} WHERE {_conditions(filters)}"
        return int(self._database.execute(query, filters.values).fetchone()[0])


def _conditions(filters: Filters) -> str:
    if filters.tags:  # rare, and a condition for each of them
        raise NeedsRegistry
    return " AND ".join(sql.FILTERS[name] for name in filters.names)


@cache
def _row_type(columns: tuple[str, ...]) -> type[Any]:
    """A tuple with its columns as attributes, as SQLAlchemy's rows are."""
    return namedtuple("Row", columns)

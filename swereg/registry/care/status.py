"""How large a registry is, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from swereg.registry import opening as schema
from swereg.registry.database import tables as t
from swereg.registry.database.connection import Database
from swereg.registry.entries.weights import WeightStore


@dataclass(frozen=True)
class Status:
    """The state of a registry; sizes in bytes.

    Attributes:
        location: the file, or the URL without its password.
        weights_folder: for the weights that are too large for the database.
        schema: of the registry.
        newest_schema: that this swereg knows.
        journal: SQLite's journal mode, or ``""`` on a server.
        size: of the file, or None on a server.
        free: of ``size``, what deletions have left; ``gc --compact`` gives it back.
        entries, deleted, models, aliases, datasets: how many.
        weights_in_database, weights_in_files: how many, and how large.
    """

    location: str
    weights_folder: str
    schema: int
    newest_schema: int
    journal: str
    size: int | None
    free: int
    models: int
    entries: int
    deleted: int
    aliases: int
    datasets: int
    weights_in_database: tuple[int, int]
    weights_in_files: tuple[int, int]


def status_of(connection: sa.Connection, database: Database, store: WeightStore) -> Status:
    """Count."""
    on_disk = database.path is not None

    def pragma(name: str) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar() if on_disk else 0

    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(*where)
        return int(connection.execute(query).scalar_one())

    def weights(kind: str) -> tuple[int, int]:
        size = sa.func.coalesce(sa.func.sum(t.weights.c.size), 0)
        query = sa.select(sa.func.count(), size).where(t.weights.c.store == kind)
        number, total = connection.execute(query).one()
        return int(number), int(total)

    return Status(
        location=database.location,
        weights_folder=str(store.folder),
        schema=schema.HEAD,
        newest_schema=schema.HEAD,
        journal=str(pragma("journal_mode") or ""),
        size=database.path.stat().st_size if database.path is not None else None,
        free=pragma("freelist_count") * pragma("page_size"),
        models=count(t.models),
        entries=count(t.entries, t.entries.c.deleted.is_(None)),
        deleted=count(t.entries, t.entries.c.deleted.is_not(None)),
        aliases=count(t.aliases),
        datasets=count(t.datasets),
        weights_in_database=weights("db"),
        weights_in_files=weights("file"),
    )

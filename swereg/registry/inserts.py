"""Inserting rows, inside the transaction of the caller."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from swereg.errors import Conflict
from swereg.registry import rows
from swereg.registry import tables as t


def insert_new(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Insert a row unless its key is there already."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        connection.execute(postgresql.insert(table).values(row).on_conflict_do_nothing())
    else:
        from sqlalchemy.dialects import sqlite

        connection.execute(sqlite.insert(table).values(row).on_conflict_do_nothing())


def insert_dataset(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Insert a dataset; texts that were left out before come in now."""
    insert_new(connection, t.datasets, row)
    if row["content"] is not None:
        connection.execute(
            sa.update(t.datasets)
            .where(t.datasets.c.digest == row["digest"], t.datasets.c.content.is_(None))
            .values(content=row["content"])
        )


def next_version(connection: sa.Connection, name: str, task: str) -> tuple[int, int]:
    """Give out the model's next number; no number is given out twice."""
    insert_new(
        connection,
        t.models,
        {"name": name, "task": task, "next_version": 1, "created": rows.now()},
    )
    row = connection.execute(
        sa.update(t.models)
        .where(t.models.c.name == name)
        .values(next_version=t.models.c.next_version + 1)
        .returning(t.models.c.id, t.models.c.task, t.models.c.next_version)
    ).one()
    if row.task != task:
        raise Conflict(
            f"the name {name!r} belongs to the task {row.task!r}",
            why=f"An entry of the task {task!r} cannot become a version of it.",
            hint="Give it a name of its own: --name NAME",
            code="name.taken",
        )
    return row.id, row.next_version - 1


def record_event(connection: sa.Connection, verb: str, subject: str, detail: Any) -> None:
    """Append to the events, in the transaction of what happened."""
    connection.execute(
        sa.insert(t.events).values(
            at=rows.now(), actor=_actor(), verb=verb, subject=subject, detail=rows.text(detail)
        )
    )


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"

"""Inserting, inside the transaction of the caller."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from swereg.errors import Conflict
from swereg.records.entry import NewEntry
from swereg.registry.database import tables as t
from swereg.registry.entries import rows, seals
from swereg.registry.entries.events import record_event
from swereg.registry.entries.rows import Row


@dataclass(frozen=True)
class NewRows:
    """Everything of one training as rows, hashed and compressed, but for its number."""

    name: str
    task: Row
    base: Row | None
    weights: Row
    dataset: Row | None
    entry: Row
    epochs: list[Row]
    outputs: list[Row]

    @classmethod
    def of(cls, new: NewEntry, weights: Row, *, keep_data: bool) -> NewRows:
        """Prepare a training; the slow part, so that the transaction is short."""
        dataset = None
        if new.dataset is not None:
            source = new.dataset.source or ("" if new.origin else new.task.source)
            dataset = rows.dataset_row(new.dataset, source, keep=keep_data)
        return cls(
            name=new.name,
            task=rows.task_row(new.task),
            base=rows.base_row(new.base) if new.base else None,
            weights=weights,
            dataset=dataset,
            entry=rows.entry_row(new, dataset["digest"] if dataset else None),
            epochs=[asdict(epoch) for epoch in new.fitted.epochs],
            outputs=[asdict(part) for part in new.fitted.outputs],
        )


def insert_entry(connection: sa.Connection, new: NewRows, created: str = "") -> None:
    """Insert everything of one training under the model's next number.

    Args:
        created: when it was trained; by default now.

    Raises:
        Conflict: the name belongs to another task.
    """
    _insert_task(connection, new)
    if new.base is not None:
        insert_new(connection, t.bases, new.base)
    insert_new(connection, t.weights, new.weights)
    if new.dataset is not None:
        insert_dataset(connection, new.dataset)
    model, version = next_version(connection, new.name, new.task["name"])
    row = {**new.entry, "model": model, "version": version, "created": created or rows.utc_now()}
    row["seal"] = seals.seal(new.name, row, new.epochs, new.outputs)
    entry = connection.execute(sa.insert(t.entries).returning(t.entries.c.id), row).scalar_one()
    for table, parts in ((t.epochs, new.epochs), (t.outputs, new.outputs)):
        if parts:
            connection.execute(sa.insert(table), [{"entry": entry, **part} for part in parts])
    record_event(connection, "add", f"{new.name}/{version}", run=new.entry["run"])


def insert_new(connection: sa.Connection, table: sa.Table, row: Row) -> None:
    """Insert a row unless its key is there already."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        connection.execute(postgresql.insert(table).values(row).on_conflict_do_nothing())
    else:
        from sqlalchemy.dialects import sqlite

        connection.execute(sqlite.insert(table).values(row).on_conflict_do_nothing())


def _insert_task(connection: sa.Connection, new: NewRows) -> None:
    """Insert a task; what a later training says of it counts, what it leaves out stays."""
    insert_new(connection, t.tasks, new.task)
    if new.entry["origin"] == rows.to_json(
        {}
    ):  # an import knows nothing of where the task's data are
        facts = {key: new.task[key] for key in ("labels", *rows.TASK_FACTS) if new.task[key]}
        connection.execute(
            sa.update(t.tasks).where(t.tasks.c.name == new.task["name"]).values(facts)
        )


def insert_dataset(connection: sa.Connection, row: Row) -> None:
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
        {"name": name, "task": task, "next_version": 1, "created": rows.utc_now()},
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

"""Copying entries from one registry to another, row by row, whatever the columns are.

A row keeps what it says; only what refers to a place in its registry is given anew: ids, the model
and the number. The seal holds name and number, so it is made anew from what was checked.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from swereg.errors import Conflict
from swereg.records.refs import Ref
from swereg.registry.database import tables as t
from swereg.registry.entries import inserts, seals
from swereg.registry.entries.events import record_event
from swereg.registry.entries.lookup import entry_of_run
from swereg.registry.entries.rows import Row

_PARTS = (t.epochs, t.outputs, t.tags)  # rows of an entry's own


@dataclass(frozen=True)
class Rows:
    """Everything of an entry as rows, but for its weights; ``entry`` has id, model and number."""

    name: str
    entry: Row
    shared: list[tuple[sa.Table, Row]]  # what other entries may need too, by its own key
    parts: list[tuple[sa.Table, list[Row]]]

    @property
    def ref(self) -> Ref:
        """What it is called where it comes from."""
        return Ref(self.name, self.entry["version"])

    @property
    def content(self) -> str:
        """A digest of all that does not depend on where it is kept."""
        return self.sealed("", {**self.entry, "version": 0})

    def sealed(self, name: str, entry: Row) -> str:
        """The seal under another name or number."""
        parts = {table.name: rows for table, rows in self.parts}
        return seals.seal(name, entry, parts["epochs"], parts["outputs"])


def read_rows(connection: sa.Connection, run: str) -> Rows:
    """Read everything of an entry that is there."""
    query = sa.select(t.entries, t.models.c.name.label("model_name")).join(t.models)
    entry = _plain(connection.execute(query.where(t.entries.c.run == run)).one())
    name = entry.pop("model_name")
    shared = [
        (table, _plain(connection.execute(sa.select(table).where(key == entry[column])).one()))
        for table, key, column in (
            (t.tasks, t.tasks.c.name, "task"),
            (t.bases, t.bases.c.fingerprint, "base"),
            (t.datasets, t.datasets.c.digest, "dataset"),
        )
        if entry[column] is not None
    ]
    parts = [
        (
            table,
            [
                _plain(row)
                for row in connection.execute(sa.select(table).where(table.c.entry == entry["id"]))
            ],
        )
        for table in _PARTS
    ]
    return Rows(name, entry, shared, parts)


def without_texts(rows: Rows) -> Rows:
    """Leave out the texts of the dataset; its digest and counts stay."""
    shared = [
        (table, {**row, "content": None} if table is t.datasets else row)
        for table, row in rows.shared
    ]
    return Rows(rows.name, rows.entry, shared, rows.parts)


def insert_rows(
    connection: sa.Connection, rows: Rows, weights: Row, *, name: str, number: int | None = None
) -> Ref:
    """Insert an entry under a name's next number, or under a higher one that it must have.

    Raises:
        Conflict: the name belongs to another task.
    """
    inserts.insert_new(connection, t.weights, weights)
    for table, row in rows.shared:
        if table is t.datasets:
            inserts.insert_dataset(connection, row)
        else:
            inserts.insert_new(connection, table, row)
    model, version = inserts.next_version(connection, name, rows.entry["task"])
    if number is not None and number > version:
        mine = t.models.c.id == model
        connection.execute(sa.update(t.models).where(mine).values(next_version=number + 1))
        version = number
    row = {**rows.entry, "model": model, "version": version}
    del row["id"]
    row["seal"] = rows.sealed(name, row)
    new = connection.execute(sa.insert(t.entries).returning(t.entries.c.id), row).scalar_one()
    for table, table_rows in rows.parts:
        if table_rows:
            connection.execute(sa.insert(table), [{**part, "entry": new} for part in table_rows])
    return Ref(name, version)


def insert_once(
    connection: sa.Connection, rows: Rows, weights: Row, *, name: str, source: str
) -> Ref:
    """Insert an entry of a file, unless the same one is there; record where it came from.

    Raises:
        Conflict: the run is there with another content, or was deleted, or the name belongs to
            another task.
    """
    run = rows.entry["run"]
    stored = entry_of_run(connection, run)
    if stored is None:
        ref = insert_rows(connection, rows, weights, name=name)
        record_event(
            connection,
            "import",
            str(ref),
            run=run,
            source=source,
            ref=str(rows.ref),
            weights=rows.entry["weights"],
        )
        return ref
    if read_rows(connection, run).content != rows.content:
        raise Conflict(
            f"{stored.ref} is of the same run as {rows.ref} of {source}, but not the same",
            why=f"Labels, scores, curve or weights of run {run} differ.",
            hint="One of the two was altered; check yours: swereg verify " + stored.ref,
            code="import.same-run",
        )
    for table, row in rows.shared:  # texts that were left out before come in now
        if table is t.datasets:
            inserts.insert_dataset(connection, row)
    return Ref(stored.name, stored.version)


def _plain(row: sa.Row[tuple[object, ...]]) -> Row:
    return dict(row._mapping)

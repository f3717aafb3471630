"""Seals: one digest over everything of an entry that never changes.

SQLite notices few flipped bits. The weights have a digest of their own; a seal holds the rest
together, labels, recipe and scores, curve and outputs, and the weights' digest with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from swereg.errors import CheckFailed
from swereg.records.refs import Ref
from swereg.registry.database import tables as t
from swereg.registry.entries import rows

_CHANGING = {"id", "model", "note", "deleted", "seal"}  # the model is sealed by its name
_FIXED = [column for column in t.entries.c if column.name not in _CHANGING]
_EPOCHS = [column for column in t.epochs.c if column.name != "entry"]
_OUTPUTS = [column for column in t.outputs.c if column.name != "entry"]

Values = Mapping[str, Any]


def seal(name: str, entry: Values, epochs: Iterable[Values], outputs: Iterable[Values]) -> str:
    """Work out the seal of an entry from its rows: sha256, 64 hex digits."""
    parts = [
        [name, _written(_FIXED, entry)],
        sorted(_written(_EPOCHS, epoch) for epoch in epochs),
        sorted(_written(_OUTPUTS, part) for part in outputs),
    ]
    return hashlib.sha256(rows.text(parts).encode()).hexdigest()


def check(connection: sa.Connection, run: str, ref: Ref) -> None:
    """Refuse an entry that is not as it was stored. One that is not there any more passes.

    Raises:
        CheckFailed: its seal is broken.
    """
    row = connection.execute(sa.select(t.entries).where(t.entries.c.run == run)).first()
    if row is None:
        return
    epochs, outputs = (
        [found._asdict() for found in connection.execute(sa.select(table).where(mine))]
        for table, mine in (
            (t.epochs, t.epochs.c.entry == row.id),
            (t.outputs, t.outputs.c.entry == row.id),
        )
    )
    found = seal(ref.name, row._asdict(), epochs, outputs)
    if found != row.seal:
        raise CheckFailed(
            f"the facts of {ref} are not those that were stored",
            why=f"recorded {row.seal}\nfound    {found}",
            hint="Restore the registry from a backup, or train again.",
            code="entry.seal",
        )


def _written(columns: Iterable[sa.Column[Any]], values: Values) -> list[Any]:
    """Values in the order of the columns, as they come back from the database."""
    return [_value(column, values[column.name]) for column in columns]


def _value(column: sa.Column[Any], value: Any) -> Any:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return float(value) if isinstance(column.type, sa.Double) and value is not None else value

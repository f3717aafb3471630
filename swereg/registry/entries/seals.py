"""Seals: one digest over everything of an entry that never changes.

SQLite notices few flipped bits. The weights have a digest of their own; a seal holds the rest
together, labels, recipe and scores, curve and outputs, and the weights' digest with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from swereg.errors import CheckFailed
from swereg.records.refs import Ref
from swereg.registry.entries import rows
from swereg.registry.entries.reading import Source

# What is sealed, in this order. Not the id, the note and the deletion, which may change; the model
# is sealed by its name. A test holds these to the tables.
SEALED_ENTRY = (
    *("version", "run", "task", "method", "labels", "base", "base_name", "base_revision"),
    *("dataset", "weights", "size", "recipe", "trainable", "total", "best_epoch"),
    *("val_loss", "accuracy", "macro_f1", "scores", "seconds", "cut", "environment", "origin"),
    "created",
)
SEALED_EPOCH = ("number", "train_loss", "val_loss", "val_accuracy", "seconds")
SEALED_OUTPUTS = ("split", "rows", "columns", "logits", "truth")
# SQLite gives a real number back as a float, even where it is whole.
REAL = {"val_loss", "accuracy", "macro_f1", "seconds", "train_loss", "val_accuracy"}

Values = Mapping[str, Any]


def seal(name: str, entry: Values, epochs: Iterable[Values], outputs: Iterable[Values]) -> str:
    """Work out the seal of an entry from its rows: sha256, 64 hex digits."""
    parts = [
        [name, _written(SEALED_ENTRY, entry)],
        sorted(_written(SEALED_EPOCH, epoch) for epoch in epochs),
        sorted(_written(SEALED_OUTPUTS, part) for part in outputs),
    ]
    return hashlib.sha256(rows.to_json(parts).encode()).hexdigest()


def check_seal(source: Source, run: str, ref: Ref) -> None:
    """Refuse an entry that is not as it was stored. One that is not there any more passes.

    Raises:
        CheckFailed: its seal is broken.
    """
    for row in source.rows("sealed_entry", run=run):
        epochs, outputs = (
            [part._asdict() for part in source.rows(query, id=row.id)]
            for query in ("sealed_epochs", "sealed_outputs")
        )
        computed = seal(ref.name, row._asdict(), epochs, outputs)
        if computed != row.seal:
            raise CheckFailed(
                f"the facts of {ref} are not those that were stored",
                why=f"recorded {row.seal}\nfound    {computed}",
                hint="Restore the registry from a backup, or train again.",
                code="entry.seal",
            )


def _written(columns: Iterable[str], values: Values) -> list[Any]:
    """Values in the order of the columns, as they come back from the database."""
    return [_value(column, values[column]) for column in columns]


def _value(column: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return float(value) if column in REAL and value is not None else value

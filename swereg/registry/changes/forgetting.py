"""Erase the texts of a dataset; digest, counts, entries and scores stay."""

from __future__ import annotations

import sqlalchemy as sa

from swereg.registry.database import tables as t
from swereg.registry.entries.events import record_event


def erase_texts(connection: sa.Connection, digest: str, *, freed: int) -> None:
    """Erase the texts, and record that it was done and how many bytes they took."""
    dataset = sa.update(t.datasets).where(t.datasets.c.digest == digest)
    connection.execute(dataset.values(content=None))
    record_event(connection, "forget", digest, bytes=freed)

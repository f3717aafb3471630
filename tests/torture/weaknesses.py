"""Settings under which a registry must not survive: whoever says that it does, sees nothing.

Each replaces, in this process alone, one thing that swereg does on purpose.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from swereg.home import files
from swereg.records.training import Weights
from swereg.registry import reader, retrieval
from swereg.registry.database import connection
from swereg.registry.entries import seals, weights


def apply(name: str) -> None:
    """Weaken this process; with no name it stays as strong as it is."""
    if name:
        WEAKNESSES[name]()


def no_transactions() -> None:
    """Every statement is a transaction of its own."""
    connection._on_begin = lambda _: None  # type: ignore[assignment]


def plain_begin() -> None:
    """A writer begins as a reader, and asks for more when it is too late."""
    connection._on_begin = lambda c: c.exec_driver_sql("BEGIN") and None  # type: ignore[assignment]


def _pragmas(**changed: str) -> None:
    kept = [p for p in connection._PRAGMAS if p.partition("=")[0] not in changed]
    connection._PRAGMAS = (*(f"{k}={v}" for k, v in changed.items()), *kept)  # type: ignore[assignment]


def wal_normal() -> None:
    """A write-ahead log that is not synced at each commit: the popular advice."""
    _pragmas(journal_mode="WAL", synchronous="NORMAL")


def delete_full() -> None:
    """SQLite's own default: the end of the journal is not synced."""
    _pragmas(synchronous="FULL")


def no_syncs() -> None:
    """Files of weights are renamed before their bytes are on disk."""

    class WithoutSyncs:
        fsync = staticmethod(lambda _: None)
        __getattr__ = staticmethod(lambda name: getattr(os, name))

    files.os = WithoutSyncs()  # type: ignore[assignment]


def no_digests() -> None:
    """Weights and facts are believed as they are read."""

    def read(self: weights.WeightStore, source: Any, digest: str, _: str) -> Weights:
        (row,) = source.rows("weights", digest=digest)
        data = row.data if row.store == "db" else self.path_of(digest).read_bytes()
        return Weights(digest, row.size, data=data)

    weights.WeightStore.read = read  # type: ignore[method-assign]
    for module in (seals, retrieval, reader):
        module.check_seal = lambda *_: None  # type: ignore[assignment]


WEAKNESSES: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (no_transactions, plain_begin, wal_normal, delete_full, no_syncs, no_digests)
}

"""Freeing the space of what was deleted, without touching anything that is referred to.

Rows go first, then files: a crash in between leaves files that nothing refers to, never rows
without their file. Both happen under the writers' lock, and whoever stores an entry looks for its
file under that lock, so a file that is being used again is not lost in between.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from swereg.errors import StorageError
from swereg.home import files
from swereg.registry.database import tables as t
from swereg.registry.entries.events import record_event
from swereg.registry.entries.weights import WeightStore

DAYS = 30  # for which a deleted entry can be restored
GRACE = 3600  # seconds; a file without a row may be of a training that is just being stored


@dataclass(frozen=True)
class Freed:
    """What gc has freed, or would free.

    Attributes:
        entries: the references of the entries that are gone for good.
        in_database: bytes of weights, texts and outputs; the file keeps its size and uses them
            for what comes next, unless it is compacted.
        files: how many files were removed, leftovers of crashes among them.
        in_files: their bytes.
        given_back: bytes by which the registry's file became smaller.
    """

    entries: tuple[str, ...]
    in_database: int
    files: int
    in_files: int
    given_back: int = 0


@dataclass(frozen=True)
class Doomed:
    """Rows to delete, and what they take."""

    entries: dict[int, str]  # references by id
    weights: list[str]
    datasets: list[str]
    size: int


def sum_freed(doomed: Doomed, files_: Mapping[Path, int], given_back: int = 0) -> Freed:
    """Sum up."""
    refs, total = tuple(doomed.entries.values()), sum(files_.values())
    return Freed(refs, doomed.size, len(files_), total, given_back)


def deletion_limit(now: bool) -> str:
    """The moment before which something must have been deleted; with ``now`` any is."""
    moment = datetime.now(UTC) - timedelta(days=0 if now else DAYS)
    return "9" if now else moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def find_doomed(connection: sa.Connection, limit: str) -> Doomed:
    """Find what nothing refers to once the entries that were deleted before are gone."""
    old = sa.select(t.entries.c.id).where(
        t.entries.c.deleted.is_not(None), t.entries.c.deleted < limit
    )
    still_used = sa.and_(t.entries.c.id.not_in(old))
    query = sa.select(t.entries.c.id, t.entries.c.version, t.models.c.name).where(
        t.entries.c.id.in_(old), t.models.c.id == t.entries.c.model
    )
    refs = {row.id: f"{row.name}/{row.version}" for row in connection.execute(query)}
    weights = _unused(
        connection, t.weights.c.digest, t.weights.c.data, t.entries.c.weights, still_used
    )
    texts = _unused(
        connection, t.datasets.c.digest, t.datasets.c.content, t.entries.c.dataset, still_used
    )
    logits = sa.select(sa.func.sum(sa.func.length(t.outputs.c.logits))).where(
        t.outputs.c.entry.in_(old)
    )
    size = sum(weights.values()) + sum(texts.values()) + (connection.execute(logits).scalar() or 0)
    return Doomed(refs, list(weights), list(texts), size)


def delete_rows(connection: sa.Connection, doomed: Doomed) -> None:
    """Delete rows; foreign keys refuse what something refers to."""
    for number, ref in doomed.entries.items():
        for table in (t.outputs, t.epochs, t.tags):
            connection.execute(sa.delete(table).where(table.c.entry == number))
        connection.execute(sa.delete(t.entries).where(t.entries.c.id == number))
        record_event(connection, "gc", ref)
    for table, digests in ((t.weights, doomed.weights), (t.datasets, doomed.datasets)):
        for digest in digests:
            connection.execute(sa.delete(table).where(table.c.digest == digest))


def weights_in_files(connection: sa.Connection) -> set[str]:
    """The digests of the weights that lie in files."""
    query = sa.select(t.weights.c.digest).where(t.weights.c.store == "file")
    return set(connection.execute(query).scalars())


def leftover_files(
    store: WeightStore, path: Path | None, in_use: set[str], freed: Iterable[str] = ()
) -> Iterator[tuple[Path, int]]:
    """Give files that no row speaks of, with their sizes.

    Ask inside a writing transaction: those who store weights look for their file inside one.

    Args:
        path: the registry's file; unfinished copies may lie beside it.
        in_use: the digests that rows speak of.
        freed: those whose files may be young, because their rows have just been deleted.
    """
    paths = dict(store.files())
    if path is not None:
        paths |= dict.fromkeys(files.unfinished_files(path), "")
    for file, digest in paths.items():
        try:
            state = file.lstat()
        except OSError:  # whoever wrote it has just finished
            continue
        old = time.time() - state.st_mtime > GRACE
        if digest not in in_use and (old or digest in freed):
            yield file, state.st_size


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files that no row speaks of, as many as can be.

    Raises:
        StorageError: one cannot be removed. It takes space, and nothing else.
    """
    stuck: list[OSError] = []
    for file in paths:
        try:
            file.unlink(missing_ok=True)
        except OSError as fault:
            stuck.append(fault)
    if stuck:
        raise StorageError(
            f"{len(stuck)} file{'s' if stuck[1:] else ''} that nothing needs cannot be removed",
            why=f"{stuck[0].filename}: {stuck[0].strerror}. Everything else has been freed.",
            hint="Make its folder writable; a later swereg gc removes it.",
            code="storage.leftover",
        ) from stuck[0]


def _unused(
    connection: sa.Connection,
    digest: sa.Column[Any],
    content: sa.Column[Any],
    reference: sa.Column[Any],
    still_used: sa.ColumnElement[bool],
) -> dict[str, int]:
    """The digests that no kept entry refers to, with the bytes that they take in the database."""
    used = sa.select(reference).where(still_used, reference.is_not(None))
    size = sa.func.coalesce(sa.func.length(content), 0)
    rows = connection.execute(sa.select(digest, size).where(digest.not_in(used)))
    return {row[0]: row[1] for row in rows}

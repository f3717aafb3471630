"""Datasets in the registry: what there is, which one is meant, the texts, and forgetting them.

9f3ac1…           a dataset by the beginning of its digest, 6 digits or more
complaints/3      the dataset of an entry, by any reference: complaints, complaints@prod, ...
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from swereg.errors import NotFound, UsageError
from swereg.records import refs
from swereg.records.dataset import SPLITS, Dataset, StoredDataset, Task
from swereg.registry.database import tables as t
from swereg.registry.entries import events, queries, rows

_DIGEST = re.compile(r"[0-9a-f]{6,64}")
_FACTS = [column for column in t.datasets.c if column.name != "content"]


def listing(connection: sa.Connection, task: str | None = None) -> list[StoredDataset]:
    """List the datasets of a task, or all: the one that was first used last comes first."""
    query = sa.select(t.datasets.c.digest).order_by(t.datasets.c.created.desc())
    if task is not None:
        first = sa.func.min(t.entries.c.id)
        query = (
            sa.select(t.entries.c.dataset)
            .where(t.entries.c.task == task, t.entries.c.dataset.is_not(None))
            .group_by(t.entries.c.dataset)
            .order_by(first.desc())
        )
    return _fetch(connection, connection.execute(query).scalars().all())


def find(connection: sa.Connection, which: str) -> StoredDataset:
    """Return the dataset that the beginning of a digest or a reference means.

    Raises:
        NotFound: there is none; the message says what there is.
        UsageError: it is neither, or means more than one.
    """
    text = which.strip()
    digests = _with_prefix(connection, text.lower())
    known = {text, *digests} if digests and _is_model(connection, text) else {*digests}
    if len(known) > 1:
        raise UsageError(
            f"{text!r} means more than one dataset",
            why=f"It can be {', '.join(sorted(name[:16] for name in known))}.",
            hint="Write more digits of the digest, or an entry such as complaints/3.",
            code="dataset.ambiguous",
        )
    if digests:
        return _fetch(connection, digests)[0]
    if _DIGEST.fullmatch(text.lower()) and not _is_model(connection, text):
        raise NotFound(
            f"there is no dataset {text[:12]}",
            why=f"No digest in the registry begins with {text}, and no entry is called so.",
            hint="List what there is: swereg data list",
            code="dataset.unknown",
        )
    entry = queries.find(connection, refs.parse(text))
    if entry.dataset is None:
        raise NotFound(
            f"{entry.ref} has no dataset",
            why="It was imported, and not scored on any examples here.",
            hint="List what there is: swereg data list",
            code="dataset.none",
        )
    return _fetch(connection, [entry.dataset])[0]


def read(connection: sa.Connection, digest: str) -> Dataset:
    """Return the examples of a dataset.

    Raises:
        NotFound: there is no such dataset, or its texts are not there.
        CheckFailed: they are not those that were stored.
    """
    query = sa.select(t.datasets).where(t.datasets.c.digest == digest)
    row = connection.execute(query).first()
    if row is None or row.content is None:
        raise NotFound(
            f"the texts of dataset {digest[:12]} are not in the registry",
            why="They were not kept, or have been removed." if row else "There is no such dataset.",
            hint="Give the data again with --data FILE.",
            code="dataset.missing",
        )
    return rows.dataset_of(row)


def forget(connection: sa.Connection, digest: str, *, freed: int) -> None:
    """Erase the texts of a dataset; digest, counts, entries and scores stay."""
    found = sa.update(t.datasets).where(t.datasets.c.digest == digest)
    connection.execute(found.values(content=None))
    events.record(connection, "forget", digest, bytes=freed)


def task(connection: sa.Connection, name: str) -> Task:
    """Return what is known of a task; it brings no data.

    Raises:
        NotFound: nothing was stored for such a task.
    """
    row = connection.execute(sa.select(t.tasks).where(t.tasks.c.name == name)).first()
    if row is None:
        raise NotFound(
            f"the registry has nothing of a task {name!r}",
            hint="List what there is: swereg list",
            code="task.unknown",
        )
    return rows.task_of(row)


def tasks(connection: sa.Connection) -> list[str]:
    """Return the names of the tasks that something was trained for, in alphabetical order."""
    return sorted(connection.execute(sa.select(t.tasks.c.name)).scalars())


def _with_prefix(connection: sa.Connection, text: str) -> list[str]:
    if not _DIGEST.fullmatch(text):
        return []
    query = sa.select(t.datasets.c.digest).where(t.datasets.c.digest.startswith(text))
    return list(connection.execute(query.order_by(t.datasets.c.digest)).scalars())


def _is_model(connection: sa.Connection, name: str) -> bool:
    return (
        connection.execute(sa.select(t.models.c.id).where(t.models.c.name == name)).first()
        is not None
    )


def _fetch(connection: sa.Connection, digests: Sequence[str]) -> list[StoredDataset]:
    """Read what is known of some datasets, in this order."""
    size = sa.func.length(t.datasets.c.content).label("size")
    facts: sa.Select[Any] = sa.select(*_FACTS, size).where(t.datasets.c.digest.in_(digests))
    used = (
        sa.select(t.entries, t.models.c.name)
        .join(t.models, t.models.c.id == t.entries.c.model)
        .where(t.entries.c.dataset.in_(digests))
        .order_by(t.entries.c.id)
    )
    users: dict[str, list[sa.Row[Any]]] = defaultdict(list)
    for row in connection.execute(used):
        users[row.dataset].append(row)
    found = {row.digest: _of(row, users[row.digest]) for row in connection.execute(facts)}
    return [found[digest] for digest in digests]


def _of(row: sa.Row[Any], users: Sequence[sa.Row[Any]]) -> StoredDataset:
    labels, counts = rows.value(row.labels), rows.value(row.counts)
    return StoredDataset(
        digest=row.digest,
        labels=tuple(labels),
        counts={name: {label: counts[name][label] for label in labels} for name in SPLITS},
        source=row.source,
        size=row.size,
        created=row.created,
        tasks=tuple(sorted({user.task for user in users})),
        entries=tuple(f"{user.name}/{user.version}" for user in users if user.deleted is None),
    )

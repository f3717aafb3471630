"""Datasets in the registry: what there is, which one is meant, and their texts.

9f3ac1…           a dataset by the beginning of its digest, 6 digits or more
complaints/3      the dataset of an entry, by any reference: complaints, complaints@prod, ...
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from swereg.errors import NotFound, UsageError
from swereg.records import refs
from swereg.records.dataset import SPLITS, Dataset, StoredDataset, Task
from swereg.records.entry import Entry
from swereg.records.refs import Ref
from swereg.registry.entries import rows
from swereg.registry.entries.reading import Source, nfc

_DIGEST = re.compile(r"[0-9a-f]{6,64}")


def list_datasets(source: Source, task: str | None = None) -> list[StoredDataset]:
    """List the datasets of a task, or all: the one that was first used last comes first."""
    if task is None:
        digests = [row.digest for row in source.rows("digests")]
    else:
        digests = [row.dataset for row in source.rows("digests_of_task", task=nfc(task))]
    return _read_facts(source, digests)


def find_dataset(
    source: Source, digest_or_ref: str, find_entry: Callable[[Ref], Entry]
) -> StoredDataset:
    """Return the dataset that the beginning of a digest or a reference means.

    Args:
        find_entry: what finds an entry by its reference, or raises NotFound.

    Raises:
        NotFound: there is none; the message says what there is.
        UsageError: it is neither, or means more than one.
    """
    text = digest_or_ref.strip()
    digests = _with_prefix(source, text.lower())
    meanings = {text, *digests} if digests and _is_model(source, text) else {*digests}
    if len(meanings) > 1:
        raise UsageError(
            f"{text!r} means more than one dataset",
            why=f"It can be {', '.join(sorted(name[:16] for name in meanings))}.",
            hint="Write more digits of the digest, or an entry such as complaints/3.",
            code="dataset.ambiguous",
        )
    if digests:
        return _read_facts(source, digests)[0]
    if _DIGEST.fullmatch(text.lower()) and not _is_model(source, text):
        raise NotFound(
            f"there is no dataset {text[:12]}",
            why=f"No digest in the registry begins with {text}, and no entry is called so.",
            hint="List what there is: swereg data list",
            code="dataset.unknown",
        )
    entry = find_entry(refs.parse_ref(text))
    if entry.dataset is None:
        raise NotFound(
            f"{entry.ref} has no dataset",
            why="It was imported, and not scored on any examples here.",
            hint="List what there is: swereg data list",
            code="dataset.none",
        )
    return _read_facts(source, [entry.dataset])[0]


def read_dataset(source: Source, digest: str) -> Dataset:
    """Return the examples of a dataset.

    Raises:
        NotFound: there is no such dataset, or its texts are not there.
        CheckFailed: they are not those that were stored.
    """
    row = next(iter(source.rows("dataset", digest=digest)), None)
    if row is None or row.content is None:
        raise NotFound(
            f"the texts of dataset {digest[:12]} are not in the registry",
            why="They were not kept, or have been removed." if row else "There is no such dataset.",
            hint="Give the data again with --data FILE.",
            code="dataset.missing",
        )
    return rows.dataset_of_row(row)


def read_texts(source: Source, digest: str) -> Dataset | None:
    """Return the examples of a dataset, or None where they are not kept.

    Raises:
        CheckFailed: they are not those that were stored.
    """
    for row in source.rows("dataset", digest=digest):
        return rows.dataset_of_row(row) if row.content is not None else None
    return None


def read_task(source: Source, name: str) -> Task:
    """Return what is known of a task; it brings no data.

    Raises:
        NotFound: nothing was stored for such a task.
    """
    for row in source.rows("task", name=nfc(name)):
        return rows.task_of_row(row)
    raise NotFound(
        f"the registry has nothing of a task {name!r}",
        hint="List what there is: swereg list",
        code="task.unknown",
    )


def task_names(source: Source) -> list[str]:
    """Return the names of the tasks that something was trained for, in alphabetical order."""
    return sorted(row.name for row in source.rows("task_names"))


def _with_prefix(source: Source, text: str) -> list[str]:
    if not _DIGEST.fullmatch(text):
        return []
    # g follows f: after everything that begins so
    matching = source.rows("digests_from", start=text, end=f"{text}g")
    return [row.digest for row in matching]


def _is_model(source: Source, name: str) -> bool:
    return bool(source.rows("model", name=nfc(name)))


def _read_facts(source: Source, digests: Sequence[str]) -> list[StoredDataset]:
    """Read what is known of some datasets, in this order."""
    users: dict[str, list[Any]] = defaultdict(list)
    for row in source.rows("users_of_datasets", ids=digests):
        users[row.dataset].append(row)
    facts = {
        row.digest: _stored_dataset(row, users[row.digest])
        for row in source.rows("datasets", ids=digests)
    }
    return [facts[digest] for digest in digests]


def _stored_dataset(row: Any, users: Sequence[Any]) -> StoredDataset:
    labels, counts = rows.from_json(row.labels), rows.from_json(row.counts)
    return StoredDataset(
        digest=row.digest,
        labels=tuple(labels),
        counts={name: {label: counts[name][label] for label in labels} for name in SPLITS},
        source=row.source,
        size=row.size,
        created=row.created,
        tasks=tuple(sorted({user.task for user in users})),
        entries=tuple(f"{user.name}/{user.version}" for user in users if not user.is_deleted),
    )

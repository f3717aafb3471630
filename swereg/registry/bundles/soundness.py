"""Whether an entry that comes in a file is such as a training here would have stored.

The measure is the door itself: the entry is read, checked as Registry.add checks, and written to
rows again; rows that differ from those in the file were not written by swereg.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from swereg.errors import CheckFailed, UsageError
from swereg.records import refs
from swereg.records.dataset import Dataset
from swereg.records.entry import Entry, NewEntry
from swereg.records.refs import Ref
from swereg.records.training import BaseInfo, Fitted, Outputs, Recipe, Weights
from swereg.registry.bundles import copying
from swereg.registry.changes import notes_and_tags
from swereg.registry.database import tables as t
from swereg.registry.database.connection import Database
from swereg.registry.entries import admission, rows, seals
from swereg.registry.entries.datasets import read_task, read_texts
from swereg.registry.entries.lookup import entry_of_run
from swereg.registry.entries.queries import Selects
from swereg.registry.entries.reading import read_outputs
from swereg.registry.entries.weights import WeightStore

# What reading values of a wrong kind raises: JSON that is none, a list for a mapping, and so on.
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    zlib.error,
)
_LONGEST = 4 * 2**20  # characters of any text in a row; a dataset's texts are no such text
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NO_TEXTS = Dataset((), (), ())


def check_seal(connection: sa.Connection, entry: Entry) -> None:
    """Refuse an entry whose facts are not as they were stored."""
    seals.check_seal(Selects(connection), entry.run, Ref(entry.name, entry.version))


def check_sizes(database: Database) -> None:
    """Refuse values that no training writes, before anything reads them.

    Raises:
        CheckFailed: a text is huge, or weights are not in the file.
    """
    with database.reading() as connection:
        for table in t.METADATA.sorted_tables:
            for column in table.c:
                if not isinstance(column.type, sa.Text):
                    continue
                longest = connection.execute(sa.select(sa.func.max(sa.func.length(column))))
                if (longest.scalar() or 0) > _LONGEST:
                    raise _wrong(f"{table.name}.{column.name} has a huge value")
        outside = sa.select(sa.func.count()).where(t.weights.c.store != "db")
        if connection.execute(outside).scalar_one():
            raise _wrong("its weights are not in it; export it instead of copying a registry")


def check_entry(database: Database, store: WeightStore, run: str) -> None:
    """Refuse an entry that Registry.add would not have stored like this.

    Raises:
        CheckFailed: it would not; the message says what of it.
    """
    with database.reading() as connection:
        source = Selects(connection)
        entry = entry_of_run(connection, run)
        copied = copying.read_rows(connection, run)
        outputs = read_outputs(source, run)
        weights = store.read(source, copied.entry["weights"], str(copied.ref))
        about = read_task(source, copied.entry["task"])
        dataset = _texts(connection, copied.entry["dataset"])
    assert entry is not None  # noqa: S101 - its run was listed
    shared = {table.name: row for table, row in copied.shared}
    try:
        new = NewEntry(
            entry.name,
            about,
            dataset,
            entry.base,
            _fitted(entry, weights, outputs),
            entry.note,
            entry.origin,
        )
        _same(
            f"{entry.ref}",
            {**rows.entry_row(new, entry.dataset), "labels": rows.to_json(list(entry.labels))},
            copied.entry,
        )
        _same(
            "its task",
            {**rows.task_row(about), "created": shared["tasks"]["created"]},
            shared["tasks"],
        )
        if dataset is not None:
            _same(
                "its data",
                {
                    **rows.dataset_row(dataset, "", keep=False),
                    **{key: shared["datasets"][key] for key in ("source", "content", "created")},
                },
                shared["datasets"],
            )
            admission.check_new_entry(new)
        else:
            _check_counted(new, outputs, shared.get("datasets"))
        _check_facts(entry, shared)
    except UsageError as fault:
        raise _wrong(f"{fault.what}") from fault
    except UNREADABLE as fault:
        raise _wrong(f"{copied.ref}: {type(fault).__name__}: {str(fault)[:200]}") from fault


def _texts(connection: sa.Connection, digest: str | None) -> Dataset | None:
    return None if digest is None else read_texts(Selects(connection), digest)


def _fitted(entry: Entry, weights: Weights, outputs: tuple[Outputs, ...]) -> Fitted:
    return Fitted(
        entry.run,
        entry.recipe,
        weights,
        entry.trainable,
        entry.total,
        entry.epochs,
        entry.best_epoch,
        entry.scores,
        outputs,
        entry.seconds,
        entry.cut,
        entry.environment,
    )


def _check_counted(new: NewEntry, outputs: tuple[Outputs, ...], data: rows.Row | None) -> None:
    """Check outputs without the texts: against the counts of each label."""
    admission.check_without_data(new)
    counts = json.loads(data["counts"]) if data else {}
    labels = json.loads(data["labels"]) if data else []
    if data and [sum(counts[split].values()) for split in ("train", "val", "test")] != [
        data[split] for split in ("train", "val", "test")
    ]:
        raise _wrong("the counts of its data contradict each other")
    for part in outputs:
        admission.check_counted(
            part, [counts.get(part.split, {}).get(label, 0) for label in labels]
        )


def _check_facts(entry: Entry, shared: dict[str, rows.Row]) -> None:
    """Check what a training gets right by itself: names, digests, times, kinds of values."""
    refs.check_name(entry.task, noun="task name")
    sound = (
        entry.name == refs.check_name(entry.name)
        and _recipe_is_sound(entry.recipe)
        and _texts_are_sound(entry)
        and all(_DIGEST.fullmatch(d) for d in (entry.weights_digest, entry.dataset or "0" * 64))
        and notes_and_tags.checked_tags(entry.tags) == entry.tags
        and len(set(entry.labels)) == len(entry.labels) > 0
        and all(isinstance(label, str) for label in entry.labels)
        and all(
            isinstance(part, dict)
            for part in (
                entry.scores,
                entry.cut,
                entry.environment,
                entry.origin,
                *entry.scores.values(),
            )
        )
        and all(
            type(value) in (int, float) for part in entry.scores.values() for value in part.values()
        )
        and all(type(value) is int for value in entry.cut.values())
        and [epoch.number for epoch in entry.epochs] == list(range(1, len(entry.epochs) + 1))
        and all(map(_base_is_sound, entry.bases))
    )
    if not sound:
        raise _wrong(f"{entry.ref} has facts that no training gives")
    if "datasets" in shared and json.loads(shared["datasets"]["labels"]) != list(entry.labels):
        raise _wrong(f"the labels of {entry.ref} are not those of its data")
    for row in (*shared.values(), {"created": entry.created}):
        datetime.strptime(row["created"], "%Y-%m-%dT%H:%M:%S.%fZ")


def _texts_are_sound(entry: Entry) -> bool:
    short = (entry.run, entry.recipe.method)
    return all(0 < len(text) <= 200 and text.isprintable() for text in short) and all(
        label == label.strip() and label for label in entry.labels
    )


def _recipe_is_sound(recipe: Recipe) -> bool:
    usual = Recipe()
    return isinstance(recipe.settings, dict) and all(
        isinstance(getattr(recipe, field.name), type(getattr(usual, field.name)))
        or (
            isinstance(getattr(usual, field.name), float)
            and type(getattr(recipe, field.name)) is int
        )
        for field in fields(Recipe)
    )


def _base_is_sound(base: BaseInfo) -> bool:
    sizes = (base.parameters, base.hidden_size, base.max_length)
    return (
        bool(_DIGEST.fullmatch(base.fingerprint))
        and all(size > 0 for size in sizes)
        and isinstance(base.recommended, dict)
        and all(isinstance(part, dict) for part in base.recommended.values())
    )


def _same(noun: str, written: rows.Row, stored: rows.Row) -> None:
    differing = [key for key, value in written.items() if not _equal(value, stored[key])]
    if differing:
        raise _wrong(f"{noun} would be stored otherwise: {', '.join(differing)}")


def _equal(written: Any, stored: Any) -> bool:
    return bool(written == stored)


def _wrong(why: str) -> CheckFailed:
    return CheckFailed(
        "the file is not sound; nothing was imported",
        why=why,
        hint="Export it again where it comes from.",
        code="import.unsound",
    )

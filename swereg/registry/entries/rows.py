"""Between rows and records: what goes into the tables, and what comes out of them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from swereg.errors import CheckFailed, UsageError
from swereg.records.dataset import SPLITS, Dataset, Task
from swereg.records.entry import Entry, NewEntry, Outline, kind_of
from swereg.records.training import BaseInfo, Epoch, Outputs, Recipe

Row = dict[str, Any]  # to be stored
Stored = Any  # a row as it was read, with its columns as attributes

_MOST_TEXT = 2 * 2**30  # bytes of a dataset
TASK_FACTS = ("description", "source", "licence", "homepage", "citation", "metric")


def utc_now() -> str:
    """The time in UTC, as text that sorts."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_json(value: Any) -> str:
    """Write JSON in its one canonical form; NaN and infinity are refused."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def from_json(stored: str) -> Any:
    """Read JSON.

    Raises:
        CheckFailed: it is none.
    """
    with readable("a fact"):
        return json.loads(stored)


@contextmanager
def readable(noun: str) -> Iterator[None]:
    """Say in words that something stored cannot be read, as after a flipped bit.

    Raises:
        CheckFailed: so it is.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
        raise CheckFailed(
            f"{noun} in the registry is damaged and cannot be read",
            why=f"{type(fault).__name__}: {fault}",
            hint="See all that is damaged: swereg verify. Then restore a backup.",
            code="registry.damaged",
        ) from fault


def base_row(base: BaseInfo) -> Row:
    """A base, as stored."""
    return {
        "fingerprint": base.fingerprint,
        "name": base.name,
        "revision": base.revision,
        "architecture": base.architecture,
        "parameters": base.parameters,
        "hidden_size": base.hidden_size,
        "max_length": base.max_length,
        "recommended": to_json(base.recommended),
        "created": utc_now(),
    }


def base_of_row(row: Stored) -> BaseInfo:
    """A base, as recorded."""
    return BaseInfo(
        row.name,
        row.revision,
        row.fingerprint,
        row.architecture,
        row.parameters,
        row.hidden_size,
        row.max_length,
        from_json(row.recommended),
    )


def task_row(task: Task) -> Row:
    """A task's facts, as stored."""
    facts = {fact: getattr(task, fact) for fact in TASK_FACTS}
    return {"name": task.name, "labels": to_json(list(task.labels)), **facts, "created": utc_now()}


def task_of_row(row: Stored) -> Task:
    """A task's facts; it brings no data."""

    def no_data() -> Dataset:
        raise UsageError(
            f"the task {row.name} brings no data of its own",
            hint="Give its data: --data FILE",
            code="task.no-data",
        )

    facts = {fact: getattr(row, fact) for fact in TASK_FACTS}
    return Task(row.name, read=no_data, labels=tuple(from_json(row.labels)), **facts)


def dataset_row(dataset: Dataset, source: str, *, keep: bool) -> Row:
    """A dataset, as stored; with its texts if they are to be kept."""
    content = dataset.to_jsonl().encode()
    return {
        "digest": dataset.digest,
        "labels": to_json(list(dataset.labels)),
        "train": len(dataset.train),
        "val": len(dataset.val),
        "test": len(dataset.test),
        "counts": to_json({name: dataset.counts(name) for name in SPLITS}),
        "source": source,
        "content": zlib.compress(content, 9) if keep else None,
        "created": utc_now(),
    }


def dataset_of_row(row: Stored) -> Dataset:
    """A dataset, as it was.

    Raises:
        CheckFailed: the content is not what was stored.
    """
    try:
        dataset = Dataset.from_jsonl(_unpacked(row.content).decode())
        computed = dataset.digest
    except (zlib.error, ValueError) as fault:
        computed, dataset = f"unreadable: {fault}", Dataset((), (), ())
    if computed != row.digest:
        raise CheckFailed(
            "the stored dataset is not the one that was stored",
            why=f"recorded {row.digest}\nfound    {computed}",
            hint="Restore the registry from a backup.",
            code="dataset.digest",
        )
    return dataset


def _unpacked(content: bytes) -> bytes:
    """Decompress texts, but not what a few bytes blow up to a full memory."""
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(content, _MOST_TEXT)
    if not unpacking.eof:
        raise ValueError("cut short, or too large")
    return unpacked


def entry_row(new: NewEntry, dataset: str | None) -> Row:
    """An entry, as stored, without the model and the version that it gets last."""
    fitted = new.fitted
    scores = fitted.scores.get("test") or fitted.scores.get("val", {})
    return {
        "run": new.run,
        "task": new.task.name,
        "method": fitted.recipe.method,
        "labels": to_json(list(new.labels)),
        "base": new.base and new.base.fingerprint,
        "base_name": new.base and new.base.name,
        "base_revision": new.base and new.base.revision,
        "dataset": dataset,
        "weights": fitted.weights.digest,
        "size": fitted.weights.size,
        "recipe": to_json(new.known_recipe),
        "trainable": fitted.trainable,
        "total": fitted.total,
        "best_epoch": fitted.best_epoch,
        "val_loss": fitted.scores.get("val", {}).get("loss"),
        "accuracy": scores.get("accuracy"),
        "macro_f1": scores.get("macro_f1"),
        "scores": to_json(fitted.scores),
        "seconds": fitted.seconds,
        "cut": to_json(fitted.cut),
        "environment": to_json(fitted.environment),
        "origin": to_json(new.origin),
        "note": new.note,
    }


def entry_of_row(
    row: Stored, epochs: Sequence[Epoch], aliases: Sequence[str], tags: Mapping[str, str]
) -> Entry:
    """An entry, as recorded. Its base carries the name under which it was trained.

    Raises:
        CheckFailed: it cannot be read.
    """
    with readable(f"{row.model_name}/{row.version}"):
        return _entry_of(row, epochs, aliases, tags)


def _entry_of(
    row: Stored, epochs: Sequence[Epoch], aliases: Sequence[str], tags: Mapping[str, str]
) -> Entry:
    base = None
    if row.base is not None:
        base = BaseInfo(
            row.base_name,
            row.base_revision,
            row.base,
            row.architecture,
            row.parameters,
            row.hidden_size,
            row.max_length,
            json.loads(row.recommended),
        )
    sizes = {"train": row.train, "val": row.val, "test": row.test}
    return Entry(
        name=row.model_name,
        version=row.version,
        task=row.task,
        labels=tuple(json.loads(row.labels)),
        base=base,
        dataset=row.dataset,
        sizes=sizes if row.dataset is not None else {},
        recipe=Recipe(**json.loads(row.recipe)),
        weights_digest=row.weights,
        weights_size=row.size,
        trainable=row.trainable,
        total=row.total,
        epochs=tuple(epochs),
        best_epoch=row.best_epoch,
        scores=json.loads(row.scores),
        seconds=row.seconds,
        cut=json.loads(row.cut),
        environment=json.loads(row.environment),
        note=row.note,
        run=row.run,
        created=row.created,
        aliases=tuple(aliases),
        origin=json.loads(row.origin),
        tags=dict(tags),
        deleted=row.deleted,
        about=_about(row),
    )


def outlines_of_rows(matching: Iterable[Sequence[Any]]) -> list[Outline]:
    """What ranks entries, as recorded.

    Args:
        matching: of each entry the texts of its labels, dataset, base and recipe without the seed;
            whether it is imported; its seed; its scores; and the other facts of an outline, from
            ``name`` on, in their order.

    Raises:
        CheckFailed: one cannot be read.
    """
    outlines = []
    kinds: dict[Any, str] = {}  # many differ in the seed alone
    for (
        labels,
        dataset,
        base,
        recipe,
        imported,
        seed,
        scores,
        name,
        version,
        task,
        *facts,
    ) in matching:
        with readable(f"{name}/{version}"):
            key, kind = (labels, dataset, base, recipe), None
            if not imported:
                kind = kinds.get(key)
                if kind is None:
                    recorded = Recipe(**json.loads(recipe))
                    kind = kind_of(task, tuple(json.loads(labels)), dataset, base, recorded)
                    kinds[key] = kind
            drawn = Recipe.seed if seed is None else seed
            outlines.append(Outline(name, version, task, kind, drawn, json.loads(scores), *facts))
    return outlines


def _about(row: Stored) -> dict[str, str]:
    """What is known of the task; the source is that of the entry's own examples."""
    facts = {fact: getattr(row, f"task_{fact}") for fact in TASK_FACTS}
    facts["source"] = row.source or facts["source"]
    return {fact: fact_text for fact, fact_text in facts.items() if fact_text}


def outputs_of_row(row: Stored) -> Outputs:
    """Outputs, as recorded."""
    return Outputs(row.split, row.rows, row.columns, row.logits, row.truth)

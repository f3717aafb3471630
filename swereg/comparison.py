"""Put entries of one task side by side. Only stored facts; nothing is computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from swereg.errors import Conflict, NotFound
from swereg.records import Entry

BASELINE = "full"

# column: whether a smaller value is better
BETTER_SMALL: Mapping[str, bool] = {
    "trainable": True,
    "trainable_percent": True,
    "size": True,
    "val_loss": True,
    "accuracy": False,
    "macro_f1": False,
    "roc_auc": False,
    "seconds": True,
}


@dataclass(frozen=True)
class Row:
    """One entry's figures. Scores are the test split's where there is one, else validation's.

    Attributes:
        base: None for a method that needs none.
        trainable_percent: in percent of all parameters.
        size: stored weights, in bytes.
        best_epoch, epochs: None and 0 where the entry was trained elsewhere, or has no base.
        val_loss: nats per example, or None where it is not known.
        accuracy, macro_f1, roc_auc: between 0 and 1; None where there is no such score.
        seconds: training time, or None where it is not known.
        baseline: whether this is the full fine-tuning that the others are held against.
        difference: this row minus the baseline, for each column that both have.
        best: the columns in which no other row is better.
    """

    ref: str
    method: str
    settings: Mapping[str, Any]
    base: str | None
    trainable: int
    trainable_percent: float
    size: int
    best_epoch: int | None
    epochs: int
    val_loss: float | None
    accuracy: float | None
    macro_f1: float | None
    roc_auc: float | None
    seconds: float | None
    baseline: bool = False
    difference: Mapping[str, float] = field(default_factory=dict)
    best: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Entries of one task side by side.

    Attributes:
        split: the split that the scores are of, ``test`` or ``val``.
        rows: in the order asked for, or by validation loss.
        notices: what stands in the way of a fair reading (different data, different bases).
    """

    task: str
    split: str
    rows: tuple[Row, ...]
    notices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values."""
        return asdict(self)


def compare(entries: Sequence[Entry]) -> Comparison:
    """Put entries side by side, the newest full fine-tuning among them as the baseline.

    Raises:
        NotFound: there is nothing to compare.
        Conflict: the entries are of different tasks.
    """
    if not entries:
        raise NotFound(
            "there is nothing to compare",
            hint="Train something first: swereg train --task sentiment",
            code="compare.empty",
        )
    tasks = sorted({entry.task for entry in entries})
    if len(tasks) > 1:
        raise Conflict(
            "entries of different tasks cannot be compared",
            why=f"The tasks are {', '.join(tasks)}.",
            hint=f"Compare one at a time: swereg compare --task {tasks[0]}",
            code="compare.tasks",
        )
    scored = [entry for entry in entries if entry.scores]
    split = "test" if all("test" in entry.scores for entry in scored) else "val"
    baseline = _baseline(entries)
    rows = [_row(entry, split, baseline) for entry in entries]
    return Comparison(tasks[0], split, tuple(_mark(rows)), tuple(_notices(entries)))


def _baseline(entries: Sequence[Entry]) -> Entry | None:
    full = [entry for entry in entries if entry.method == BASELINE]
    return max(full, key=lambda entry: entry.created, default=None)


def _row(entry: Entry, split: str, baseline: Entry | None) -> Row:
    figures = _figures(entry, split)
    difference = {}
    if baseline is not None and entry != baseline:
        other = _figures(baseline, split)
        difference = {
            column: value - other[column]
            for column, value in figures.items()
            if value is not None and other[column] is not None
        }
    return Row(
        ref=entry.ref,
        method=entry.method,
        settings=entry.recipe.settings,
        base=str(entry.base) if entry.base else None,
        best_epoch=entry.best_epoch,
        epochs=len(entry.epochs),
        baseline=entry == baseline,
        difference=difference,
        **figures,
    )


def _figures(entry: Entry, split: str) -> dict[str, Any]:
    scores = entry.scores.get(split, {})
    return {
        "trainable": entry.trainable,
        "trainable_percent": entry.trainable_percent,
        "size": entry.weights_size,
        "val_loss": entry.val_loss,
        "accuracy": scores.get("accuracy"),
        "macro_f1": scores.get("macro_f1"),
        "roc_auc": scores.get("roc_auc"),
        "seconds": entry.seconds,
    }


def _mark(rows: list[Row]) -> list[Row]:
    """Name for each row the columns in which it is the best, where there is a choice."""
    marks: list[list[str]] = [[] for _ in rows]
    for column, small in BETTER_SMALL.items():
        values = [getattr(row, column) for row in rows]
        known = [value for value in values if value is not None]
        if len(set(known)) < 2:
            continue
        top = min(known) if small else max(known)
        for mark, value in zip(marks, values, strict=True):
            if value == top:
                mark.append(column)
    return [
        Row(**{**row.__dict__, "best": tuple(mark)}) for row, mark in zip(rows, marks, strict=True)
    ]


def _notices(entries: Sequence[Entry]) -> list[str]:
    notices = []
    imported = [entry.ref for entry in entries if entry.imported]
    if imported:
        notices.append(f"Imported, so nobody here knows how it learnt: {', '.join(imported)}.")
    if len({entry.dataset for entry in entries if entry.dataset is not None}) > 1:
        notices.append(
            "These entries learnt from, and were scored on, different data; "
            "differences between them are not only the method's."
        )
    bases = [entry.base for entry in entries if entry.base is not None]
    if len({base.fingerprint for base in bases}) > 1:
        names = ", ".join(sorted(set(map(str, bases))))
        notices.append(f"These entries sit on different bases ({names}).")
    if not any(entry.method == BASELINE for entry in entries):
        notices.append(
            f"There is no baseline; train it with: swereg train --task {entries[0].task} "
            f"--method {BASELINE}"
        )
    return notices

"""The rows of a comparison: an entry each, or the seeds of one recipe."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from swereg.errors import UsageError
from swereg.evaluation.statistics import Difference, Interval
from swereg.records.dataset import Split
from swereg.records.entry import Entry, Outline
from swereg.records.metrics import COSTS, directions

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One entry's figures, or the means over entries that differ in the seed alone.

    Attributes:
        refs: one reference, or one per seed.
        seeds: as many; empty for what was not trained here.
        repeats: entries with the very recipe, data and seed of a newer one in ``refs``.
        recipe: its other fields, without seed and device; empty where it was not trained here.
        base: None where the method needs none.
        best_epoch, epochs: None and 0 where they are not known, or differ from seed to seed.
        figures: by column, those of ``metrics.directions`` that are known. ``trainable_percent``
            is in percent of all parameters, ``size`` in bytes, ``val_loss`` in nats per example,
            ``seconds`` of training; scores are on the examples of the comparison.
        deviations: the standard deviations over the seeds, where there are several.
        intervals: of scores, for the choice of the examples and of the seeds that there are.
        baseline: whether this is the full fine-tuning that the others are held against.
        differences: this row minus the baseline, for each column that both have.
        verdicts: for scores, the paired comparison with the baseline.
        best: the columns in which no other row is better.
        ranked: whether it was compared with the others; not so where it has no answers on
            their examples. Its scores are then on its own.
        varied: the fields of its recipe in which rows of the same method differ.
        within_noise: whether the examples cannot tell it from the best by the chosen metric.
    """

    refs: tuple[str, ...]
    seeds: tuple[int, ...]
    repeats: tuple[str, ...]
    method: str
    settings: Mapping[str, Any]
    recipe: Mapping[str, Any]
    base: str | None
    best_epoch: int | None
    epochs: int
    figures: Mapping[str, float]
    deviations: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    baseline: bool = False
    differences: Mapping[str, float] = field(default_factory=dict)
    verdicts: Mapping[str, Difference] = field(default_factory=dict)
    best: tuple[str, ...] = ()
    ranked: bool = False
    varied: Mapping[str, Any] = field(default_factory=dict)
    within_noise: bool = False

    @property
    def ref(self) -> str:
        """The reference, or ``sentiment/3..7`` for several."""
        first, *further = self.refs
        if not further:
            return first
        versions = sorted(int(ref.rsplit("/", 1)[1]) for ref in self.refs)
        name = first.rsplit("/", 1)[0]
        is_same = all(ref.rsplit("/", 1)[0] == name for ref in further)
        return (
            f"{name}/{versions[0]}..{versions[-1]}"
            if is_same
            else f"{first} and {len(further)} more"
        )


def make_row(
    entries: Sequence[Entry], repeats: Sequence[str] = (), *, baseline: bool = False
) -> Row:
    """Start the row of one entry, or of the seeds of one recipe, with what it costs."""
    first = entries[0]
    costs = [
        {column: getattr(outline, column) for column in COSTS}
        for outline in map(Outline.of, entries)
    ]
    figures, deviations = spread_of(costs)
    single = len(entries) == 1
    return Row(
        refs=tuple(entry.ref for entry in entries),
        seeds=() if first.imported else tuple(entry.recipe.seed for entry in entries),
        repeats=tuple(repeats),
        method=first.method,
        settings=first.recipe.settings,
        recipe=_recipe(first),
        base=next(map(str, first.bases), None),
        best_epoch=first.best_epoch if single else None,
        epochs=len(first.epochs) if single else 0,
        figures=figures,
        deviations=deviations,
        baseline=baseline,
    )


def _recipe(entry: Entry) -> dict[str, Any]:
    if entry.imported:
        return {}
    elsewhere = ("method", "settings", "seed", "device")
    return {key: value for key, value in entry.known_recipe.items() if key not in elsewhere}


def spread_of(
    scores: Sequence[Mapping[str, float | None]],
) -> tuple[dict[str, float], dict[str, float]]:
    """Take the mean of each column that all have, and the deviation (n - 1) if they are several."""
    columns = {
        column: [facts.get(column) for facts in scores] for column in (scores[0] if scores else ())
    }
    full = {
        column: [float(value) for value in values if value is not None]
        for column, values in columns.items()
        if None not in values
    }
    means = {column: sum(values) / len(values) for column, values in full.items()}
    deviations = {
        column: math.dist(values, [means[column]] * len(values)) / math.sqrt(len(values) - 1)
        for column, values in full.items()
        if len(values) > 1
    }
    return means, deviations


def difference_to(row: Row, baseline: Row | None) -> Row:
    """Take the baseline's figures from a row's."""
    if baseline is None or row == baseline:
        return row
    differences = {
        column: value - baseline.figures[column]
        for column, value in row.figures.items()
        if column in baseline.figures and (column in COSTS or (row.ranked and baseline.ranked))
    }
    return replace(row, differences=differences)


def mark_best(rows: Sequence[Row]) -> list[Row]:
    """Name for each row the columns in which it is the best, where there is a choice."""
    marks: list[list[str]] = [[] for _ in rows]
    for column, small in directions().items():
        values = [
            row.figures.get(column) if column in COSTS or row.ranked else None for row in rows
        ]
        numbers = [value for value in values if value is not None]
        if len(set(numbers)) < 2:
            continue
        top = min(numbers) if small else max(numbers)
        for mark, value in zip(marks, values, strict=True):
            if value == top:
                mark.append(column)
    return [replace(make_row, best=tuple(mark)) for make_row, mark in zip(rows, marks, strict=True)]


def mark_varied(rows: Sequence[Row]) -> list[Row]:
    """Note for each row the fields of its recipe in which it may differ from those like it."""
    marked = []
    for row in rows:
        alike = [peer.recipe for peer in rows if peer.method == row.method]
        varied = {
            key: value
            for key, value in row.recipe.items()
            if any(peer.get(key, value) != value for peer in alike)
        }
        marked.append(replace(row, varied=varied))
    return marked


def figure_of(outline: Outline, column: str, split: Split) -> float | None:
    """Give an entry's figure in a column of ``metrics.directions``, as it was stored."""
    if column in COSTS:
        value: float | None = getattr(outline, column)
        return value
    return outline.scores.get(split, {}).get(column)


def in_order(items: Sequence[T], column: str, figure: Callable[[T], float | None]) -> list[T]:
    """Sort by a column, the best first; what is not known comes last.

    Raises:
        UsageError: there is no such column.
    """
    better_small = directions()
    if column not in better_small:
        raise UsageError(
            f"rows cannot be sorted by {column!r}",
            why=f"They can be by {', '.join(better_small)}.",
            code="compare.sort",
        )
    sign = 1 if better_small[column] else -1

    def place(item: T) -> float:
        value = figure(item)
        return math.inf if value is None else sign * value

    return sorted(items, key=place)

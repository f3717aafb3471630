"""Everything that a report says, worked out before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from swereg.evaluation.comparison import Comparison, Examination, Row
from swereg.records.dataset import Dataset, Task
from swereg.records.entry import Entry


@dataclass(frozen=True)
class Contents:
    """What is known of the entries of a task.

    Attributes:
        comparison: the entries, or recipes with all their seeds, in the order of the page.
        entries: by reference, every entry of the comparison.
        looks: by reference, the close look at those entries that get a section of their own.
        task: its facts.
        dataset: the examples of the first row's data, or None where the texts are not kept.
        texts: whether texts may be shown.
        created: UTC, ISO 8601.
        version: of the swereg that writes the page.
    """

    comparison: Comparison
    entries: Mapping[str, Entry]
    looks: Mapping[str, Examination]
    task: Task
    dataset: Dataset | None
    texts: bool
    created: str
    version: str

    @property
    def metric(self) -> str:
        """The metric by which the best is found."""
        return self.comparison.metric

    @cached_property
    def places(self) -> dict[str, int]:
        """By the reference of a row, its number on the page, from 1."""
        return {row.ref: number for number, row in enumerate(self.comparison.rows, 1)}

    @property
    def detailed(self) -> list[tuple[Row, Entry]]:
        """The rows with a section of their own, each with the entry that stands for it."""
        pairs = [(row, self.entries[stands_for(row, self.entries)]) for row in self.comparison.rows]
        return [(row, entry) for row, entry in pairs if entry.ref in self.looks]

    @property
    def baseline(self) -> Row | None:
        """The full fine-tuning that the others are held against."""
        return next((row for row in self.comparison.rows if row.baseline), None)

    @property
    def best(self) -> Row | None:
        """The row with the best value of the metric, if any could be ranked."""
        ranked = [row for row in self.comparison.rows if row.ranked]
        marked = [row for row in ranked if self.metric in row.best]
        near = [row for row in ranked if row.within_noise]
        return next(iter(marked or near), None)


def stands_for(row: Row, entries: Mapping[str, Entry]) -> str:
    """Choose the seed with the lowest validation loss: the test examples have no say in it."""
    losses = {ref: entries[ref].val_loss for ref in row.refs}
    finite = {ref: loss for ref, loss in losses.items() if loss is not None}
    return min(finite, key=lambda ref: finite[ref]) if finite else row.refs[0]

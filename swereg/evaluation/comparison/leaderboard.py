"""Rank the entries of a task on the examples that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from swereg.errors import Conflict, NotFound, UsageError
from swereg.evaluation.comparison.evidence import Evidence
from swereg.evaluation.comparison.notices import notices
from swereg.evaluation.comparison.pair import Between, between, shared
from swereg.evaluation.comparison.ranking import measure_rows, rank_rows
from swereg.evaluation.comparison.rows import (
    Row,
    difference_to,
    figure_of,
    in_order,
    make_row,
    mark_best,
    mark_varied,
    spread_of,
)
from swereg.evaluation.statistics import METRICS, Aligned, Fold, fold
from swereg.records.dataset import Split
from swereg.records.entry import Entry, Outline
from swereg.records.metrics import DEFAULT_METRIC, stored
from swereg.records.training import BASELINE


@dataclass(frozen=True)
class Comparison:
    """Entries of one task side by side.

    Attributes:
        split: the split that the scores are of, ``test`` or ``val``.
        metric: the one by which the best is found, and by which two are judged.
        examples: the number of examples on which the ranked rows are compared; 0 if there are none.
        rows: in the order asked for.
        between: for two entries, the one against the other.
        notices: what stands in the way of a fair reading.
        more: how many rows were left out, as only so many of the best were wanted.
    """

    task: str
    split: Split
    metric: str
    examples: int
    rows: tuple[Row, ...]
    between: Between | None = None
    notices: tuple[str, ...] = ()
    more: int = 0

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values."""
        rows = [{"ref": row.ref, **asdict(row)} for row in self.rows]
        pair = self.between.to_json() if self.between else None
        return {**asdict(replace(self, rows=(), between=None)), "rows": rows, "between": pair}


@dataclass(frozen=True)
class Choice:
    """Which entries to compare, of all of a task.

    Attributes:
        refs: of the entries of the best rows, in the order in which they were given.
        split: of which all have scores.
        entries, rows: how many there are in all.
    """

    refs: tuple[str, ...]
    split: Split
    entries: int
    rows: int


def compare(
    evidence: Sequence[Evidence],
    *,
    metric: str | None = None,
    folded: bool = False,
    sort: str | None = None,
    limit: int | None = None,
    choice: Choice | None = None,
) -> Comparison:
    """Put entries side by side; the newest full fine-tuning among them is the baseline.

    Args:
        metric: one of ``accuracy``, ``macro_f1``, ``mcc``, ``roc_auc``, ``loss``, ``ece`` and
            ``brier``; by default the task's own, else accuracy.
        folded: whether entries that differ in the seed alone become one row.
        sort: the column of ``metrics.directions`` by which rows are sorted, the best first; by
            default they stay in their order.
        limit: the most rows, apart from the baseline and the best one by the metric.
        choice: how those were chosen; by default they are all that there are.

    Raises:
        NotFound: there is nothing to compare.
        Conflict: the entries are of different tasks.
        UsageError: there is no such metric or column.
    """
    entries = [item.entry for item in evidence]
    outlines = [Outline.of(entry) for entry in entries]
    task, metric = _check(outlines), _metric(outlines, metric)
    groups, baseline = _groups(outlines, folded=folded), _baseline(outlines)
    chosen = choice or Choice((), _split(outlines), len(entries), len(groups))
    split, by_ref = chosen.split, {entry.ref: entry for entry in entries}
    two = chosen.entries == len(entries) == 2
    rows = [_stored(group, by_ref, baseline, split) for group in groups]
    counted = {ref for group in groups for ref in group.refs}
    able = [item for item in evidence if item.entry.ref in counted]
    paired = two and not folded
    aligned, why = shared(evidence, split) if paired else (_common(able, split), "")
    resampled = measure_rows(rows, aligned, list(METRICS) if paired else [*stored(), metric])
    ranked = rank_rows(rows, resampled, metric)
    pair = between(evidence[0], evidence[1], split, metric, resampled, why) if paired else None
    held = next((row for row in ranked if row.baseline), None)
    marked = mark_varied(mark_best([difference_to(row, held) for row in ranked]))
    if sort:
        marked = in_order(marked, sort, lambda make_row: make_row.figures.get(sort))
    cut = chosen.rows > len(groups) or limit is None  # already, or not at all
    shown = [
        row
        for at, row in enumerate(marked)
        if cut or at < (limit or 0) or row.baseline or metric in row.best
    ]
    return Comparison(
        task=task,
        split=split,
        metric=metric,
        examples=aligned.rows if aligned else 0,
        rows=tuple(shown),
        between=pair,
        notices=tuple(notices(evidence, marked, aligned, split, pair=two)),
        more=chosen.rows - len(shown),
    )


def choose_rows(
    outlines: Sequence[Outline], limit: int, *, metric: str | None, folded: bool, sort: str
) -> Choice:
    """Choose the entries of the best rows by a column, as they were scored when they were trained.

    The newest full fine-tuning among all is one of them, as the baseline, and so is the best one
    by the metric. All are, where the column or the metric was not stored with their scores.

    Raises:
        NotFound, Conflict, UsageError: as ``compare``.
    """
    _check(outlines)
    metric, split, baseline = _metric(outlines, metric), _split(outlines), _baseline(outlines)
    groups, by_ref = (
        _groups(outlines, folded=folded),
        {outline.ref: outline for outline in outlines},
    )

    def figure(column: str, group: Fold) -> float | None:
        values = [figure_of(by_ref[ref], column, split) for ref in group.refs]
        numbers = [value for value in values if value is not None]
        return sum(numbers) / len(numbers) if len(numbers) == len(values) else None

    groups_kept = groups
    scored = [outline for outline in outlines if outline.scores.get(split)]
    if all(
        figure_of(outline, column, split) is not None
        for outline in scored
        for column in (metric, sort)
    ):
        ordered = in_order(groups, sort, partial(figure, sort))
        best = in_order(ordered, metric, partial(figure, metric))[0]
        groups_kept = [
            group
            for at, group in enumerate(ordered)
            if at < limit or group == best or baseline in group.refs
        ]
    names = {ref for group in groups_kept for ref in (*group.refs, *group.repeats)}
    refs = tuple(outline.ref for outline in outlines if outline.ref in names)
    return Choice(refs, split, len(outlines), len(groups))


def _split(outlines: Sequence[Outline]) -> Split:
    """Test, where all that have scores have them on test."""
    return (
        "test" if all("test" in outline.scores for outline in outlines if outline.scores) else "val"
    )


def _metric(outlines: Sequence[Outline], metric: str | None) -> str:
    """Choose the judging metric: the one asked for, the task's own, or accuracy."""
    if metric is None:
        return outlines[0].metric if outlines[0].metric in METRICS else DEFAULT_METRIC
    if metric not in METRICS:
        raise UsageError(
            f"there is no metric {metric!r}",
            hint=f"Take one of {', '.join(METRICS)}.",
            code="compare.metric",
        )
    return metric


def _check(outlines: Sequence[Outline]) -> str:
    if not outlines:
        raise NotFound(
            "there is nothing to compare",
            hint="Train something first: swereg train --task sentiment",
            code="compare.empty",
        )
    tasks = sorted({outline.task for outline in outlines})
    if len(tasks) > 1:
        raise Conflict(
            "entries of different tasks cannot be compared",
            why=f"The tasks are {', '.join(tasks)}.",
            hint=f"Compare one at a time: swereg compare --task {tasks[0]}",
            code="compare.tasks",
        )
    return tasks[0]


def _groups(outlines: Sequence[Outline], *, folded: bool) -> list[Fold]:
    """Group entries, in the order of their first ones."""
    return fold(outlines) if folded else [Fold((outline.ref,)) for outline in outlines]


def _baseline(outlines: Sequence[Outline]) -> str:
    """The newest full fine-tuning, or ``""``."""
    full = [outline for outline in outlines if outline.method == BASELINE]
    return max(full, key=lambda outline: outline.created).ref if full else ""


def _common(evidence: Sequence[Evidence], split: Split) -> Aligned | None:
    """Find the entries that can be ranked together, and the examples that all of them answered.

    They are those that share at least half of the newest one's examples; of entries on the same
    data that is all of them.
    """
    able = [item for item in evidence if item.scored(split) is not None]
    if not able:
        return None
    newest = max(able, key=lambda item: item.entry.created)
    chosen, on_same_data = [], {newest.entry.dataset: True}
    for item in able:
        dataset = item.entry.dataset
        if dataset not in on_same_data:
            aligned, _ = shared([newest, item], split)
            on_same_data[dataset] = (
                aligned is not None and 2 * aligned.rows >= aligned.of[newest.entry.ref]
            )
        if on_same_data[dataset]:
            chosen.append(item)
    return shared(chosen, split)[0]


def _stored(group: Fold, by_ref: Mapping[str, Entry], baseline: str, split: Split) -> Row:
    """Make a row with its scores as they were stored; they stay where nothing better is known."""
    entries = [by_ref[ref] for ref in group.refs]
    made_row = make_row(entries, group.repeats, baseline=baseline in group.refs)
    means, deviations = spread_of([entry.scores.get(split, {}) for entry in entries])
    return replace(
        made_row,
        figures={**made_row.figures, **means},
        deviations={**made_row.deviations, **deviations},
    )

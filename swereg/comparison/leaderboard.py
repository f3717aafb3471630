"""Rank the entries of a task on the examples that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from swereg.comparison.between import Between, between, shared
from swereg.comparison.evidence import Evidence
from swereg.comparison.notices import notices
from swereg.comparison.ranking import RESAMPLED, measure, rank
from swereg.comparison.rows import (
    Row,
    against,
    figure_of,
    in_order,
    mark_best,
    mark_varied,
    row,
    spread,
)
from swereg.errors import Conflict, NotFound, UsageError
from swereg.records import BASELINE, Entry, Split
from swereg.statistics import METRICS, Aligned, fold

DEFAULT_METRIC = "accuracy"


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
        rows = [{"ref": one.ref, **asdict(one)} for one in self.rows]
        pair = self.between.to_json() if self.between else None
        return {**asdict(replace(self, rows=(), between=None)), "rows": rows, "between": pair}


def compare(
    those: Sequence[Evidence],
    *,
    metric: str | None = None,
    folded: bool = False,
    sort: str | None = None,
    limit: int | None = None,
    among: Sequence[Entry] = (),
) -> Comparison:
    """Put entries side by side; the newest full fine-tuning among them is the baseline.

    Args:
        metric: one of ``accuracy``, ``macro_f1``, ``mcc``, ``roc_auc``, ``loss``, ``ece`` and
            ``brier``; by default the task's own, else accuracy.
        folded: whether entries that differ in the seed alone become one row.
        sort: the column of ``BETTER_SMALL`` by which rows are sorted, the best first; by default
            they stay in their order.
        limit: the most rows, apart from the baseline and the best one by the metric.
        among: the entries of which those are the ``leading`` ones; by default there are no others.

    Raises:
        NotFound: there is nothing to compare.
        Conflict: the entries are of different tasks.
        UsageError: there is no such metric or column.
    """
    entries = [each.entry for each in those]
    whole = among or entries
    task, metric, split = _check(whole), _metric(whole, metric), _split(whole)
    two = len(whole) == 2 and not folded
    by_ref, baseline = {entry.ref: entry for entry in entries}, _baseline(entries)
    groups = _groups(entries, folded=folded)
    rows = [_stored(group, by_ref, baseline, split) for group in groups]
    counted = {ref for group in groups for ref in group.refs}
    able = [each for each in those if each.entry.ref in counted]
    aligned, why = shared(those, split) if two else (_common(able, split), "")
    found = measure(rows, aligned, list(METRICS) if two else [*RESAMPLED, metric])
    ranked = rank(rows, found, metric)
    pair = between(those[0], those[1], split, metric, found, why) if two else None
    held = next((one for one in ranked if one.baseline), None)
    marked = mark_varied(mark_best([against(one, held) for one in ranked]))
    if sort:
        marked = in_order(marked, sort, lambda one: one.figures.get(sort))
    cut = len(whole) > len(those) or limit is None  # already, or not at all
    shown = [one for at, one in enumerate(marked)
             if cut or at < (limit or 0) or one.baseline or metric in one.best]  # fmt: skip
    return Comparison(
        task=task,
        split=split,
        metric=metric,
        examples=aligned.rows if aligned else 0,
        rows=tuple(shown),
        between=pair,
        notices=tuple(notices(those, marked, aligned, split, pair=len(whole) == 2)),
        more=len(_groups(whole, folded=folded)) - len(shown),
    )


def leading(
    entries: Sequence[Entry], most: int, *, metric: str | None, folded: bool, sort: str
) -> list[Entry]:
    """Choose the entries of the best rows by a column, as they were scored when they were trained.

    The newest full fine-tuning among all is one of them, as the baseline, and so is the best one
    by the metric. All are, where the column or the metric was not stored with their scores.

    Returns:
        The entries in their order.

    Raises:
        NotFound, Conflict, UsageError: as ``compare``.
    """
    _check(entries)
    metric = _metric(entries, metric)
    split, by_ref, baseline = _split(entries), {one.ref: one for one in entries}, _baseline(entries)

    def figure(column: str, group: _Group) -> float | None:
        values = [figure_of(by_ref[ref], column, split) for ref in group.refs]
        there = [value for value in values if value is not None]
        return sum(there) / len(there) if len(there) == len(values) else None

    scored = [entry for entry in entries if entry.scores.get(split)]
    if any(figure_of(one, column, split) is None for one in scored for column in (metric, sort)):
        return list(entries)
    groups = in_order(_groups(entries, folded=folded), sort, partial(figure, sort))
    best = in_order(groups, metric, partial(figure, metric))[0]
    kept = [
        group
        for at, group in enumerate(groups)
        if at < most or group == best or baseline in group.refs
    ]
    names = {ref for group in kept for ref in (*group.refs, *group.repeats)}
    return [entry for entry in entries if entry.ref in names]


def _split(entries: Sequence[Entry]) -> Split:
    """Test, where all that have scores have them on test."""
    return "test" if all("test" in e.scores for e in entries if e.scores) else "val"


def _metric(entries: Sequence[Entry], asked: str | None) -> str:
    """Choose the judging metric: the one asked for, the task's own, or accuracy."""
    if asked is None:
        own = entries[0].about.get("metric", "")
        return own if own in METRICS else DEFAULT_METRIC
    if asked not in METRICS:
        raise UsageError(
            f"there is no metric {asked!r}",
            hint=f"Take one of {', '.join(METRICS)}.",
            code="compare.metric",
        )
    return asked


def _check(entries: Sequence[Entry]) -> str:
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
    return tasks[0]


class _Group(NamedTuple):
    """What becomes one row: an entry, or those of a recipe with each of its seeds."""

    refs: tuple[str, ...]
    repeats: tuple[str, ...] = ()


def _groups(entries: Sequence[Entry], *, folded: bool) -> list[_Group]:
    """Group entries, in the order of their first ones."""
    groups = {entry.ref: _Group((entry.ref,)) for entry in entries}
    if folded:
        place = {ref: at for at, ref in enumerate(groups)}
        for one in fold([entry for entry in entries if not entry.imported], lambda _: {}):
            first, *others = sorted((*one.refs, *one.repeats), key=place.__getitem__)
            groups[first] = _Group(one.refs, one.repeats)
            for other in others:
                del groups[other]
    return list(groups.values())


def _baseline(entries: Sequence[Entry]) -> str:
    """The newest full fine-tuning, or ``""``."""
    full = [entry for entry in entries if entry.method == BASELINE]
    return max(full, key=lambda entry: entry.created).ref if full else ""


def _common(those: Sequence[Evidence], split: Split) -> Aligned | None:
    """Find the entries that can be ranked together, and the examples that all of them answered.

    They are those that share at least half of the newest one's examples; of entries on the same
    data that is all of them.
    """
    able = [each for each in those if each.scored(split) is not None]
    if not able:
        return None
    newest = max(able, key=lambda each: each.entry.created)
    chosen, known = [], {newest.entry.dataset: True}
    for each in able:
        dataset = each.entry.dataset
        if dataset not in known:
            found, _ = shared([newest, each], split)
            known[dataset] = found is not None and 2 * found.rows >= found.of[newest.entry.ref]
        if known[dataset]:
            chosen.append(each)
    return shared(chosen, split)[0]


def _stored(group: _Group, by_ref: Mapping[str, Entry], baseline: str, split: Split) -> Row:
    """Make a row with its scores as they were stored; they stay where nothing better is known."""
    entries = [by_ref[ref] for ref in group.refs]
    one = row(entries, group.repeats, baseline=baseline in group.refs)
    means, deviations = spread([entry.scores.get(split, {}) for entry in entries])
    return replace(
        one, figures={**one.figures, **means}, deviations={**one.deviations, **deviations}
    )

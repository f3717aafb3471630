"""Rank the entries of a task on the examples that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from swereg.comparison.between import Between, between, shared
from swereg.comparison.evidence import Evidence
from swereg.comparison.notices import notices
from swereg.comparison.ranking import rank
from swereg.comparison.rows import Row, against, in_order, mark_best, mark_varied, row, spread
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
    """

    task: str
    split: Split
    metric: str
    examples: int
    rows: tuple[Row, ...]
    between: Between | None = None
    notices: tuple[str, ...] = ()

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
) -> Comparison:
    """Put entries side by side; the newest full fine-tuning among them is the baseline.

    Args:
        metric: one of ``accuracy``, ``macro_f1``, ``mcc``, ``roc_auc``, ``loss``, ``ece`` and
            ``brier``; by default the task's own, else accuracy.
        folded: whether entries that differ in the seed alone become one row.
        sort: the column of ``BETTER_SMALL`` by which rows are sorted, the best first; by default
            they stay in their order.

    Raises:
        NotFound: there is nothing to compare.
        Conflict: the entries are of different tasks.
        UsageError: there is no such metric or column.
    """
    task = _check(those)
    metric = _metric(those, metric)
    entries = [each.entry for each in those]
    split: Split = "test" if all("test" in e.scores for e in entries if e.scores) else "val"
    pair = None
    if len(those) == 2 and not folded:
        pair, aligned = between(those[0], those[1], split, metric)
    else:
        aligned = _common(those, split)
    rows = [_stored(one, entries, split) for one in _groups(entries, folded=folded)]
    ranked = rank(rows, aligned, metric)
    baseline = next((one for one in ranked if one.baseline), None)
    marked = mark_varied(mark_best([against(one, baseline) for one in ranked]))
    return Comparison(
        task=task,
        split=split,
        metric=metric,
        examples=aligned.rows if aligned else 0,
        rows=tuple(in_order(marked, sort) if sort else marked),
        between=pair,
        notices=tuple(notices(those, marked, aligned, split)),
    )


def _metric(those: Sequence[Evidence], asked: str | None) -> str:
    """Choose the judging metric: the one asked for, the task's own, or accuracy."""
    if asked is None:
        own = those[0].entry.about.get("metric", "")
        return own if own in METRICS else DEFAULT_METRIC
    if asked not in METRICS:
        raise UsageError(
            f"there is no metric {asked!r}",
            hint=f"Take one of {', '.join(METRICS)}.",
            code="compare.metric",
        )
    return asked


def _check(those: Sequence[Evidence]) -> str:
    if not those:
        raise NotFound(
            "there is nothing to compare",
            hint="Train something first: swereg train --task sentiment",
            code="compare.empty",
        )
    tasks = sorted({each.entry.task for each in those})
    if len(tasks) > 1:
        raise Conflict(
            "entries of different tasks cannot be compared",
            why=f"The tasks are {', '.join(tasks)}.",
            hint=f"Compare one at a time: swereg compare --task {tasks[0]}",
            code="compare.tasks",
        )
    return tasks[0]


def _groups(entries: Sequence[Entry], *, folded: bool) -> list[Row]:
    """Make a row of each entry, or of each recipe with all its seeds."""
    full = [entry for entry in entries if entry.method == BASELINE]
    newest = max(full, key=lambda entry: entry.created, default=None)
    by_ref = {entry.ref: entry for entry in entries}
    groups: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    groups = {entry.ref: ((entry.ref,), ()) for entry in entries}
    if folded:
        trained = [entry for entry in entries if not entry.imported]
        for one in fold(trained, lambda _: {}):
            first, *others = sorted((*one.refs, *one.repeats), key=list(by_ref).index)
            groups[first] = (one.refs, one.repeats)
            for other in others:
                del groups[other]
    return [
        row([by_ref[ref] for ref in refs], repeats, baseline=newest in map(by_ref.get, refs))
        for refs, repeats in groups.values()
    ]


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


def _stored(one: Row, entries: Sequence[Entry], split: Split) -> Row:
    """Add a row's scores as they were stored; they stay where nothing better is known."""
    scores = [entry.scores.get(split, {}) for entry in entries if entry.ref in one.refs]
    means, deviations = spread(scores)
    return replace(
        one, figures={**one.figures, **means}, deviations={**one.deviations, **deviations}
    )

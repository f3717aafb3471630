"""Measure rows on the examples that they share: scores, intervals, places, the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from swereg.evaluation.comparison.rows import Row, spread
from swereg.evaluation.statistics import METRICS, Aligned, Resampled, resample, standings

SHOWN = ("accuracy", "macro_f1", "roc_auc")
RESAMPLED = ("accuracy", "macro_f1")  # ROC-AUC takes ten times as long; only if it judges


def measure(
    rows: Sequence[Row], aligned: Aligned | None, metrics: Sequence[str]
) -> dict[str, Resampled]:
    """Resample some metrics of the rows of which every entry is among the aligned ones."""
    scored = aligned.scored if aligned else {}
    groups = {
        one.ref: [scored[ref] for ref in one.refs]
        for one in rows
        if all(ref in scored for ref in one.refs)
    }
    return resample(groups, list(dict.fromkeys(metrics))) if groups else {}


def rank(rows: Sequence[Row], found: Mapping[str, Resampled], metric: str) -> list[Row]:
    """Rank the rows that were measured; leave the others alone."""
    if not found:
        return list(rows)
    shown = {name: found[name] for name in dict.fromkeys([*RESAMPLED, metric])}
    near, able = _near(found[metric]), found[metric].groups
    base = next((one.ref for one in rows if one.baseline and one.ref in able), None)
    return [_measured(one, shown, near, base) if one.ref in able else one for one in rows]


def _near(found: Resampled) -> set[str]:
    """Name the rows that cannot be told from the best; none where the metric decides nothing."""
    first = next(iter(found.groups.values()))[0]
    if found.metric.undecided(first):
        return set()
    return {place.name for place in standings(found) if place.within_noise}


def _measured(one: Row, found: Mapping[str, Resampled], near: set[str], base: str | None) -> Row:
    """Add to a row what the shared examples tell of it."""
    ref = one.ref
    scored = next(iter(found.values())).groups[ref]
    values = {name: each.singles[ref] for name, each in found.items()}
    values |= {name: [METRICS[name].value(one) for one in scored] for name in {*SHOWN} - {*found}}
    known = [
        dict(zip(values, column, strict=True)) for column in zip(*values.values(), strict=True)
    ]
    means, deviations = spread(known)
    intervals = {name: each.interval(ref) for name, each in found.items()}
    held = base is not None and ref != base
    return replace(
        one,
        ranked=True,
        figures={**one.figures, **means},
        deviations={**one.deviations, **deviations},
        intervals={name: limits for name, limits in intervals.items() if limits},
        within_noise=ref in near,
        verdicts={n: each.difference(base, ref) for n, each in found.items()}
        if held and base is not None
        else {},
    )

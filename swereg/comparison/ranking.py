"""Measure rows on the examples that they share: scores, intervals, places, the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from swereg.comparison.rows import Row, spread
from swereg.statistics import METRICS, Aligned, Resampled, resample, standings

SHOWN = ("accuracy", "macro_f1", "roc_auc")
RESAMPLED = ("accuracy", "macro_f1")  # ROC-AUC takes ten times as long; only if it judges


def rank(rows: Sequence[Row], aligned: Aligned | None, metric: str) -> list[Row]:
    """Rank the rows of which every entry is among the aligned ones; leave the others alone."""
    able = [one for one in rows if aligned and all(ref in aligned.scored for ref in one.refs)]
    if not able or aligned is None:
        return list(rows)
    groups = {one.ref: [aligned.scored[ref] for ref in one.refs] for one in able}
    found = resample(groups, list(dict.fromkeys([*RESAMPLED, metric])))
    near = _near(found[metric])
    base = next((one.ref for one in able if one.baseline), None)
    return [_measured(one, found, near, base) if one in able else one for one in rows]


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
    known = [{name: METRICS[name].value(s) for name in {*SHOWN, *found}} for s in scored]
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

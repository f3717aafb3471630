"""Measure rows on the examples that they share: scores, intervals, places, the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from swereg.evaluation.comparison.rows import Row, spread_of
from swereg.evaluation.statistics import METRICS, Aligned, Resampled, resample, standings
from swereg.records.metrics import columns, stored


def measure_rows(
    rows: Sequence[Row], aligned: Aligned | None, metrics: Sequence[str]
) -> dict[str, Resampled]:
    """Resample some metrics of the rows of which every entry is among the aligned ones."""
    scored = aligned.scored if aligned else {}
    groups = {
        row.ref: [scored[ref] for ref in row.refs]
        for row in rows
        if all(ref in scored for ref in row.refs)
    }
    return resample(groups, list(dict.fromkeys(metrics))) if groups else {}


def rank_rows(rows: Sequence[Row], resampled: Mapping[str, Resampled], metric: str) -> list[Row]:
    """Rank the rows that were measured; leave the others alone."""
    if not resampled:
        return list(rows)
    shown = {name: resampled[name] for name in dict.fromkeys([*stored(), metric])}
    near, able = _near(resampled[metric]), resampled[metric].groups
    base = next((row.ref for row in rows if row.baseline and row.ref in able), None)
    return [_measured(row, shown, near, base) if row.ref in able else row for row in rows]


def _near(resampled: Resampled) -> set[str]:
    """Name the rows that cannot be told from the best; none where the metric decides nothing."""
    first = next(iter(resampled.groups.values()))[0]
    if resampled.metric.undecided(first):
        return set()
    return {place.name for place in standings(resampled) if place.within_noise}


def _measured(
    row: Row, resampled: Mapping[str, Resampled], near: set[str], base: str | None
) -> Row:
    """Add to a row what the shared examples tell of it."""
    ref = row.ref
    scored = next(iter(resampled.values())).groups[ref]
    values = {name: sample.singles[ref] for name, sample in resampled.items()}
    values |= {
        name: [METRICS[name].value(row) for row in scored] for name in {*columns()} - {*resampled}
    }
    defined = [
        dict(zip(values, column, strict=True)) for column in zip(*values.values(), strict=True)
    ]
    means, deviations = spread_of(defined)
    intervals = {name: sample.interval(ref) for name, sample in resampled.items()}
    held = base is not None and ref != base
    return replace(
        row,
        ranked=True,
        figures={**row.figures, **means},
        deviations={**row.deviations, **deviations},
        intervals={name: limits for name, limits in intervals.items() if limits},
        within_noise=ref in near,
        verdicts={n: sample.difference(base, ref) for n, sample in resampled.items()}
        if held and base is not None
        else {},
    )

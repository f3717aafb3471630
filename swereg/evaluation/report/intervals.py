"""A score as a point between the limits of its interval, on one scale for all rows."""

from __future__ import annotations

from collections.abc import Sequence

from swereg.evaluation.comparison import Row
from swereg.evaluation.report import svg
from swereg.evaluation.report.html import Html, el
from swereg.evaluation.report.scales import Scale, around

_WIDTH, _HEIGHT = 180, 22


def scale(rows: Sequence[Row], metric: str) -> Scale | None:
    """Find the scale on which all rows fit; None where no score is known."""
    values = [row.figures[metric] for row in rows if metric in row.figures]
    for row in rows:
        limits = row.intervals.get(metric)
        values += [limits.low, limits.high] if limits else []
    return Scale(*around(values), 6, _WIDTH - 6) if values else None


def interval(row: Row, metric: str, across: Scale, baseline: float | None) -> Html | None:
    """Draw a row's score and its limits; the figures stand beside it, so it is decoration."""
    value, limits = row.figures.get(metric), row.intervals.get(metric)
    if value is None:
        return None
    middle = _HEIGHT / 2
    reference = baseline is not None and svg.rule(
        across(baseline), 1, across(baseline), _HEIGHT - 1, "reference"
    )
    whisker = limits and svg.rule(across(limits.low), middle, across(limits.high), middle, "range")
    return el(
        "svg",
        svg.rule(across.start, middle, across.end, middle, "grid"),
        reference or None,
        whisker or None,
        svg.dot(across(value), middle, 4.5, "near" if row.within_noise else "far"),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        class_="interval",
        aria_hidden="true",
    )


def axis(across: Scale) -> Html:
    """Number the scale, above the drawings."""
    ticks = across.ticks(4)
    marks = [svg.words(across(tick), 12, f"{tick:.3g}") for tick in ticks]
    return el("svg", *marks, viewBox=f"0 0 {_WIDTH} 16", class_="interval", aria_hidden="true")

"""What accuracy costs: the score of each row over the parameters that learnt."""

from __future__ import annotations

import math

from swereg.evaluation.comparison import Row
from swereg.evaluation.report import svg, typesetting
from swereg.evaluation.report.contents import Contents
from swereg.evaluation.report.html import Html, Part, el
from swereg.evaluation.report.panels import number
from swereg.evaluation.report.scales import Scale, around
from swereg.records import formatting

_SIZE = (420, 300)
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 408, 12, 252
_MOST_NAMED = 12
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def worth(contents: Contents) -> Html | None:
    """Draw score against trainable parameters; None where all rows cost the same."""
    metric = contents.metric
    rows = [row for row in contents.comparison.rows if row.ranked and metric in row.figures]
    costs = [math.log10(max(1.0, row.figures["trainable"])) for row in rows]
    if len({round(cost, 3) for cost in costs}) < 2:
        return None
    values = [row.figures[metric] for row in rows]
    for row in rows:
        limits = row.intervals.get(metric)
        values += [limits.low, limits.high] if limits else []
    x = Scale(math.floor(min(costs)), math.ceil(max(costs)), _LEFT + 8, _RIGHT - 8)
    y = Scale(*around(values), _BOTTOM, _TOP)
    title = f"{typesetting.title_of(metric)} over trainable parameters"
    drawn = svg.drawing(
        _SIZE,
        title,
        "; ".join(_told(row, metric) for row in rows) + ".",
        *svg.axis_y(y, (_LEFT, _RIGHT), y.ticks(6), "g"),
        *_powers(x),
        svg.words((_LEFT + _RIGHT) / 2, _BOTTOM + 34, "trainable parameters"),
        *(
            part
            for row, cost in reversed(list(zip(rows, costs, strict=True)))
            for part in _mark(contents, row, (x(cost), y(row.figures[metric])), y)
        ),
        class_="worth",
    )
    key = [
        el("li", number(contents, row), " ", el("b", row.ref), " ", el("small", _cost(row, metric)))
        for row in rows[:_MOST_NAMED]
    ]
    words = el("p", "Lines are 95\u202f% intervals. The higher and the further left, the better.")
    return el("figure", drawn, el("figcaption", el("ul", *key), words))


def _powers(x: Scale) -> list[Part]:
    """Number the axis in powers of ten."""
    exponents = range(math.floor(x.low), math.ceil(x.high) + 1)
    step = max(1, round(len(exponents) / 7))
    axis = svg.rule(x.start, _BOTTOM, x.end, _BOTTOM, "axis")
    return [axis, *(svg.words(x(at), _BOTTOM + 15, _power(at)) for at in exponents[::step])]


def _power(exponent: int) -> str:
    """Write a power of ten: 100k."""
    value = 10.0**exponent
    for unit, sign in _UNITS:
        if value >= unit:
            return f"{value / unit:g}{sign}"
    return f"{value:g}"


def _mark(contents: Contents, row: Row, at: svg.Point, y: Scale) -> list[Part]:
    limits = row.intervals.get(contents.metric)
    state = "near" if row.within_noise else "far"
    whisker = svg.rule(at[0], y(limits.low), at[0], y(limits.high), "range") if limits else None
    return [
        whisker,
        svg.dot(*at, 10, f"place {state}", el("title", _told(row, contents.metric))),
        svg.words(at[0], at[1] + 4, contents.places[row.ref], f"place {state}"),
    ]


def _cost(row: Row, metric: str) -> str:
    size = typesetting.shown(row.figures.get("size"), formatting.size)
    learnt = typesetting.shown(row.figures["trainable"], formatting.count)
    return f"{typesetting.metric(metric, row.figures[metric])}, {learnt} parameters, {size}"


def _told(row: Row, metric: str) -> str:
    return (
        f"{row.ref}: {typesetting.metric(metric, row.figures[metric])} with "
        f"{formatting.count(row.figures['trainable'])} parameters"
    )

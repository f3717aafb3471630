"""Reliability diagrams: how often answers of each probability are right."""

from __future__ import annotations

import math

from swereg.evaluation.report import svg
from swereg.evaluation.report.contents import Contents
from swereg.evaluation.report.html import Html, Part, el, joined
from swereg.evaluation.report.panels import panel
from swereg.evaluation.report.scales import Scale
from swereg.evaluation.statistics import Bin, Report
from swereg.records import formatting

_SIZE = (300, 262)
_X = Scale(0, 1, 36, 286)
_Y = Scale(0, 1, 226, 10)
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LARGEST = 10.0  # the radius of a bin that has all answers


def calibration(contents: Contents) -> Html:
    """Draw the reliability diagram of each detailed row."""
    drawn = [
        panel(contents, row, diagram(entry.ref, look.report), verdict(look.report))
        for row, entry in contents.detailed
        for look in [contents.looks[entry.ref]]
    ]
    return el("div", *drawn, class_="panels small")


def diagram(ref: str, report: Report) -> Html:
    """Draw a dot for each bin that has answers: its area is their number."""
    bins = [filled for filled in report.bins if filled.rows]
    description = f"{verdict(report)} Bins: " + "; ".join(
        f"{filled.rows} with mean probability {filled.confidence:.2f}, {filled.accuracy:.2f} right"
        for filled in bins
    )
    return svg.drawing(
        _SIZE,
        f"Reliability diagram of {ref}",
        description,
        *svg.axis_y(_Y, (_X.start, _X.end), _TICKS, ".2g"),
        *svg.axis_x(_X, _Y.start, _TICKS, ".2g"),
        svg.words((_X.start + _X.end) / 2, _Y.start + 30, "probability of the answer"),
        svg.rule(_X(0), _Y(0), _X(1), _Y(1), "ideal"),
        *(part for filled in bins for part in _bin(filled, report.rows)),
        class_="reliability",
    )


def _bin(filled: Bin, rows: int) -> list[Part]:
    x, y = _X(filled.confidence or 0), _Y(filled.accuracy or 0)
    radius = max(2.0, _LARGEST * math.sqrt(filled.rows / rows))
    several = formatting.several(filled.rows, "answer")
    summary = f"{several}: mean probability {filled.confidence:.2f}, {filled.accuracy:.2f} right"
    return [
        svg.rule(x, y, x, _Y(filled.confidence or 0), "gap", width=radius / 2),
        svg.dot(x, y, radius, "bin", el("title", summary)),
    ]


def verdict(report: Report) -> str:
    """Say whether the probabilities can be believed, as far as the examples tell."""
    error, chance = report.figures["ece"].value, report.calibrated
    if error is None:
        return "The calibration error is not defined."
    text = f"Calibration error {error:.3f}"
    range_ = f"{chance.low:.3f} to {chance.high:.3f}"
    if error <= chance.high:
        return f"{text}: no more than chance would give a perfectly calibrated entry ({range_})."
    return f"{text}, above what chance gives ({range_}): {_side(report)}."


def _side(report: Report) -> str:
    """Say on which side the answers err: the mean probability against the share that is right."""
    sure = sum(filled.rows * (filled.confidence or 0) for filled in report.bins) / report.rows
    right = sum(filled.rows * (filled.accuracy or 0) for filled in report.bins) / report.rows
    side = "too sure of itself" if sure > right else "less sure than it could be"
    return f"{side}, {sure:.0%} sure on average and {right:.0%} right".replace("%", "\u202f%")


def explanation() -> Html:
    """Say how a diagram is read."""
    return joined(
        "Each dot gathers answers of similar probability; the larger, the more. On the diagonal, "
        "answers given with 80\u202f% are right 80\u202f% of the time. Below it an entry is too "
        "sure, above it too modest."
    )

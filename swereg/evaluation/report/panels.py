"""Drawings side by side, one for each entry."""

from __future__ import annotations

from swereg.evaluation.comparison import Row
from swereg.evaluation.report.contents import Contents, stands_for
from swereg.evaluation.report.html import Html, el


def panel(contents: Contents, row: Row, drawing: Html, caption: str) -> Html:
    """Set a drawing under its entry's name and over its caption."""
    return el(
        "figure",
        el("h3", number(contents, row), " ", stands_for(row, contents.entries)),
        drawing,
        el("figcaption", caption),
    )


def number(contents: Contents, row: Row) -> Html:
    """Write the number that a row has all over the page."""
    return el("span", contents.places[row.ref], class_="number")

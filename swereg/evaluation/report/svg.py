"""The parts that the drawings share. Colours are the page's, by class; see style.css."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from swereg.evaluation.report.html import Html, Part, el
from swereg.evaluation.report.scales import Scale

Point = tuple[float, float]


def drawing(size: tuple[int, int], title: str, description: str, *parts: Part, class_: str) -> Html:
    """Build a drawing that says in words what it shows; ``size`` is in units of the drawing."""
    return el(
        "svg",
        el("title", title),
        el("desc", description),
        *parts,
        viewBox=f"0 0 {size[0]} {size[1]}",
        role="img",
        aria_label=f"{title}. {description}",
        class_=class_,
    )


def line(points: Iterable[Point], class_: str) -> Html:
    """Draw a line through points."""
    return el("polyline", points=" ".join(f"{x:g},{y:g}" for x, y in points), class_=class_)


def rule(
    x1: float, y1: float, x2: float, y2: float, class_: str, *, width: float | None = None
) -> Html:
    """Draw a straight line."""
    ends = {"x1": f"{x1:g}", "y1": f"{y1:g}", "x2": f"{x2:g}", "y2": f"{y2:g}"}
    return el("line", **ends, class_=class_, stroke_width=None if width is None else f"{width:g}")


def dot(x: float, y: float, radius: float, class_: str, *children: Part) -> Html:
    """Draw a point."""
    return el("circle", *children, cx=f"{x:g}", cy=f"{y:g}", r=f"{radius:.2f}", class_=class_)


def words(x: float, y: float, text: Part, class_: str = "tick", anchor: str = "middle") -> Html:
    """Write into a drawing."""
    return el("text", text, x=f"{x:g}", y=f"{y:g}", class_=class_, text_anchor=anchor)


def axis_x(scale: Scale, y: float, ticks: Sequence[float], form: str = "g") -> list[Part]:
    """Number the horizontal axis that lies at ``y``."""
    base = rule(scale.start, y, scale.end, y, "axis")
    return [base, *(words(scale(tick), y + 16, f"{tick:{form}}") for tick in ticks)]


def axis_y(
    scale: Scale, ends: tuple[float, float], ticks: Sequence[float], form: str
) -> list[Part]:
    """Number the vertical axis, with fine lines from one end to the other."""
    start, right = ends
    grid = [rule(start, scale(tick), right, scale(tick), "grid") for tick in ticks]
    marks = [words(start - 6, scale(tick) + 4, f"{tick:{form}}", anchor="end") for tick in ticks]
    return [*grid, *marks]

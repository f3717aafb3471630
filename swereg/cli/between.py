"""Two entries side by side: what differs, every metric, and one plain sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swereg import figures
from swereg.cli import output, tables
from swereg.cli.tables import Column

if TYPE_CHECKING:
    from swereg.comparison import Between, Change, Comparison
    from swereg.statistics import Difference, Figure

Line = tuple[str, str, str, str]  # a name, A, B, B minus A

COSTS = {
    "val_loss": ("val loss", figures.loss),
    "trainable": ("trainable", figures.count),
    "size": ("size", figures.size),
    "seconds": ("time", figures.duration),
}


def draw(between: Between, found: Comparison, form: str = "") -> None:
    """Draw the metrics, then what differs, then the sentence."""
    names = (between.a, between.b)
    measured, changed = metrics(between) + costs(found), [line(each) for each in between.changes]
    if form == "md":
        tables.show(_columns(*names, third=True), measured, form)
        output.data("")
        tables.show(_columns(*names, third=False), changed, form)
        output.data(f"\n{between.sentence}")
        return
    output.line(f"{found.task}, scores on {_examples(between, found)}")
    output.data("")
    tables.show(_columns(*names, third=True), measured)
    if changed:
        output.data("")
        output.line("What differs")
        output.data("")
        tables.show(_columns(*names, third=False), changed)
    output.data("")
    output.line(between.sentence)


def metrics(between: Between) -> list[Line]:
    """Every metric of both with its limits, and the difference with its own."""
    if between.pair is None:
        return []
    a, b = (between.figures[name] for name in (between.a, between.b))
    return [
        (figures.METRICS[name], _figure(a[name]), _figure(b[name]), _difference(each))
        for name, each in between.pair.differences.items()
        if a[name].value is not None
    ]


def costs(found: Comparison) -> list[Line]:
    """What each took, where it is known of both."""
    a, b = (row.figures for row in found.rows)
    return [
        (title, write(a[key]), write(b[key]), figures.signed(b[key] - a[key], write))
        for key, (title, write) in COSTS.items()
        if key in a and key in b
    ]


def line(change: Change) -> Line:
    """Write a change."""
    name = change.name.replace("_", " ")
    if change.part in ("base", "environment"):
        name = f"{change.part}: {name}"
    return name, _value(change.a), _value(change.b), ""


def _columns(a: str, b: str, *, third: bool) -> tuple[Column[Line], ...]:
    last = (Column[Line]("difference", "difference", lambda each: each[3], keep=1),)
    return (
        Column("what", "what", lambda each: each[0], keep=4),
        Column("a", a, lambda each: each[1], keep=3, least=12),
        Column("b", b, lambda each: each[2], keep=2, least=12),
        *(last if third else ()),
    )


def _figure(figure: Figure) -> str:
    shown = figures.known(figure.value, figures.writer(figure.metric))
    return " ".join([shown, *figures.limits(figure.interval)])


def _difference(found: Difference) -> str:
    if found.value is None:
        return figures.UNKNOWN
    shown = figures.signed(found.value, figures.writer(found.metric))
    mark = [] if found.verdict == "indistinguishable" else [found.verdict]
    return " ".join([shown, *figures.limits(found.interval, signed=True), *mark])


def _value(value: Any) -> str:
    if value is None:
        return figures.UNKNOWN
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    shown = figures.plain(value)
    return shown[:12] if len(shown) == 64 and shown.isalnum() else shown


def _examples(between: Between, found: Comparison) -> str:
    split = figures.SPLITS[found.split]
    return figures.several(between.rows, f"{split} example") if between.rows else split

"""Two entries side by side: what differs, every metric, and one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from swereg.cli import output
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.records import formatting
from swereg.records.metrics import METRICS

if TYPE_CHECKING:
    from swereg.api.values import Between, Change, Comparison, Difference, Figure

Line = tuple[str, str, str, str]  # a name, A, B, B minus A

COSTS = {
    "val_loss": ("val loss", formatting.loss),
    "trainable": ("trainable", formatting.count),
    "size": ("size", formatting.size),
    "seconds": ("time", formatting.duration),
}


def draw_pair(between: Between, comparison: Comparison, form: str = "") -> None:
    """Draw the metrics, then what differs, then the sentence."""
    names = (between.a, between.b)
    measured, changed = (
        metrics(between) + costs(comparison),
        [line(change) for change in between.changes],
    )
    if form == "md":
        tables.show(_columns(*names, third=True), measured, form)
        output.data("")
        tables.show(_columns(*names, third=False), changed, form)
        output.data(f"\n{_rows(between.data)}" if between.data else "")
        output.data(between.sentence)
        return
    output.line(f"{comparison.task}, scores on {_examples(between, comparison)}")
    output.data("")
    tables.show(_columns(*names, third=True), measured)
    if changed:
        output.data("")
        output.line("What differs")
        output.data("")
        tables.show(_columns(*names, third=False), changed)
    if between.data:
        output.data("")
        output.line(_rows(between.data))
    output.data("")
    output.line(between.sentence)


def metrics(between: Between) -> list[Line]:
    """Every metric of both with its limits, and the difference with its own."""
    if between.pair is None:
        return []
    a, b = (between.figures[name] for name in (between.a, between.b))
    return [
        (METRICS[name].title, _figure(a[name]), _figure(b[name]), _difference(difference))
        for name, difference in between.pair.differences.items()
        if a[name].value is not None
    ]


def costs(comparison: Comparison) -> list[Line]:
    """What each took, where it is known of both."""
    a, b = (row.figures for row in comparison.rows)
    return [
        (title, write(a[key]), write(b[key]), formatting.signed(b[key] - a[key], write))
        for key, (title, write) in COSTS.items()
        if key in a and key in b
    ]


def line(change: Change) -> Line:
    """Write a change."""
    name = change.name.replace("_", " ")
    if change.part in ("base", "environment"):
        name = f"{change.part}: {name}"
    return name, _value(change.a), _value(change.b), ""


def _rows(data: Mapping[str, int]) -> str:
    """Say what changed from the one's rows to the other's."""
    counts = [f"{formatting.count(number)} {kind}" for kind, number in data.items() if number]
    return f"Rows of their data: {', '.join(counts)}."


def _columns(a: str, b: str, *, third: bool) -> tuple[Column[Line], ...]:
    last = (Column[Line]("difference", "difference", lambda row: row[3], keep=1),)
    return (
        Column("what", "what", lambda row: row[0], keep=4),
        Column("a", a, lambda row: row[1], keep=3, least=12),
        Column("b", b, lambda row: row[2], keep=2, least=12),
        *(last if third else ()),
    )


def _figure(figure: Figure) -> str:
    shown = formatting.known(figure.value, formatting.writer(figure.metric))
    return " ".join([shown, *formatting.limits(figure.interval)])


def _difference(difference: Difference) -> str:
    if difference.value is None:
        return formatting.UNKNOWN
    shown = formatting.signed(difference.value, formatting.writer(difference.metric))
    mark = [] if difference.verdict == "indistinguishable" else [difference.verdict]
    return " ".join([shown, *formatting.limits(difference.interval, signed=True), *mark])


def _value(value: Any) -> str:
    if value is None:
        return formatting.UNKNOWN
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    shown = formatting.plain(value)
    return shown[:12] if len(shown) == 64 and shown.isalnum() else shown


def _examples(between: Between, comparison: Comparison) -> str:
    split = formatting.SPLITS[comparison.split]
    return formatting.several(between.rows, f"{split} example") if between.rows else split

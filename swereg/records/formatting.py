"""Figures as a person reads them, in a terminal or on a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from swereg.records.metrics import METRICS, titles

SPLITS = {"train": "train", "val": "validation", "test": "test"}
UNKNOWN = "-"
NO_BASE = "none"

Writer = Callable[[float], str]

T = TypeVar("T")


class Limits(Protocol):
    """The two ends of an interval."""

    @property
    def low(self) -> float: ...  # noqa: D102

    @property
    def high(self) -> float: ...  # noqa: D102


def count(value: float) -> str:
    """A number of things: 148,994."""
    return f"{value:,.0f}"


def known(value: float | None, write: Callable[[float], str]) -> str:
    """A figure, or a dash where it is not known."""
    return UNKNOWN if value is None else write(value)


def several(value: int, thing: str, things: str = "") -> str:
    """A number with its noun: 1 epoch, 5 epochs; ``things`` where an s is not enough."""
    return f"{value:,} {thing}" if value == 1 else f"{value:,} {things or f'{thing}s'}"


def loss(value: float) -> str:
    """A loss in nats: 0.2831."""
    return f"{value:.4f}"


def share(value: float) -> str:
    """A score between 0 and 1: 0.880."""
    return f"{value:.3f}"


def writer(metric: str) -> Writer:
    """How a metric's values are written."""
    facts = METRICS.get(metric)
    return share if facts is None or facts.is_share else loss


def signed(value: float, write: Writer) -> str:
    """A difference with its sign: +0.020."""
    return write(value) if value < 0 else f"+{write(value)}"


def limits(interval: Limits | None, *, signed: bool = False) -> list[str]:
    """The limits of an interval in brackets, (0.62 to 0.79); nothing where there are none."""
    if interval is None:
        return []
    form = "+.2f" if signed else ".2f"
    return [f"({interval.low:{form}} to {interval.high:{form}})"]


def percent(value: float) -> str:
    """A share in percent: 0.1193 %."""
    return f"{value:.4g} %"


def size(value: float) -> str:
    """A number of bytes, in powers of ten: 599 kB."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < 999.5 or unit == "GB":
            break
        value /= 1000
    return f"{value:.1f} {unit}" if abs(value) < 9.95 and unit != "B" else f"{value:.0f} {unit}"


def duration(value: float) -> str:
    """A number of seconds: 0.4 s, 41 s, 3 min 05 s, 2 h 10 min."""
    if abs(value) < 59.5:
        return f"{value:.1f} s" if abs(value) < 9.95 else f"{value:.0f} s"
    sign, seconds = "-" if value < 0 else "", round(abs(value))
    if seconds < 3600:
        return f"{sign}{seconds // 60} min {seconds % 60:02} s"
    return f"{sign}{seconds // 3600} h {seconds % 3600 // 60:02} min"


def ago(created: str, now: datetime | None = None) -> str:
    """How long ago something was: 3 h ago; after a month its date."""
    then = datetime.fromisoformat(created)
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    if seconds >= 30 * 86400:
        return then.date().isoformat()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "just now"


def metric(name: str, value: float) -> str:
    """A metric with its name: macro-F1 0.880."""
    return f"{titles().get(name, name)} {writer(name)(value)}"


def scores(values: Mapping[str, float]) -> str:
    """All metrics of a split: loss 0.2831, accuracy 0.880, ..."""
    return ", ".join(metric(name, value) for name, value in in_order(values, titles()))


def in_order(values: Mapping[str, T], order: Iterable[str]) -> list[tuple[str, T]]:
    """The items of a mapping, those with a known place first."""
    ordered = [key for key in order if key in values]
    return [
        (key, values[key]) for key in [*ordered, *(key for key in values if key not in ordered)]
    ]


def plain(value: object) -> str:
    """A value of a recipe, without a needless point zero."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def trainable(learnt: int, total: int) -> str:
    """Parameters that learn, of all: 148,994 of 124,838,404 parameters (0.1193 %)."""
    return f"{learnt:,} of {total:,} parameters ({percent(100 * learnt / total)})"


def sparklines(
    *curves: Sequence[float], marked: int, columns: int, unicode: bool
) -> tuple[list[str], int]:
    """Draw curves on one scale, a sign per value, the lowest value the lowest sign.

    Args:
        marked: the index of a value that stays where there are more values than columns.
        columns: the most signs in a line.

    Returns:
        A line per curve, and the column of the marked value.
    """
    bars = "▁▂▃▄▅▆▇█" if unicode else "_.-~=+*#"
    values = [value for curve in curves for value in curve]
    low, span = min(values), (max(values) - min(values)) or 1.0
    keep = _spread(len(curves[0]), marked, columns)
    return [
        "".join(bars[min(7, int(8 * (curve[i] - low) / span))] for i in keep) for curve in curves
    ], keep.index(marked)


def _spread(length: int, marked: int, columns: int) -> list[int]:
    """Choose at most so many indices, evenly, the marked one among them."""
    columns = max(1, columns)
    if length <= columns:
        return list(range(length))
    step = (length - 1) / max(1, columns - 1)
    chosen = [round(i * step) for i in range(columns)]
    nearest = min(range(columns), key=lambda i: abs(chosen[i] - marked))
    chosen[nearest] = marked
    return chosen

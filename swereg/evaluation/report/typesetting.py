"""Numbers as a page shows them: a true minus sign, and units that stay on their line."""

from __future__ import annotations

from collections.abc import Callable

from swereg.evaluation.statistics import Interval
from swereg.records import formatting
from swereg.records.metrics import METRICS

NARROW = "\u202f"  # a space that does not break
DASH = "\u2013"


def title_of(metric: str) -> str:
    """The title of a metric, as it begins a heading."""
    title = METRICS[metric].title
    return title[0].upper() + title[1:]


def shown(value: float | None, write: Callable[[float], str]) -> str:
    """Write a figure, or a dash where it is not known."""
    return DASH if value is None else typeset(write(value))


def typeset(text: str) -> str:
    """Set a figure in type: -0.1 MB becomes −0.1 MB, with a space that does not break."""
    return text.replace("-", "\u2212").replace(" ", NARROW)


def signed(value: float, write: Callable[[float], str]) -> str:
    """Write a difference with its sign."""
    return typeset(formatting.signed(value, write))


def limits(interval: Interval | None, *, sign: bool = False) -> str:
    """Write the limits of an interval, 0.62 to 0.79; nothing where there are none."""
    if interval is None:
        return ""
    form = "+.2f" if sign else ".2f"
    return f"{interval.low:{form}} to {interval.high:{form}}".replace("-", "\u2212")


def metric(name: str, value: float | None) -> str:
    """Write a metric's value."""
    return shown(value, formatting.writer(name))

"""From values to places in a drawing, and round numbers for its axes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """A line from ``low`` to ``high``, drawn from ``start`` to ``end`` (units of the drawing)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Find the place of a value, to a hundredth of a unit."""
        part = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + part * (self.end - self.start), 2)

    def ticks(self, limit: int) -> list[float]:
        """Choose at most so many round values in the range."""
        span = (self.high - self.low) or 1.0
        power = 10.0 ** math.floor(math.log10(span / limit))
        for step in (power * factor for factor in _STEPS):
            first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
            if last - first < limit:
                return [round(at * step, 10) for at in range(first, last + 1)]
        return [self.low, self.high]


def around(values: Iterable[float], margin: float = 0.06) -> tuple[float, float]:
    """Find a range that holds all values with a margin, a share of it, on both sides."""
    numbers = list(values)
    low, high = min(numbers), max(numbers)
    room = margin * ((high - low) or max(abs(high), 1.0))
    return low - room, high + room

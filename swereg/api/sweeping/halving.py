"""Successive halving (Jamieson & Talwalkar, AISTATS 2016): give up early on what falls behind.

All learn a share of their epochs; the worse half goes; the rest learns twice that share; and so on,
until the last ones learn to their end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shares(count: int) -> list[int]:
    """Return what the rounds are of all epochs: 4, 2, 1 for a quarter, a half, and all of them.

    Args:
        count: how many begin. Each round but the last halves them, until one is left.
    """
    halvings = math.ceil(math.log2(count)) if count > 1 else 0
    return [2**halvings_left for halvings_left in range(halvings, -1, -1)]


def split_by_loss(groups: Sequence[T], loss: Callable[[T], float]) -> tuple[list[T], list[T]]:
    """Return the half with the lower loss, rounded up, and the rest; among equals the first."""
    ordered = sorted(groups, key=loss)
    middle = math.ceil(len(ordered) / 2)
    return ordered[:middle], ordered[middle:]

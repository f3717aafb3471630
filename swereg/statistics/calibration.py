"""Calibration: whether answers given with 80 % probability are right 80 % of the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from swereg.statistics.scored import Columns, Numbers, Scored

BINS = 15
_INNER = np.linspace(0, 1, BINS + 1)[1:-1]


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability diagram: the answers whose probability is in (low, high].

    Attributes:
        low, high: the limits of the probability of the best label.
        rows: how many examples are in it.
        confidence: the mean probability of their best labels; None in an empty bin.
        accuracy: the share of them that is right; None in an empty bin.
    """

    low: float
    high: float
    rows: int
    confidence: float | None
    accuracy: float | None


def bin_of(scored: Scored) -> Columns:
    """Find the bin of each example's best probability, from 0, [examples]."""
    return np.asarray(np.digitize(scored.probabilities.max(axis=1), _INNER, right=True))


def gaps(scored: Scored) -> Numbers:
    """Take from each example's best probability whether it is right, [examples]."""
    return np.asarray(scored.probabilities.max(axis=1) - scored.right)


def reliability(scored: Scored) -> tuple[Bin, ...]:
    """Sort the answers into 15 bins of equal width (Guo et al. 2017, section 2)."""
    where, top = bin_of(scored), scored.probabilities.max(axis=1)
    bins = []
    for at in range(BINS):
        here = where == at
        rows = int(here.sum())
        bins.append(
            Bin(
                low=at / BINS,
                high=(at + 1) / BINS,
                rows=rows,
                confidence=float(top[here].mean()) if rows else None,
                accuracy=float(scored.right[here].mean()) if rows else None,
            )
        )
    return tuple(bins)

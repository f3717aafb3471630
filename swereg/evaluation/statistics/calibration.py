"""Reliability: the bars of the diagram, and what a perfectly calibrated entry would show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from swereg.evaluation.statistics.bins import BINS, bin_of
from swereg.evaluation.statistics.bootstrap import Bootstrap, Interval
from swereg.evaluation.statistics.scored import Scored


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


def reliability(scored: Scored) -> tuple[Bin, ...]:
    """Sort the answers into 15 bins of equal width (Guo et al. 2017, section 2)."""
    where, top = bin_of(scored), scored.probabilities.max(axis=1)
    bins = []
    for at in range(BINS):
        in_bin = where == at
        rows = int(in_bin.sum())
        bins.append(
            Bin(
                low=at / BINS,
                high=(at + 1) / BINS,
                rows=rows,
                confidence=float(top[in_bin].mean()) if rows else None,
                accuracy=float(scored.right[in_bin].mean()) if rows else None,
            )
        )
    return tuple(bins)


def calibrated(scored: Scored, bootstrap: Bootstrap) -> Interval:
    """Find the calibration errors that a perfectly calibrated entry would show on these rows.

    Its answers are drawn: right with just the probability that this entry gave (Broecker & Smith
    2007; Vaicenavicius et al. 2019). An error inside these limits is no sign of bad calibration;
    one above them is.
    """
    rng = np.random.default_rng(bootstrap.seed)
    top = scored.probabilities.max(axis=1)
    bins = np.eye(BINS)[bin_of(scored)]
    errors = []
    for size in bootstrap.blocks(scored.rows):
        right = rng.random((size, scored.rows)) < top
        errors.append(np.abs((top - right) @ bins).sum(axis=1) / scored.rows)
    return bootstrap.limits(np.concatenate(errors))

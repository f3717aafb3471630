"""Calibration: whether answers given with 80 % probability are right 80 % of the time."""

from __future__ import annotations

import numpy as np

from swereg.evaluation.statistics.scored import Columns, Numbers, Scored

BINS = 15
_INNER = np.linspace(0, 1, BINS + 1)[1:-1]


def bin_of(scored: Scored) -> Columns:
    """Find the bin of each example's best probability, from 0, [examples]."""
    return np.asarray(np.digitize(scored.probabilities.max(axis=1), _INNER, right=True))


def gaps(scored: Scored) -> Numbers:
    """Take from each example's best probability whether it is right, [examples]."""
    return np.asarray(scored.probabilities.max(axis=1) - scored.right)

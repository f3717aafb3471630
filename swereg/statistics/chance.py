"""Tests of a difference: how often would it be as large, were the two entries equally good?"""

from __future__ import annotations

import numpy as np

from swereg.statistics.bootstrap import Bootstrap
from swereg.statistics.metrics import Metric
from swereg.statistics.scored import Numbers, Scored

_ROUNDING = 1e-12  # two sums of the same figures in another order differ by less


def sign_test(one: int, other: int) -> float:
    """Give the exact two-sided p of so uneven a split of ``one + other`` tosses of a fair coin.

    p = 2 * sum over k <= min(one, other) of C(n, k) / 2^n, at most 1, summed from logarithms:
    it stays right where 2^n overflows.
    """
    tosses, fewer = one + other, min(one, other)
    k = np.arange(fewer)
    binomials = np.concatenate([[0.0], np.cumsum(np.log((tosses - k) / (k + 1)))])
    return min(1.0, 2 * float(np.exp(binomials - tosses * np.log(2)).sum()))


def exchange_test(metric: Metric, a: Scored, b: Scored, bootstrap: Bootstrap) -> float:
    """Exchange the two answers to each example, or not, by the toss of a coin, again and again.

    Were the two equally good, none of these worlds would be special. p is the share of them whose
    difference is at least as large, the real one among them (Noreen 1989, chapter 2; Phipson &
    Smyth 2010). For accuracy it would come to McNemar's test.
    """
    rng = np.random.default_rng(bootstrap.seed)
    formula = metric.formula(
        Scored(a.labels, a.examples + b.examples, np.concatenate([a.logits, b.logits]))
    )

    def difference(stay: Numbers) -> Numbers:
        here, there = np.hstack([stay, 1 - stay]), np.hstack([1 - stay, stay])
        return formula(there) - formula(here)

    least = abs(float(difference(np.ones((1, a.rows)))[0])) - _ROUNDING
    as_large = 1
    for size in bootstrap.blocks(2 * a.rows):
        stay = rng.integers(0, 2, size=(size, a.rows)).astype(np.float64)
        as_large += int((np.abs(difference(stay)) >= least).sum())
    return as_large / (bootstrap.resamples + 1)

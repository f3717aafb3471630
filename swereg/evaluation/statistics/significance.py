"""Tests of a difference: how often would it be as large, were the two entries equally good?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from swereg.evaluation.statistics.bootstrap import Bootstrap
from swereg.evaluation.statistics.metrics import Metric
from swereg.evaluation.statistics.scored import Numbers, Scored

_ROUNDING = 1e-12  # two sums of the same figures in another order differ by less


def sign_test(first_wins: int, second_wins: int) -> float:
    """Give the exact two-sided p of so uneven a split of ``one + other`` tosses of a fair coin.

    p = 2 * sum over k <= min(one, other) of C(n, k) / 2^n, at most 1, summed from logarithms:
    it stays right where 2^n overflows.
    """
    tosses, fewer = first_wins + second_wins, min(first_wins, second_wins)
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
    difference = metric.exchanged(a, b)
    least = abs(float(difference(np.ones((a.rows, 1)))[0])) - _ROUNDING
    as_large = 1
    for size in bootstrap.blocks(a.rows):
        tossed = _tosses(rng, size, a.rows)
        as_large += int((np.abs(difference(tossed)) >= least).sum())
    return as_large / (bootstrap.resamples + 1)


def _tosses(rng: np.random.Generator, worlds: int, rows: int) -> Numbers:
    """Toss a coin for each example in each of some worlds, 1 or 0: [rows, worlds]."""
    words = -(-rows // 64)  # of each world, so that it does not matter how many come at a time
    drawn = rng.integers(0, 2**64, size=(worlds, words), dtype=np.uint64).astype("<u8")
    return np.unpackbits(drawn.view(np.uint8), axis=1, count=rows).T.astype(np.float64)


def seeds_test(
    difference: float, moved: Numbers, groups: Sequence[Sequence[float]], rows: int
) -> float:
    """Ask how often groups of equally good trainings would differ so much in their means.

    t = difference / deviation of the resamples. Few seeds tell little of how much a seed does, so
    t has few degrees of freedom (Welch 1947; Satterthwaite 1946): those of each group's seeds and
    of the examples, weighted by the squares of their shares of the variance.

    Args:
        difference: of the two means.
        moved: the difference in each resample of examples and seeds, [resamples].
        groups: the metric of each training of either group.
        rows: the number of examples.
    """
    several = [group for group in groups if len(group) > 1]
    seeds = [float(np.var(group, ddof=1)) / len(group) for group in several]
    variance = max(float(np.var(moved[np.isfinite(moved)])), sum(seeds))
    if variance == 0:
        return 0.0 if difference else 1.0
    parts = [*seeds, variance - sum(seeds)]
    sizes = [*map(len, several), rows]
    squares = [part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True)]
    return student_p(difference / math.sqrt(variance), variance**2 / sum(squares))


def student_p(t: float, freedom: float) -> float:
    """Give the two-sided p of Student's t: with t = sqrt(freedom) tan x, a power of a cosine."""
    least = math.atan(abs(t) / math.sqrt(freedom))
    tail, half = (np.linspace(start, math.pi / 2, 20_001) for start in (least, 0.0))
    areas = [np.trapezoid(np.cos(x) ** (freedom - 1), x) for x in (tail, half)]
    return float(areas[0] / areas[1])

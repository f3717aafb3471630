"""Hold one entry against another on the same examples.

A comparison is of examples, not of averages: a bootstrap resample is a column of weights, the same
for all entries, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from swereg.evaluation.statistics.bootstrap import Bootstrap, Interval
from swereg.evaluation.statistics.metrics import METRICS, Metric
from swereg.evaluation.statistics.scored import Numbers, Scored
from swereg.evaluation.statistics.significance import exchange_test, sign_test

Verdict = Literal["better", "worse", "indistinguishable"]


@dataclass(frozen=True)
class McNemar:
    """Which examples the two got right, and the exact test of the difference.

    Attributes:
        both: both are right.
        only_a, only_b: one alone is right.
        neither: both are wrong.
        p: two-sided; the probability, were the two equally good, that the examples that only one
            got right fall at least as unevenly (binomial with 1/2; McNemar 1947); 1 if there are
            none.
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    p: float


@dataclass(frozen=True)
class Difference:
    """One metric of B minus that of A.

    Attributes:
        a, b, value: the two values and B minus A; None where the metric is not defined.
        interval: of the difference, by the paired bootstrap: each resample draws the same
            examples for both.
        limits: of A's value and of B's, each on its own.
        differing: how many examples can speak for one of the two: those with other best labels,
            or for a metric of probabilities with other probabilities.
        p: two-sided, of so large a difference were the two equally good: McNemar's for accuracy,
            of ``exchange_test`` for the others, of ``seeds_test`` between groups of seeds; None
            where there is no interval.
        verdict: on B. ``better`` or ``worse`` only if the interval leaves out 0, p is below
            1 - level, and enough examples differ (six at 95 %). The interval alone would find
            a difference between equals too often: by simulated ROC-AUC in 10 % with 50 examples,
            5 of them of one label, and by the loss in 10 to 12 % with 20.
        reason: why there is no value or no interval, and so no decision; ``""`` where there are.
    """

    metric: str
    a: float | None
    b: float | None
    value: float | None
    interval: Interval | None
    differing: int
    p: float | None
    limits: tuple[Interval | None, Interval | None] = (None, None)
    verdict: Verdict = "indistinguishable"
    reason: str = ""


@dataclass(frozen=True)
class Pair:
    """Two entries on the same examples.

    Attributes:
        a, b: their names.
        rows: the number of examples.
        differences: by metric, in the order of ``METRICS``; each stands for itself, no correction
            is made for there being several.
    """

    a: str
    b: str
    rows: int
    differences: Mapping[str, Difference]
    mcnemar: McNemar
    bootstrap: Bootstrap

    def verdict(self, metric: str = "accuracy") -> Verdict:
        """Say whether B is better or worse than A by a metric, as far as the examples tell."""
        return self.differences[metric].verdict

    def to_json(self) -> dict[str, Any]:
        """All figures as plain JSON values."""
        return asdict(self)


def mcnemar(a: Scored, b: Scored) -> McNemar:
    """Count who is right where, and test the difference exactly."""
    only_a, only_b = int((a.right & ~b.right).sum()), int((b.right & ~a.right).sum())
    both_right = int((a.right & b.right).sum())
    neither = a.rows - both_right - only_a - only_b
    return McNemar(both_right, only_a, only_b, neither, sign_test(only_a, only_b))


def judge_pair(
    metric: Metric,
    a: Scored,
    b: Scored,
    drawn: tuple[Numbers, Numbers] | None,
    bootstrap: Bootstrap,
) -> Difference:
    """Judge a difference by the values of both on the same resamples, [resamples] each."""
    first_value, second_value = metric.value(a), metric.value(b)
    value = (
        second_value - first_value if first_value is not None and second_value is not None else None
    )
    interval: Interval | None = None
    limits: tuple[Interval | None, Interval | None] = (None, None)
    if drawn is not None:
        interval = bootstrap.interval(drawn[1] - drawn[0])
        limits = (bootstrap.interval(drawn[0]), bootstrap.interval(drawn[1]))
    differing = _differing(metric, a, b)
    p = None
    if metric.name == "accuracy":
        p = mcnemar(a, b).p
    elif interval is not None:
        p = exchange_test(metric, a, b, bootstrap)
    reason = metric.undecided(a)
    result = Difference(
        metric.name, first_value, second_value, value, interval, differing, p, limits, reason=reason
    )
    return decide(result, bootstrap)


def decide(difference: Difference, bootstrap: Bootstrap) -> Difference:
    """Settle the verdict by the interval, p and the number of examples that differ."""
    sure = (
        difference.interval is not None
        and 0 not in difference.interval
        and difference.p is not None
        and difference.p < 1 - bootstrap.level
        and difference.differing >= bootstrap.fewest
    )
    if not sure or not difference.value:
        return difference
    better = (difference.value < 0) == METRICS[difference.metric].small
    return replace(difference, verdict="better" if better else "worse")


def _differing(metric: Metric, a: Scored, b: Scored) -> int:
    if metric.labels_only:
        return int((a.best != b.best).sum())
    return int((a.log_probabilities != b.log_probabilities).any(axis=1).sum())

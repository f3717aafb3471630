"""Entries measured on the same resamples: single ones, and the seeds of one recipe as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from swereg.evaluation.statistics.alignment import check_same
from swereg.evaluation.statistics.bootstrap import Bootstrap, Interval
from swereg.evaluation.statistics.metrics import METRICS, Metric
from swereg.evaluation.statistics.paired import Difference, Pair, decide, judge_pair, mcnemar
from swereg.evaluation.statistics.scored import Numbers, Scored
from swereg.evaluation.statistics.significance import seeds_test

Groups = Mapping[str, Sequence[Scored]]


@dataclass(frozen=True, eq=False)
class Resampled:
    """One metric of several groups, on the same resamples of the same examples.

    Attributes:
        metric: which.
        groups: by name, one or more entries each.
        values: by name, the mean of the group in each resample, [resamples]. A resample draws
            the examples, the same ones for all groups, and in a group of several the seeds as
            well. What the seed does to a group of one cannot be known, and is left out.
    """

    metric: Metric
    groups: Groups
    values: Mapping[str, Numbers]
    bootstrap: Bootstrap

    @cached_property
    def singles(self) -> Mapping[str, Sequence[float | None]]:
        """By name, the metric of each of a group; None where it is not defined."""
        return {
            name: [self.metric.value(scored) for scored in group]
            for name, group in self.groups.items()
        }

    def mean(self, name: str) -> float | None:
        """Give the mean over a group's seeds; None where the metric is not defined."""
        defined = [value for value in self.singles[name] if value is not None]
        return float(np.mean(defined)) if len(defined) == len(self.singles[name]) else None

    def interval(self, name: str) -> Interval | None:
        """Give the limits of a group's mean; None where there are none."""
        values = self.values.get(name)
        return self.bootstrap.interval(values) if values is not None else None

    def difference(self, a: str, b: str) -> Difference:
        """Hold group B against group A, by the mean of each."""
        first_group, second_group = self.groups[a], self.groups[b]
        is_resampled = a in self.values and b in self.values
        drawn = (self.values[a], self.values[b]) if is_resampled else None
        if len(first_group) == len(second_group) == 1:
            return judge_pair(self.metric, first_group[0], second_group[0], drawn, self.bootstrap)
        moved = drawn[1] - drawn[0] if drawn else None
        first, second = self.mean(a), self.mean(b)
        value = second - first if first is not None and second is not None else None
        interval = self.bootstrap.interval(moved) if moved is not None else None
        p = None
        if interval is not None and moved is not None and value is not None:
            seeds = [[value or 0.0 for value in self.singles[name]] for name in (a, b)]
            p = seeds_test(value, moved, seeds, first_group[0].rows)
        result = Difference(
            metric=self.metric.name,
            a=first,
            b=second,
            value=value,
            interval=interval,
            differing=_differing(first_group, second_group),
            p=p,
            limits=(self.interval(a), self.interval(b)),
            reason=self.metric.undecided(first_group[0]),
        )
        return decide(result, self.bootstrap)


def resample(
    groups: Groups, metrics: Sequence[str], bootstrap: Bootstrap | None = None
) -> dict[str, Resampled]:
    """Draw the examples again and again, and work out each metric of each group.

    Raises:
        Conflict: the entries are not on the same examples.
    """
    everyone = [scored for group in groups.values() for scored in group]
    check_same(everyone)
    bootstrap = bootstrap or Bootstrap()
    chosen_metrics = [METRICS[name] for name in metrics]
    resampled_metrics = [metric for metric in chosen_metrics if not metric.undecided(everyone[0])]
    formulas = [metric.formula(scored) for metric in resampled_metrics for scored in everyone]
    rows = everyone[0].rows
    drawn = iter(bootstrap.values(rows, formulas) if rows > 1 and formulas else [])
    values = {
        metric.name: {
            name: _mean([next(drawn) for _ in group], [bootstrap.seed, number])
            for number, (name, group) in enumerate(groups.items())
        }
        for metric in (resampled_metrics if rows > 1 else [])
    }
    return {
        metric.name: Resampled(metric, groups, values.get(metric.name, {}), bootstrap)
        for metric in chosen_metrics
    }


def paired(resampled: Mapping[str, Resampled], a: str, b: str) -> Pair:
    """Hold group B against group A, of one entry each, by every metric that was resampled."""
    first = next(iter(resampled.values()))
    (first_scored,), (second_scored,) = first.groups[a], first.groups[b]
    differences = {name: result.difference(a, b) for name, result in resampled.items()}
    return Pair(
        a, b, first_scored.rows, differences, mcnemar(first_scored, second_scored), first.bootstrap
    )


def _mean(values: Sequence[Numbers], seed: Sequence[int]) -> Numbers:
    """Draw one seed fewer than there are, with replacement, and take their mean: [resamples].

    As many as there are would vary too little, by n - 1 in n of the variance (Rao & Wu 1988).
    """
    if len(values) == 1:
        return values[0]
    stacked = np.stack(values)
    rng = np.random.default_rng(seed)
    seeds = rng.integers(0, len(values), size=(len(values) - 1, stacked.shape[1]))
    return np.asarray(np.take_along_axis(stacked, seeds, axis=0).mean(axis=0))


def _differing(left: Sequence[Scored], right: Sequence[Scored]) -> int:
    """Count the examples on which the groups are not right equally often, or not equally sure."""
    sure = [
        np.mean([scored.log_probabilities for scored in group], axis=0) for group in (left, right)
    ]
    return int((sure[0] != sure[1]).any(axis=1).sum())

"""Metrics as functions of the weights of the examples.

A bootstrap resample is a column of weights: how often each example was drawn. Every metric here is
written for many columns at once; its plain value is the one under equal weights. So the value and
the limits of its interval come from one formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from swereg.evaluation.statistics.bins import BINS, bin_of, gaps
from swereg.evaluation.statistics.roc_auc import no_area, roc_auc, roc_auc_exchanged
from swereg.evaluation.statistics.scored import Formula, Numbers, Scored
from swereg.records.metrics import METRICS as FACTS


@dataclass(frozen=True)
class Metric:
    """One number about an entry's answers.

    Attributes:
        name: as in stored scores, where it is stored.
        formula: given the answers, the metric as a function of the weights of the examples; NaN
            where it is not defined.
        exchanged: given the answers of A and of B to the same examples, B's metric minus A's as a
            function of which examples keep their two answers (1) and which exchange them (0).
        labels_only: whether it depends on the best labels alone, not on the probabilities.
        undefined: why it has no value for these answers; ``""`` where it has one.
        unsure: why no interval is given, and nothing decided by it; ``""`` where one is.
    """

    name: str
    formula: Callable[[Scored], Formula]
    exchanged: Callable[[Scored, Scored], Formula]
    labels_only: bool = False
    undefined: Callable[[Scored], str] = lambda _: ""
    unsure: str = ""

    @property
    def small(self) -> bool:
        """Whether a smaller value is better."""
        return FACTS[self.name].smaller_is_better

    def value(self, scored: Scored) -> float | None:
        """Work out the metric, each example counting once; None where it is not defined."""
        if self.undefined(scored):
            return None
        return float(self.formula(scored)(np.ones((scored.rows, 1)))[0])

    def undecided(self, scored: Scored) -> str:
        """Say why nothing can be decided by it on these examples, or nothing."""
        return self.undefined(scored) or self.unsure


def _of_sums(
    name: str,
    figures: Callable[[Scored], Numbers],
    of: Callable[[Numbers, Numbers], Numbers],
    **options: Any,
) -> Metric:
    """Make a metric that is worked out from sums over the examples.

    Args:
        figures: what is summed, [examples, sums].
        of: the metric, [resamples], of the sums, [resamples, sums], and of how many examples
            those are of, [resamples].
    """

    def formula(scored: Scored) -> Formula:
        extended = np.hstack([figures(scored), np.ones((scored.rows, 1))]).T

        def value(weights: Numbers) -> Numbers:
            *sums, rows = extended @ weights
            return of(np.stack(sums, axis=1), rows)

        return value

    def exchanged(a: Scored, b: Scored) -> Formula:
        first_sums, second_sums = figures(a), figures(b)
        rows, first, total = (
            np.array(float(a.rows)),
            second_sums.sum(axis=0),
            (first_sums + second_sums).sum(axis=0),
        )

        def difference(stay: Numbers) -> Numbers:
            sums = first + ((first_sums - second_sums).T @ stay).T
            return np.asarray(of(total - sums, rows) - of(sums, rows))

        return difference

    return Metric(name, formula, exchanged, **options)


def _mean(sums: Numbers, rows: Numbers) -> Numbers:
    return np.asarray(sums[:, 0] / rows)


def _hits(scored: Scored) -> Numbers:
    return scored.right[:, None].astype(np.float64)


def _losses(scored: Scored) -> Numbers:
    return np.asarray(-scored.log_probabilities[np.arange(scored.rows), scored.truth][:, None])


def _distances(scored: Scored) -> Numbers:
    """Brier (1950): the squared distance from the true label, over all labels; 0 to 2."""
    wrong = scored.probabilities - np.eye(len(scored.labels))[scored.truth]
    return np.asarray((wrong**2).sum(axis=1, keepdims=True))


def by_label(scored: Scored) -> Numbers:
    """What is counted of each label: right answers, then examples, then answers; 1 or 0."""
    identity = np.eye(len(scored.labels))
    actual, predicted = identity[scored.truth], identity[scored.best]
    return np.hstack([actual * predicted, actual, predicted])


def counts(sums: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Split the sums of ``by_label``: right answers, examples, answers; [resamples, labels]."""
    hits, examples, answers = np.split(sums, 3, axis=1)
    return hits, examples, answers


def f1(hits: Numbers, examples: Numbers, answers: Numbers) -> Numbers:
    """F1 = 2 TP / (2 TP + FP + FN); 0 for a label that neither occurs nor is answered."""
    sizes = examples + answers
    return ratio(2 * hits, sizes, 0.0)


def ratio(above: Numbers, below: Numbers, otherwise: float) -> Numbers:
    """Divide, with another value where the divisor is 0."""
    out = np.full_like(above, otherwise)
    return np.asarray(np.divide(above, below, out=out, where=below > 0))


def _macro_f1(sums: Numbers, _: Numbers) -> Numbers:
    return np.asarray(f1(*counts(sums)).mean(axis=1))


def _mcc(sums: Numbers, rows: Numbers) -> Numbers:
    """Matthews' correlation for any number of labels (Gorodkin 2004); 0 where it is 0 / 0."""
    hits, examples, answers = counts(sums)
    shared = hits.sum(axis=1) * rows - (examples * answers).sum(axis=1)
    spread = (rows**2 - (examples**2).sum(axis=1)) * (rows**2 - (answers**2).sum(axis=1))
    return ratio(shared, np.sqrt(spread), 0.0)


def _gaps_by_bin(scored: Scored) -> Numbers:
    return np.asarray(np.eye(BINS)[bin_of(scored)] * gaps(scored)[:, None])


def _ece(sums: Numbers, rows: Numbers) -> Numbers:
    """Expected calibration error: the mean over examples of their bin's gap (Guo et al. 2017).

    It has no interval: a sample has gaps by chance and a resample has more, so that percentile
    limits lie above the truth. Of simulated, well calibrated answers they covered none, with 200
    examples as with 1,000.
    """
    return np.asarray(np.abs(sums).sum(axis=1) / rows)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _of_sums("accuracy", _hits, _mean, labels_only=True),
        _of_sums("macro_f1", by_label, _macro_f1, labels_only=True),
        _of_sums("mcc", by_label, _mcc, labels_only=True),
        Metric("roc_auc", roc_auc, roc_auc_exchanged, undefined=no_area),
        _of_sums("loss", _losses, _mean),
        _of_sums("ece", _gaps_by_bin, _ece, unsure="resamples exaggerate calibration errors"),
        _of_sums("brier", _distances, _mean),
    )
}

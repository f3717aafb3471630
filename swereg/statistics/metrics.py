"""Metrics as functions of the weights of the examples.

A bootstrap resample is a row of weights: how often each example was drawn. Every metric here is
written for many rows of weights at once; its plain value is the one under equal weights. So the
value and the limits of its interval come from one formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swereg.statistics.calibration import BINS, bin_of, gaps
from swereg.statistics.scored import Numbers, Scored

# weights [resamples, examples], whole numbers -> values [resamples]
Formula = Callable[[Numbers], Numbers]


@dataclass(frozen=True)
class Metric:
    """One number about an entry's answers.

    Attributes:
        name: as in stored scores, where it is stored.
        formula: given the answers, the metric as a function of the weights of the examples; NaN
            where it is not defined.
        exchanged: given the answers of A and of B to the same examples, B's metric minus A's as a
            function of which examples keep their two answers (1) and which exchange them (0).
        small: whether a smaller value is better.
        labels_only: whether it depends on the best labels alone, not on the probabilities.
        undefined: why it has no value for these answers; ``""`` where it has one.
        unsure: why no interval is given, and nothing decided by it; ``""`` where one is.
    """

    name: str
    formula: Callable[[Scored], Formula]
    exchanged: Callable[[Scored, Scored], Formula]
    small: bool = False
    labels_only: bool = False
    undefined: Callable[[Scored], str] = lambda _: ""
    unsure: str = ""

    def value(self, scored: Scored) -> float | None:
        """Work out the metric, each example counting once; None where it is not defined."""
        if self.undefined(scored):
            return None
        return float(self.formula(scored)(np.ones((1, scored.rows)))[0])

    def undecided(self, scored: Scored) -> str:
        """Say why nothing can be decided by it on these examples, or nothing."""
        return self.undefined(scored) or self.unsure


def _of_sums(
    name: str,
    figures: Callable[[Scored], Numbers],
    of: Callable[[Numbers, Numbers], Numbers],
    **more: Any,
) -> Metric:
    """Make a metric that is worked out from sums over the examples.

    Args:
        figures: what is summed, [examples, sums].
        of: the metric, [resamples], of the sums, [resamples, sums], and of how many examples
            those are of, [resamples].
    """

    def formula(scored: Scored) -> Formula:
        each = figures(scored)
        return lambda weights: of(weights @ each, weights.sum(axis=1))

    def exchanged(a: Scored, b: Scored) -> Formula:
        one, other = figures(a), figures(b)
        rows, first, both = np.array(float(a.rows)), other.sum(axis=0), (one + other).sum(axis=0)

        def difference(stay: Numbers) -> Numbers:
            here = first + stay @ (one - other)
            return np.asarray(of(both - here, rows) - of(here, rows))

        return difference

    return Metric(name, formula, exchanged, **more)


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
    one = np.eye(len(scored.labels))
    actual, predicted = one[scored.truth], one[scored.best]
    return np.hstack([actual * predicted, actual, predicted])


def counts(sums: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Split the sums of ``by_label``: right answers, examples, answers; [resamples, labels]."""
    hits, examples, answers = np.split(sums, 3, axis=1)
    return hits, examples, answers


def f1(hits: Numbers, examples: Numbers, answers: Numbers) -> Numbers:
    """F1 = 2 TP / (2 TP + FP + FN); 0 for a label that neither occurs nor is answered."""
    both = examples + answers
    return ratio(2 * hits, both, 0.0)


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


def _roc_auc(scored: Scored) -> Formula:
    """The area under the ROC curve: of the second label of two, else the mean of one-vs-rest."""
    areas = [area(scored.probabilities[:, at], scored.truth == at) for at in _ranked(scored)]
    return lambda weights: np.mean([area(weights) for area in areas], axis=0)


def _ranked(scored: Scored) -> Sequence[int]:
    """The labels whose probabilities are ranked."""
    return [1] if len(scored.labels) == 2 else range(len(scored.labels))


def area(scores: Numbers, positive: NDArray[np.bool_]) -> Formula:
    """Return the share of pairs (positive, other) in the right order; a tie is half a pair."""
    others = np.flatnonzero(~positive)
    others = others[np.argsort(scores[others], kind="stable")]
    wanted = np.flatnonzero(positive)
    below = np.searchsorted(scores[others], scores[wanted], side="left")
    upto = np.searchsorted(scores[others], scores[wanted], side="right")

    tied = bool((below != upto).any())

    def formula(weights: Numbers) -> Numbers:
        counted = weights.astype(np.int32)  # summed up in an eighth of the time of floats
        ranked = np.zeros((len(weights), len(others) + 1), dtype=np.int32)
        np.cumsum(np.take(counted, others, axis=1), axis=1, out=ranked[:, 1:], dtype=np.int32)
        mine = np.take(weights, wanted, axis=1)
        passed = np.take(ranked, below, axis=1).astype(np.float64)
        if tied:
            passed = (passed + np.take(ranked, upto, axis=1)) / 2
        ordered = np.einsum("rp,rp->r", mine, passed)
        return ratio(ordered, mine.sum(axis=1) * ranked[:, -1], np.nan)

    return formula


def _roc_auc_exchanged(a: Scored, b: Scored) -> Formula:
    """Work out what each example adds to the difference of the areas, or takes from it.

    Where some answers are exchanged, the area is a sum over pairs (positive, other) of one of four:
    either answer to the one against either to the other. With t = 1 for an example that stays and
    -1 for one that is exchanged, the products of two t are the same in B's area as in A's, and in
    the difference the single ones are left: for a positive example half of how many more of the
    others' answers, A's and B's, lie below B's answer to it than below A's.
    """
    added = np.zeros(a.rows)
    for at in _ranked(a):
        positive = a.truth == at
        one, other = a.probabilities[:, at], b.probabilities[:, at]
        pairs = positive.sum() * (~positive).sum()
        for mine, sign in ((positive, 1), (~positive, -1)):
            pooled = np.sort(np.concatenate([one[~mine], other[~mine]]))
            risen = _below(pooled, other[mine]) - _below(pooled, one[mine])
            added[mine] += sign * risen / (2 * pairs * len(_ranked(a)))
    return lambda stay: np.asarray(2 * (stay @ added) - added.sum())


def _below(those: Numbers, scores: Numbers) -> Numbers:
    """Count for each score how many of some sorted ones are smaller, equal ones half."""
    left, right = (np.searchsorted(those, scores, side=side) for side in ("left", "right"))
    return np.asarray((left + right) / 2)


def _no_area(scored: Scored) -> str:
    found = np.bincount(scored.truth, minlength=len(scored.labels))
    if (found == scored.rows).any():
        return f"every example is labelled {scored.labels[int(found.argmax())]}"
    missing = [label for label, count in zip(scored.labels, found, strict=True) if count == 0]
    return f"no example is labelled {', '.join(missing)}" if missing else ""


def _gaps_by_bin(scored: Scored) -> Numbers:
    return np.asarray(np.eye(BINS)[bin_of(scored)] * gaps(scored)[:, None])


def _ece(sums: Numbers, rows: Numbers) -> Numbers:
    """Expected calibration error: the mean over examples of their bin's gap (Guo et al. 2017).

    It has no interval: a sample has gaps by chance and a resample has more, so that percentile
    limits lie above the truth. Of simulated, well calibrated answers they covered none, with 200
    examples as with 1,000.
    """
    return np.asarray(np.abs(sums).sum(axis=1) / rows)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _of_sums("accuracy", _hits, _mean, labels_only=True),
        _of_sums("macro_f1", by_label, _macro_f1, labels_only=True),
        _of_sums("mcc", by_label, _mcc, labels_only=True),
        Metric("roc_auc", _roc_auc, _roc_auc_exchanged, undefined=_no_area),
        _of_sums("loss", _losses, _mean, small=True),
        _of_sums("ece", _gaps_by_bin, _ece, small=True,
                 unsure="resamples exaggerate calibration errors"),
        _of_sums("brier", _distances, _mean, small=True),
    )
}  # fmt: skip

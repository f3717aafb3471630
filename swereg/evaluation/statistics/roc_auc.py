"""The area under the ROC curve: of the second label of two, else the mean of one-vs-rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from swereg.evaluation.statistics.scored import Columns, Formula, Numbers, Scored

_WIDE = 50  # resamples: from here on it is faster to go through the examples one by one


def roc_auc(scored: Scored) -> Formula:
    """Give the area as a function of the weights of the examples."""
    areas = [area(scored.probabilities[:, at], scored.truth == at) for at in _ranked(scored)]
    return lambda weights: np.mean([area(weights) for area in areas], axis=0)


def _ranked(scored: Scored) -> Sequence[int]:
    """The labels whose probabilities are ranked."""
    return [1] if len(scored.labels) == 2 else range(len(scored.labels))


def area(scores: Numbers, positive: NDArray[np.bool_]) -> Formula:
    """Return the share of pairs (positive, other) in the right order; a tie is half a pair."""
    rising = [np.lexsort((later, scores)) for later in (positive, ~positive)]
    if (positive[rising[0]] == positive[rising[1]]).all():
        del rising[1]  # no positive one has the score of another

    walks = [(rows, positive[rows]) for rows in rising]
    return lambda weights: np.mean([_ordered(weights, *walk) for walk in walks], axis=0)


def _ordered(weights: Numbers, rising: Columns, positive: NDArray[np.bool_]) -> Numbers:
    """Give the share of the pairs that are (other, positive) in an order of the rows, [resamples].

    Args:
        positive: whether each is, in that order.
    """
    concordant, below, above = np.zeros((3, weights.shape[1]))
    if len(concordant) < _WIDE:
        mine, negatives = (weights[rising] * mask[:, None] for mask in (positive, ~positive))
        concordant, below, above = (
            (mine * negatives.cumsum(axis=0)).sum(0),
            negatives.sum(0),
            mine.sum(0),
        )
    else:
        for row, is_positive in zip(rising.tolist(), positive.tolist(), strict=True):
            drawn = weights[row]
            if is_positive:
                concordant += drawn * below
                above += drawn
            else:
                below += drawn
    with np.errstate(invalid="ignore"):  # without any it is not defined
        return np.asarray(concordant / (below * above))


def roc_auc_exchanged(a: Scored, b: Scored) -> Formula:
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
        first, second = a.probabilities[:, at], b.probabilities[:, at]
        pairs = positive.sum() * (~positive).sum()
        for mine, sign in ((positive, 1), (~positive, -1)):
            pooled = np.sort(np.concatenate([first[~mine], second[~mine]]))
            risen = _below(pooled, second[mine]) - _below(pooled, first[mine])
            added[mine] += sign * risen / (2 * pairs * len(_ranked(a)))
    return lambda stay: np.asarray(2 * (added @ stay) - added.sum())


def _below(ordered: Numbers, scores: Numbers) -> Numbers:
    """Count for each score how many of some sorted ones are smaller, equal ones half."""
    from_left, right = (np.searchsorted(ordered, scores, side=side) for side in ("left", "right"))
    return np.asarray((from_left + right) / 2)


def no_area(scored: Scored) -> str:
    """Say why there is no area, or nothing."""
    counts = np.bincount(scored.truth, minlength=len(scored.labels))
    if (counts == scored.rows).any():
        return f"every example is labelled {scored.labels[int(counts.argmax())]}"
    missing = [label for label, count in zip(scored.labels, counts, strict=True) if count == 0]
    return f"no example is labelled {', '.join(missing)}" if missing else ""

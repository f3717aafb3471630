"""Scores from logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from swereg.records.dataset import Split
from swereg.records.training import Outputs

Logits = NDArray[np.float32]  # [examples, labels]


def softmax(logits: Logits) -> NDArray[np.float64]:
    """Turn logits into probabilities, [examples, labels], each row summing to 1."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def pack_outputs(split: Split, logits: Logits, labels: Sequence[int]) -> Outputs:
    """Bring logits, [examples, labels], and the right column of each row into stored form."""
    rows, columns = logits.shape
    truth = np.asarray(labels, dtype="<u2")
    return Outputs(split, rows, columns, logits.astype("<f4").tobytes(), truth.tobytes())


def score(logits: Logits, labels: Sequence[int]) -> dict[str, float]:
    """Score predictions.

    Args:
        logits: [examples, labels].
        labels: the right column of each row.

    Returns:
        ``loss`` (mean cross-entropy, nats), ``accuracy``, ``macro_f1`` over the labels of the
        head, and with two labels of which both occur ``roc_auc`` of the second one.
    """
    from swereg.evaluation.statistics.metrics import f1
    from swereg.evaluation.statistics.roc_auc import area

    columns = logits.shape[1]
    truth = np.asarray(labels)
    best = logits.argmax(axis=1)
    probabilities = softmax(logits)
    right = np.clip(probabilities[np.arange(len(truth)), truth], 1e-300, None)
    hits, examples, answers = (
        np.bincount(classes, minlength=columns).astype(np.float64)
        for classes in (truth[truth == best], truth, best)
    )
    scores = {
        "loss": float(-np.log(right).mean()),
        "accuracy": float((best == truth).mean()),
        "macro_f1": float(f1(hits, examples, answers).mean()),
    }
    if columns == 2 and examples.all():
        every = np.ones((len(truth), 1))
        scores["roc_auc"] = float(area(probabilities[:, 1], truth == 1)(every)[0])
    return scores

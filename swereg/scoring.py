"""Scores from logits; the mathematics is scikit-learn's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from swereg.records import Outputs, Split

Logits = NDArray[np.float32]  # [examples, labels]


def softmax(logits: Logits) -> NDArray[np.float64]:
    """Turn logits into probabilities, [examples, labels], each row summing to 1."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def pack(split: Split, logits: Logits, labels: Sequence[int]) -> Outputs:
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
    from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

    columns = logits.shape[1]
    truth = np.asarray(labels)
    best = logits.argmax(axis=1)
    probabilities = softmax(logits)
    right = np.clip(probabilities[np.arange(len(truth)), truth], 1e-300, None)
    scores = {
        "loss": float(-np.log(right).mean()),
        "accuracy": float(accuracy_score(truth, best)),
        "macro_f1": float(
            f1_score(truth, best, labels=range(columns), average="macro", zero_division=0)
        ),
    }
    if columns == 2 and len(set(labels)) == 2:
        scores["roc_auc"] = float(roc_auc_score(truth, probabilities[:, 1]))
    return scores

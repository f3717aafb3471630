"""Scores are scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from swereg.evaluation.scoring import score, softmax


@given(seed=st.integers(0, 10**6), rows=st.integers(1, 40), columns=st.integers(2, 6))
def test_scores_are_those_of_scikit_learn(seed: int, rows: int, columns: int) -> None:
    made = np.random.default_rng(seed)
    logits = made.integers(-3, 4, (rows, columns)).astype(np.float32)  # with ties
    truth = made.integers(0, columns, rows)
    found, best, every = score(logits, truth.tolist()), logits.argmax(1), range(columns)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, best))
    assert found["macro_f1"] == pytest.approx(
        metrics.f1_score(truth, best, labels=every, average="macro", zero_division=0)
    )
    assert found["loss"] == pytest.approx(metrics.log_loss(truth, softmax(logits), labels=every))
    assert ("roc_auc" in found) == (columns == 2 and len(set(truth)) == 2)
    if "roc_auc" in found:
        wanted = metrics.roc_auc_score(truth, softmax(logits)[:, 1])
        assert found["roc_auc"] == pytest.approx(wanted)

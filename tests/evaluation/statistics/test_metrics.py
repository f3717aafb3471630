"""The metrics against scikit-learn's, and where they are at their limits."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from swereg.evaluation.statistics import METRICS, Scored, report
from swereg.evaluation.statistics.bootstrap import Bootstrap
from tests.evaluation.statistics.making import answers, any_answers, drawn, scored

FEW = Bootstrap(resamples=20)


def oracle(one: Scored) -> dict[str, float]:
    every = range(len(one.labels))
    probabilities = one.probabilities
    found = {
        "accuracy": sk.accuracy_score(one.truth, one.best),
        "macro_f1": sk.f1_score(
            one.truth, one.best, labels=every, average="macro", zero_division=0
        ),
        "mcc": sk.matthews_corrcoef(one.truth, one.best),
        "brier": sk.brier_score_loss(
            one.truth, probabilities, labels=list(every), scale_by_half=False
        ),
        "loss": sk.log_loss(one.truth, probabilities, labels=list(every)),
    }
    if len(set(one.truth)) == len(one.labels):
        two = len(one.labels) == 2
        found["roc_auc"] = sk.roc_auc_score(
            one.truth, probabilities[:, 1] if two else probabilities, multi_class="ovr"
        )
    return {name: float(value) for name, value in found.items()}


@settings(deadline=None, max_examples=60)
@given(any_answers())
def test_values_are_those_of_scikit_learn(one: Scored) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of labels that do not occur, of probabilities of 0
        expected = oracle(one)
    for name, value in expected.items():
        if name == "loss" and one.probabilities.min() < 1e-15:
            continue  # scikit-learn clips there
        assert METRICS[name].value(one) == pytest.approx(value, abs=1e-9), name


@settings(deadline=None, max_examples=30)
@given(any_answers(), st.integers(0, 1000))
def test_weights_are_repetitions(one: Scored, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, one.rows, one.rows)
    again = one.take(rows.tolist(), one.labels)
    weights = np.bincount(rows, minlength=one.rows)[:, None].astype(float)
    for metric in METRICS.values():
        value = metric.formula(one)(weights)[0]
        if metric.undefined(again):
            assert math.isnan(value)
        else:
            assert value == pytest.approx(metric.value(again), abs=1e-12)


def by_hand_ece(one: Scored) -> float:
    """Guo et al. 2017, equations 3 to 5, word by word."""
    total = 0.0
    for m in range(1, 16):
        inside = [
            (max(row), right)
            for row, right in zip(one.probabilities.tolist(), one.right.tolist(), strict=True)
            if (m - 1) / 15 < max(row) <= m / 15
        ]
        if inside:
            confidence = sum(p for p, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            total += len(inside) / one.rows * abs(accuracy - confidence)
    return total


@pytest.mark.parametrize("labels", [2, 3, 9])
def test_calibration_error_is_as_defined(labels: int) -> None:
    one = drawn(1, 200, labels, 2.0)
    found = report(one, FEW)
    assert found.figures["ece"].value == pytest.approx(by_hand_ece(one))
    filled = [b for b in found.bins if b.rows]
    assert sum(b.rows for b in found.bins) == one.rows
    assert sum(
        b.rows * abs((b.accuracy or 0) - (b.confidence or 0)) for b in filled
    ) / one.rows == pytest.approx(found.figures["ece"].value)
    assert all(b.low < (b.confidence or 0) <= b.high for b in filled)
    assert all(b.accuracy is None and b.confidence is None for b in found.bins if not b.rows)


def test_a_small_case_by_hand() -> None:
    # logit 2 against 0: 88.08 % sure each time; 3 of 4 right
    one = answers([0, 0, 1, 1], [0, 1, 1, 1])
    sure = 1 / (1 + math.exp(-2))
    found = {name: figure.value for name, figure in report(one, FEW).figures.items()}
    assert found == pytest.approx(
        {
            "accuracy": 3 / 4,
            "macro_f1": (2 / 3 + 4 / 5) / 2,
            "mcc": 1 / math.sqrt(3),  # (1*2 - 0*1) / sqrt(3*2*1*2)
            "roc_auc": 3 / 4,  # pairs: 2 right, 2 tied
            "loss": -(3 * math.log(sure) + math.log(1 - sure)) / 4,
            "ece": sure - 3 / 4,
            "brier": 2 * (3 * (1 - sure) ** 2 + sure**2) / 4,
        }
    )


def test_saturated_probabilities_stay_finite() -> None:
    one = scored([0, 1, 0, 1], [[200, -200], [-200, 200], [-3e38, 3e38], [200, -200]])
    assert set(one.probabilities.astype(np.float32).ravel()) == {0.0, 1.0}
    for figure in report(one, FEW).figures.values():
        assert figure.value is not None
        assert math.isfinite(figure.value)
    assert METRICS["ece"].value(one) == pytest.approx(0.5)
    assert METRICS["brier"].value(one) == pytest.approx(1.0)


def test_one_label_only_has_no_area_and_says_why() -> None:
    found = report(answers([1, 1, 1], [1, 0, 1]), FEW).figures
    assert found["roc_auc"].value is None
    assert found["roc_auc"].interval is None
    assert found["roc_auc"].reason == "every example is labelled b"
    assert found["mcc"].value == 0.0
    assert found["accuracy"].value == pytest.approx(2 / 3)


def test_a_label_absent_from_the_examples() -> None:
    found = report(answers([0, 1, 0, 1], [0, 1, 2, 1], labels=4), FEW)
    assert found.figures["roc_auc"].reason == "no example is labelled c, d"
    assert [label.recall for label in found.labels] == [0.5, 1.0, None, None]
    assert [label.precision for label in found.labels] == [1.0, 1.0, 0.0, None]
    assert found.figures["macro_f1"].value == pytest.approx((2 / 3 + 1 + 0 + 0) / 4)


def test_one_row_has_values_and_no_intervals() -> None:
    found = report(answers([0], [0]), FEW)
    assert found.figures["accuracy"].value == 1.0
    assert all(figure.interval is None for figure in found.figures.values())


def test_all_right_and_all_wrong() -> None:
    right = report(answers([0, 1] * 5, [0, 1] * 5), FEW).figures
    wrong = report(answers([0, 1] * 5, [1, 0] * 5), FEW).figures
    for name, best, worst in (("accuracy", 1, 0), ("macro_f1", 1, 0), ("mcc", 1, -1)):
        assert right[name].value == pytest.approx(best)
        assert wrong[name].value == pytest.approx(worst)
    assert right["roc_auc"].value == 1.0
    assert wrong["roc_auc"].value == 0.0


def test_equal_logits_answer_the_first_label() -> None:
    one = scored([0, 1], [[1, 1], [1, 1]])
    assert one.best.tolist() == [0, 0]
    assert METRICS["roc_auc"].value(one) == 0.5


@settings(deadline=None, max_examples=30)
@given(any_answers(), st.integers(0, 1000))
def test_many_resamples_at_a_time_give_what_one_gives(one: Scored, seed: int) -> None:
    """With ties, and with labels that some resamples lack."""
    (many,) = Bootstrap(resamples=70, seed=seed).weights(one.rows)
    for name, metric in METRICS.items():
        formula = metric.formula(one)
        single = [formula(many[:, [at]])[0] for at in range(70)]
        assert formula(many) == pytest.approx(single, nan_ok=True), name

"""Scored answers: what is refused and by which name, and softmax against SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from swereg.errors import CheckFailed
from swereg.evaluation.statistics import Scored
from swereg.records.dataset import Example
from swereg.records.training import Outputs
from tests.evaluation.statistics.making import drawn, scored

TWO = (Example("x", "a"), Example("y", "b"))
FINE = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("labels", "examples", "logits", "why"),
    [
        (("a", "b"), (), np.zeros((0, 2)), "There are no examples."),
        (
            ("a", "b"),
            TWO,
            [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]],
            "The logits are (2, 3); examples and labels are (2, 2).",
        ),
        (("a", "b"), TWO, FINE[:1], "The logits are (1, 2); examples and labels are (2, 2)."),
        (("a", "b"), TWO, [1.0, 2.0], "The logits are (2,); examples and labels are (2, 2)."),
        (("a", "b", "a"), TWO, np.zeros((2, 3)), "A label is there twice."),
        (("a", "b"), TWO, [[1.0, np.nan], [1.0, 2.0]], "A logit is not a finite number."),
        (("a", "b"), TWO, [[1.0, 2.0], [-np.inf, 2.0]], "A logit is not a finite number."),
        (("x", "y"), TWO, FINE, "The head has no label a, b."),
    ],
)
def test_faults_are_refused_by_name(labels: Any, examples: Any, logits: Any, why: str) -> None:
    with pytest.raises(CheckFailed, match="logits and examples do not fit") as caught:
        Scored(labels, examples, np.array(logits, dtype=np.float32))
    assert (caught.value.code, caught.value.why) == ("statistics.shape", why)


def test_stored_outputs_become_answers() -> None:
    logits = np.array([[1, 2], [4, 3], [5, 6]], dtype="<f4")
    examples = [Example(text, label) for text, label in (("x", "b"), ("y", "a"), ("z", "a"))]
    truth = np.array([1, 0, 0], dtype="<u2").tobytes()
    one = Scored.of(["a", "b"], examples, Outputs("test", 3, 2, logits.tobytes(), truth))
    assert (one.labels, one.examples) == (("a", "b"), tuple(examples))
    assert (one.logits == logits).all()
    assert one.truth.tolist() == [1, 0, 0]
    assert one.right.tolist() == [True, True, False]


@pytest.mark.parametrize(("rows", "numbers"), [(2, 3), (2, 5), (1, 4), (2, 0)])
def test_stored_outputs_that_are_not_whole_are_refused(rows: int, numbers: int) -> None:
    outputs = Outputs("test", rows, 2, np.zeros(numbers, dtype="<f4").tobytes(), bytes(2 * rows))
    with pytest.raises(CheckFailed, match="stored outputs are not whole") as caught:
        Scored.of(["a", "b"], TWO, outputs)
    assert caught.value.code == "statistics.shape"
    assert caught.value.why == f"{numbers} numbers for {rows} rows of 2."


def test_outputs_of_other_examples_are_refused() -> None:
    outputs = Outputs("test", 1, 2, np.zeros(2, dtype="<f4").tobytes(), bytes(2))
    with pytest.raises(CheckFailed, match=r"\(1, 2\); examples and labels are \(2, 2\)"):
        Scored.of(["a", "b"], TWO, outputs)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32),
    st.integers(1, 20),
    st.integers(1, 6),
    st.sampled_from([1, 50, 1e4, 1e37]),
)
def test_probabilities_are_those_of_scipy(seed: int, rows: int, labels: int, scale: float) -> None:
    logits = np.random.default_rng(seed).normal(size=(rows, labels)) * scale
    one = scored([0] * rows, logits)
    expected = log_softmax(one.logits.astype(np.float64), axis=1)
    assert one.log_probabilities.dtype == np.float64
    np.testing.assert_allclose(one.log_probabilities, expected, rtol=1e-13, atol=1e-15)
    assert np.isfinite(one.log_probabilities).all()
    np.testing.assert_allclose(one.probabilities.sum(axis=1), 1)


def test_a_shift_of_all_logits_changes_nothing() -> None:
    one = scored([0, 1], [[1.5, 2.0], [-3.0, 0.25]])
    other = scored([0, 1], [[101.5, 102.0], [-7.0, -3.75]])
    assert (one.log_probabilities == other.log_probabilities).all()


def test_columns_are_those_of_the_labels() -> None:
    one = scored([2, 0, 1], [[1, 2, 3], [1, 1, 0], [9, 8, 7]], ["c", "å", "b"])
    assert one.truth.tolist() == [2, 0, 1]
    assert one.best.tolist() == [2, 0, 0]
    assert one.right.tolist() == [True, True, False]
    assert one.rows == 3


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.permutations(range(3)), st.lists(st.integers(0, 9), min_size=1))
def test_taking_rows_and_columns_moves_everything_along(
    seed: int, order: list[int], rows: list[int]
) -> None:
    one = drawn(seed, 10, 3)
    found = one.take(rows, [one.labels[at] for at in order])
    assert [found.labels[at] for at in found.truth] == [one.examples[row].label for row in rows]
    assert found.right.tolist() == one.right[rows].tolist()
    np.testing.assert_allclose(found.probabilities, one.probabilities[rows][:, order])
    back = found.take(range(found.rows), one.labels)
    assert (back.logits == one.logits[rows]).all()

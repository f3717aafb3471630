"""Answers to test with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from swereg.evaluation.statistics import METRICS, Bootstrap, Pair, Scored, paired, resample
from swereg.records.dataset import Example


def scored(truth: Sequence[int], logits: Any, labels: Sequence[str] = ()) -> Scored:
    """Wrap true columns and logits; the texts are the row numbers."""
    logits = np.asarray(logits, dtype=np.float32)
    names = tuple(labels) or tuple("abcdefghijklmnop"[: logits.shape[1]])
    examples = tuple(Example(f"text {row}", names[at]) for row, at in enumerate(truth))
    return Scored(names, examples, logits)


def answers(truth: Sequence[int], best: Sequence[int], labels: int = 2) -> Scored:
    """Answer with the given columns, all equally sure."""
    return scored(truth, 2.0 * np.eye(labels)[list(best)])


def drawn(seed: int, rows: int, labels: int = 2, skill: float = 1.0) -> Scored:
    """Draw logits that favour the true label the more, the greater the skill."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, rows)
    noise = rng.normal(size=(rows, labels))
    return scored(truth.tolist(), noise + skill * np.eye(labels)[truth])


def pair(
    a: Scored,
    b: Scored,
    names: tuple[str, str] = ("A", "B"),
    bootstrap: Bootstrap | None = None,
) -> Pair:
    """Compare B with A by every metric.

    Raises:
        Conflict: they are not on the same examples.
    """
    groups = dict(zip(names, ([a], [b]), strict=True))
    return paired(resample(groups, list(METRICS), bootstrap), *names)


@st.composite
def any_answers(draw: Any) -> Scored:
    """Random logits on a coarse grid (so that there are ties), any labels, at least one row."""
    labels = draw(st.integers(2, 5))
    rows = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    grid = draw(st.sampled_from([0.5, 2.0, 30.0]))
    logits = rng.integers(-3, 4, size=(rows, labels)) * grid
    return scored(rng.integers(0, labels, rows).tolist(), logits)

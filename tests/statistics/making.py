"""Answers to test with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from swereg.records import Example
from swereg.statistics import Scored


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

"""The answer for one text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one text.

    Attributes:
        label: the most probable one.
        score: its probability.
        scores: every label's probability, in label order.
        truncated: whether the text was longer than the entry's maximum and was cut.
    """

    label: str
    score: float
    scores: Mapping[str, float]
    truncated: bool = False

"""A loaded entry: texts in, labels out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from swereg.adapters import tensors
from swereg.adapters.frozen_base import FrozenBase, Placed
from swereg.adapters.method import Method
from swereg.adapters.scoring import Logits, softmax
from swereg.adapters.specs import settings_of
from swereg.errors import UsageError
from swereg.records import Entry, Prediction, Weights


class Classifier:
    """An entry on its base. Entries of one base share it in memory.

    Attributes:
        entry: everything stored about it.
        labels: in the order of the scores.
    """

    def __init__(self, entry: Entry, base: FrozenBase, placed: Placed) -> None:
        self.entry = entry
        self.labels = entry.labels
        self.base = base
        self.placed = placed

    @classmethod
    def open(cls, entry: Entry, weights: Weights, base: FrozenBase, method: Method) -> Classifier:
        """Put an entry on its base.

        Raises:
            CheckFailed: the weights are not those that were recorded, or do not fit.
        """
        settings = settings_of(method, entry.recipe.settings)
        lowered = method.lower(tensors.read(weights), base, settings)
        placed = base.place(lowered, len(entry.labels), entry.recipe.max_length)
        return cls(entry, base, placed)

    @property
    def ref(self) -> str:
        """The reference, such as ``sentiment/3``."""
        return self.entry.ref

    @property
    def parameters(self) -> int:
        """The number of parameters that are this entry's own."""
        return self.entry.trainable

    def predict(self, texts: Iterable[str]) -> list[Prediction]:
        """Answer texts, in their order.

        Raises:
            UsageError: a single text was given instead of a list.
        """
        texts = listed(texts)
        logits, cut = self.base.logits(texts, [self.placed] * len(texts))
        return predictions(self.labels, logits, cut)

    def __repr__(self) -> str:
        return f"Classifier({self.ref!r}, labels={self.labels})"


def predictions(
    labels: Sequence[str], logits: Sequence[Logits], cut: Sequence[bool]
) -> list[Prediction]:
    """Turn logits, per text [labels], into answers."""
    answers = []
    rows = softmax(np.stack(logits)).tolist() if logits else []
    for row, truncated in zip(rows, cut, strict=True):
        scores = dict(zip(labels, row, strict=True))
        label = max(scores, key=scores.__getitem__)
        answers.append(Prediction(label, scores[label], scores, truncated))
    return answers


def listed(texts: Iterable[str]) -> list[str]:
    """Refuse a single text where a list is wanted.

    Raises:
        UsageError: it is one text.
    """
    if isinstance(texts, str):
        raise UsageError("predict takes a list of texts", hint="Write predict([text]).")
    return list(texts)

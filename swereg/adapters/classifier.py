"""A loaded entry: texts in, labels out. Knows no torch: not every entry needs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np

from swereg.errors import UsageError
from swereg.evaluation.scoring import Logits, softmax
from swereg.records.entry import Entry
from swereg.records.prediction import Prediction


class Classifier(ABC):
    """An entry, ready to answer.

    Attributes:
        entry: everything stored about it.
        labels: in the order of the scores.
    """

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.labels = entry.labels

    @property
    def ref(self) -> str:
        """The reference, such as ``sentiment/3``."""
        return self.entry.ref

    @property
    def parameters(self) -> int:
        """The number of parameters that are this entry's own."""
        return self.entry.trainable

    @property
    def has_own_encoder(self) -> bool:
        """Whether it brings a whole encoder, as a full fine-tune does."""
        return False

    @property
    def pool(self) -> object:
        """What entries that are answered in one pass have in common: their base; else nothing."""
        return self

    def logits_mixed(
        self, classifiers: Sequence[Classifier], texts: Sequence[str]
    ) -> tuple[list[Logits], list[bool]]:
        """Answer each text with the entry at its position; all are of this one's pool."""
        return self.logits(texts)

    def logits_all(
        self, classifiers: Sequence[Classifier], texts: Sequence[str]
    ) -> list[tuple[list[Logits], list[bool]]]:
        """Answer every text with every entry, all of this one's pool; per entry as ``logits``."""
        return [self.logits(texts)]

    @abstractmethod
    def logits(self, texts: Sequence[str]) -> tuple[list[Logits], list[bool]]:
        """Answer texts: per text its logits, [labels], and whether it was cut."""

    def predict(self, texts: Iterable[str]) -> list[Prediction]:
        """Answer texts, in their order.

        Raises:
            UsageError: a single text was given instead of a list.
        """
        return predictions(self.labels, *self.logits(as_texts(texts)))

    def __repr__(self) -> str:
        return f"Classifier({self.ref!r}, labels={self.labels})"


def predictions(
    labels: Sequence[str], logits: Sequence[Logits], cut: Sequence[bool]
) -> list[Prediction]:
    """Turn logits, per text [labels], into answers."""
    answers = []
    rows = softmax(np.stack(logits)).tolist() if len(logits) else []
    for row, truncated in zip(rows, cut, strict=True):
        scores = dict(zip(labels, row, strict=True))
        label = max(scores, key=scores.__getitem__)
        answers.append(Prediction(label, scores[label], scores, truncated))
    return answers


def as_texts(texts: Iterable[str]) -> list[str]:
    """Refuse a single text where a list is wanted.

    Raises:
        UsageError: it is one text.
    """
    if isinstance(texts, str):
        raise UsageError("predict takes a list of texts", hint="Write predict([text]).")
    return list(texts)

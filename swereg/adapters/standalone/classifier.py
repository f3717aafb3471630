"""An entry without a base, ready to answer."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

from swereg.adapters.classifier import Classifier
from swereg.adapters.standalone.method import Answerer, Standalone, Tensors
from swereg.adapters.tensors import read_arrays
from swereg.errors import CheckFailed
from swereg.evaluation.scoring import Logits
from swereg.plugins.specs import settings_of
from swereg.records.entry import Entry
from swereg.records.training import Weights


class Alone(Classifier):
    """An entry without a base."""

    def __init__(self, entry: Entry, answer: Answerer) -> None:
        super().__init__(entry)
        self._answer = answer

    @classmethod
    def open(cls, entry: Entry, weights: Weights, method: Standalone) -> Alone:
        """Read an entry.

        Raises:
            CheckFailed: the weights are not those that were recorded, or do not fit.
        """
        settings = settings_of(method, entry.recipe.settings)
        return cls(entry, answerer(method, read_arrays(weights), entry.labels, settings))

    def logits(self, texts: Sequence[str]) -> tuple[list[Logits], list[bool]]:
        """Answer texts: per text its logits, [labels], and that it was not cut."""
        return list(self._answer(texts)) if texts else [], [False] * len(texts)


def answerer(
    method: Standalone, tensors: Tensors, labels: Sequence[str], settings: object
) -> Answerer:
    """Make what answers texts as they come, whatever their Unicode form.

    Raises:
        CheckFailed: the tensors do not fit; later, an answer is not finite or not whole.
    """
    answer = method.answerer(tensors, labels, settings)

    def checked(texts: Sequence[str]) -> Logits:
        logits = answer([unicodedata.normalize("NFC", text) for text in texts])
        checked_logits = np.asarray(logits, dtype=np.float32)
        if (
            checked_logits.shape != (len(texts), len(labels))
            or not np.isfinite(checked_logits).all()
        ):
            raise CheckFailed(
                f"{method.name} gives no sound answer",
                why=f"{checked_logits.shape} for {len(texts)} texts and {len(labels)} labels, "
                "or not finite.",
                hint=f"This is a fault of the method {method.name}; please report it.",
                code="standalone.answer",
            )
        return checked_logits

    return checked

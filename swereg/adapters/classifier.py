"""A loaded entry: texts in, labels out."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from weakref import WeakValueDictionary

from swereg.adapters import tensors
from swereg.adapters.bank import Bank
from swereg.adapters.bases import BaseSource
from swereg.adapters.method import Method
from swereg.adapters.scoring import softmax
from swereg.adapters.sequence_classifier import choose_device
from swereg.adapters.specs import settings_of
from swereg.errors import UsageError
from swereg.records import Entry, Prediction, Weights

_banks: WeakValueDictionary[tuple[str, str], Bank] = WeakValueDictionary()
_opening = threading.Lock()


class Classifier:
    """An entry on its base. Entries of one base share it in memory.

    Attributes:
        entry: everything stored about it.
        labels: in the order of the scores.
    """

    def __init__(self, entry: Entry, bank: Bank, key: str) -> None:
        self.entry = entry
        self.labels = entry.labels
        self._bank = bank
        self._key = key

    @classmethod
    def open(
        cls, entry: Entry, weights: Weights, source: BaseSource, method: Method, device: str
    ) -> Classifier:
        """Put an entry on its base.

        Raises:
            CheckFailed: base or weights are not those that were recorded.
        """
        with _opening:
            place = entry.base.fingerprint, str(choose_device(device))
            bank = _banks.get(place)
            if bank is None:
                bank = _banks[place] = Bank(source, device)
            key = f"{entry.weights_digest}:{entry.method}:{sorted(entry.recipe.settings.items())}"
            if key not in bank:
                settings = settings_of(method, entry.recipe.settings)
                lowered = method.lower(tensors.read(weights), bank.prefix, settings)
                bank.add(key, lowered, entry.labels)
        return cls(entry, bank, key)

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
        if isinstance(texts, str):
            raise UsageError("predict takes a list of texts", hint="Write predict([text]).")
        texts = list(texts)
        logits, cut = self._bank.logits(self._key, texts, self.entry.recipe.max_length)
        answers = []
        for row, truncated in zip(softmax(logits).tolist() if texts else [], cut, strict=True):
            scores = dict(zip(self.labels, row, strict=True))
            label = max(scores, key=scores.__getitem__)
            answers.append(Prediction(label, scores[label], scores, truncated))
        return answers

    def __repr__(self) -> str:
        return f"Classifier({self.ref!r}, labels={self.labels})"

"""An entry on its base."""

from __future__ import annotations

from collections.abc import Sequence

from swereg.adapters import tensors
from swereg.adapters.classifier import Classifier
from swereg.adapters.frozen.base import FrozenBase, Placed
from swereg.adapters.method import Method
from swereg.evaluation.scoring import Logits
from swereg.plugins.specs import settings_of
from swereg.records.entry import Entry
from swereg.records.training import Weights


class Adapted(Classifier):
    """An entry on its base. Entries of one base share it in memory."""

    def __init__(self, entry: Entry, base: FrozenBase, placed: Placed) -> None:
        super().__init__(entry)
        self.base = base
        self.placed = placed

    @classmethod
    def open(cls, entry: Entry, weights: Weights, base: FrozenBase, method: Method) -> Adapted:
        """Put an entry on its base.

        Raises:
            CheckFailed: the weights are not those that were recorded, or do not fit.
        """
        settings = settings_of(method, entry.recipe.settings)
        lowered = method.lower(tensors.read(weights), base, settings)
        placed = base.place(lowered, len(entry.labels), entry.recipe.max_length)
        return cls(entry, base, placed)

    def logits(self, texts: Sequence[str]) -> tuple[list[Logits], list[bool]]:
        """Answer texts: per text its logits, [labels], and whether it was cut."""
        return self.base.logits(texts, [self.placed] * len(texts))

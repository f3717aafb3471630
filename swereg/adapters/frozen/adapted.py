"""An entry on its base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from swereg.adapters.classifier import Classifier
from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.frozen.encoder import Placed
from swereg.adapters.method import Method
from swereg.adapters.tensors import read_tensors
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
        lowered = method.lower(read_tensors(weights), base, settings)
        placed = base.place(lowered, len(entry.labels), entry.recipe.max_length)
        return cls(entry, base, placed)

    @property
    def has_own_encoder(self) -> bool:
        """Whether it brings a whole encoder, as a full fine-tune does."""
        return self.placed.encoder is not None

    @property
    def pool(self) -> FrozenBase:
        """The base: its entries are answered in one pass."""
        return self.base

    def logits_mixed(
        self, classifiers: Sequence[Classifier], texts: Sequence[str]
    ) -> tuple[list[Logits], list[bool]]:
        """Answer each text with the entry at its position, in one pass over the base."""
        return self.base.logits(texts, _placed(classifiers))

    def logits_all(
        self, classifiers: Sequence[Classifier], texts: Sequence[str]
    ) -> list[tuple[list[Logits], list[bool]]]:
        """Answer every text with every entry; what they have in common is computed once."""
        logits, cut = self.base.logits_all(texts, _placed(classifiers))
        return list(zip(logits, cut, strict=True))

    def logits(self, texts: Sequence[str]) -> tuple[list[Logits], list[bool]]:
        """Answer texts: per text its logits, [labels], and whether it was cut."""
        return self.base.logits(texts, [self.placed] * len(texts))


def _placed(classifiers: Sequence[Classifier]) -> list[Placed]:
    return [cast("Adapted", classifier).placed for classifier in classifiers]

"""A linear probe: the encoder stays as it is, and only the head learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swereg.adapters.method import HEAD_BIAS, HEAD_WEIGHT, Array, Frozen, Lowered
from swereg.errors import CheckFailed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from swereg.adapters.sequence_classifier import SequenceClassifier


@dataclass(frozen=True)
class HeadSettings:
    """A linear probe has no settings of its own."""


class Head:
    """The encoder runs once over the data, then only the head learns."""

    name = "head"
    description = "A linear probe on the frozen encoder; trains in seconds."
    settings = HeadSettings
    learning_rate = 1e-3
    lowers_arrays = True
    frozen_encoder = True

    def attach(self, model: SequenceClassifier, settings: HeadSettings) -> nn.Module:
        """Let only the head learn."""
        from swereg.adapters.sequence_classifier import freeze

        freeze(model)
        model.classifier.requires_grad_(True)
        return model

    def state(self, model: nn.Module) -> dict[str, Tensor]:
        """Return the head."""
        tensors = model.state_dict()
        return {key: tensors[key] for key in (HEAD_WEIGHT, HEAD_BIAS)}

    def lower(
        self, tensors: Mapping[str, Array], frozen: Frozen, settings: HeadSettings
    ) -> Lowered:
        """A head alone has nothing to add to the encoder."""
        if set(tensors) != {HEAD_WEIGHT, HEAD_BIAS}:
            raise CheckFailed(
                f"the stored weights are not a head: {', '.join(sorted(tensors))}",
                code="weights.extra",
            )
        return Lowered(tensors[HEAD_WEIGHT], tensors[HEAD_BIAS])


METHOD = Head()

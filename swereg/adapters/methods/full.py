"""Full fine-tuning: every parameter learns. The baseline that adapters are held against."""

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
class FullSettings:
    """Full fine-tuning has no settings of its own."""


class Full:
    """Everything learns; the entry is a whole model and brings its own encoder."""

    name = "full"
    description = "Full fine-tuning of every parameter; the baseline."
    settings = FullSettings
    learning_rate = 1e-5
    lowers_arrays = True
    frozen_encoder = False

    def attach(self, model: SequenceClassifier, settings: FullSettings) -> nn.Module:
        """Let everything learn."""
        model.requires_grad_(True)
        return model

    def state(self, model: nn.Module) -> dict[str, Tensor]:
        """Return the whole model, under transformers' keys."""
        return model.state_dict()

    def lower(
        self, tensors: Mapping[str, Array], frozen: Frozen, settings: FullSettings
    ) -> Lowered:
        """Split the encoder from the head."""
        remaining = dict(tensors)
        try:
            weight, bias = remaining.pop(HEAD_WEIGHT), remaining.pop(HEAD_BIAS)
        except KeyError as missing:
            raise CheckFailed(
                f"the stored weights lack {missing}", code="weights.missing"
            ) from missing
        start = f"{frozen.prefix}."
        strangers = [key for key in remaining if not key.startswith(start)]
        if strangers:
            raise CheckFailed(
                f"the stored weights have tensors of no known part: {', '.join(strangers)}",
                code="weights.extra",
            )
        encoder = {key.removeprefix(start): tensor for key, tensor in remaining.items()}
        return Lowered(weight, bias, encoder=encoder)


METHOD = Full()

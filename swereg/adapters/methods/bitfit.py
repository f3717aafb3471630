"""BitFit: only the biases learn (Ben Zaken et al., arXiv:2106.10199)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swereg.adapters.method import HEAD_BIAS, HEAD_WEIGHT, Array, Delta, Frozen, Lowered
from swereg.adapters.methods.layer_names import alike
from swereg.errors import CheckFailed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from swereg.adapters.sequence_classifier import SequenceClassifier

BIAS = ".bias"


@dataclass(frozen=True)
class BitFitSettings:
    """BitFit has no settings of its own."""


class BitFit:
    """Every bias of the encoder learns: linear layers, LayerNorms and the pooler."""

    name = "bitfit"
    description = "Only the biases learn; adds no work when it runs."
    settings = BitFitSettings
    learning_rate = 4e-4  # inside the grid of the paper, 1e-4 to 1e-3
    lowers_arrays = True
    frozen_encoder = False

    def attach(self, model: SequenceClassifier, settings: BitFitSettings) -> nn.Module:
        """Let the biases and the head learn."""
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.endswith(BIAS))
        model.classifier.requires_grad_(True)
        return model

    def state(self, model: nn.Module) -> dict[str, Tensor]:
        """Return the biases and the head, under transformers' keys."""
        return {
            name: tensor
            for name, tensor in model.state_dict().items()
            if name.endswith(BIAS) or name == HEAD_WEIGHT
        }

    def lower(
        self, tensors: Mapping[str, Array], frozen: Frozen, settings: BitFitSettings
    ) -> Lowered:
        """Take each layer's difference to the frozen bias, [out]."""
        remaining = dict(tensors)
        try:
            weight, bias = remaining.pop(HEAD_WEIGHT), remaining.pop(HEAD_BIAS)
        except KeyError as missing:
            raise CheckFailed(
                f"the stored weights lack {missing}", code="weights.missing"
            ) from missing
        start = f"{frozen.prefix}."
        strangers = [key for key in remaining if not (key.startswith(start) and key.endswith(BIAS))]
        if strangers:
            raise CheckFailed(
                f"the stored weights have tensors that are no bias: {', '.join(strangers)}",
                code="weights.extra",
            )
        deltas = {}
        for key, tensor in remaining.items():
            layer = key.removeprefix(start).removesuffix(BIAS)
            base_bias = frozen.tensor(layer + BIAS)
            if tensor.shape != base_bias.shape:
                raise CheckFailed(
                    f"the stored tensor {key} has the shape {list(tensor.shape)}",
                    why=f"The base has {list(base_bias.shape)}.",
                    code="weights.shape",
                )
            deltas[layer] = Delta(bias=tensor - base_bias)
        for layer in alike(deltas, lambda layer: _has_bias(frozen, layer)):
            if layer not in deltas:
                raise CheckFailed(
                    f"the stored weights lack {start}{layer}{BIAS}", code="weights.missing"
                )
        return Lowered(weight, bias, deltas)


def _has_bias(frozen: Frozen, layer: str) -> bool:
    try:
        frozen.tensor(layer + BIAS)
    except CheckFailed:
        return False
    return True


METHOD = BitFit()

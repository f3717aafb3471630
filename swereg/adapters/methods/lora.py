"""LoRA: low-rank updates beside frozen linear layers (Hu et al., arXiv:2106.09685)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from swereg.adapters.method import HEAD_BIAS, HEAD_WEIGHT, Array, Delta, Frozen, Lowered
from swereg.adapters.methods.layer_names import is_target
from swereg.adapters.methods.lora_settings import LoraSettings
from swereg.adapters.methods.peft_method import PEFT_PREFIX, PeftMethod, PeftTensors

if TYPE_CHECKING:
    from peft import LoraConfig
    from torch import Tensor, nn

    from swereg.adapters.sequence_classifier import SequenceClassifier


class Lora(PeftMethod):
    """The default method. Its kin differ in ``extra``, ``scale`` and ``delta``."""

    name = "lora"
    description = "Low-rank updates beside frozen linear layers; the default."
    settings: type[Any] = LoraSettings
    learning_rate = 1e-4
    lowers_arrays = True
    extra: ClassVar[Mapping[str, Any]] = {}  # more of PEFT's configuration

    def config(self, settings: LoraSettings) -> LoraConfig:
        """Build PEFT's configuration."""
        from peft import LoraConfig

        return LoraConfig(
            r=settings.r,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules=settings.targets.split("+"),
            layers_to_transform=settings.numbers(),
            rank_pattern=settings.ranks(),
            alpha_pattern=settings.alphas(),
            **self.extra,
        )

    def attach(self, model: SequenceClassifier, settings: LoraSettings) -> nn.Module:
        """Put an update beside each layer that the settings name; PEFT is not needed.

        Raises:
            UsageError: the settings name layers that cannot be adapted.
        """
        from torch import nn

        from swereg.adapters.methods.lora_layer import LoraLinear
        from swereg.adapters.sequence_classifier import freeze

        freeze(model)
        targets = []
        for name, layer in list(model.named_modules()):
            if not is_target(name, settings.targets, settings.numbers()):
                continue
            if layer is model.classifier:
                raise self.bad_targets("The head learns as it is; adapters are for the encoder.")
            if type(layer) is not nn.Linear:
                raise self.bad_targets(f"{name} is no linear layer.")
            rank = settings.rank_of(name)
            scale = self.scale(settings.alpha_of(name), rank)
            model.set_submodule(name, LoraLinear(layer, rank, scale, settings.dropout))
            targets.append(name)
        self.check_found(targets, settings)
        model.classifier.requires_grad_(True)
        return model

    def check_found(self, layers: list[str], settings: LoraSettings) -> None:
        """Check also that each of the numbered layers is there.

        Raises:
            UsageError: one is not.
        """
        super().check_found(layers, settings)
        for number in settings.numbers() or []:
            if not any(f".{number}." in name for name in layers):
                raise self.bad_targets(f"There is nothing to adapt in layer {number}.")

    def state(self, model: nn.Module) -> dict[str, Tensor]:
        """Return A and B of each layer and the head, under the keys that PEFT's files have."""
        return {
            PEFT_PREFIX + name: parameter.detach()
            for name, parameter in model.named_parameters()
            if ".lora_" in name or name in (HEAD_WEIGHT, HEAD_BIAS)
        }

    def lower(
        self, tensors: Mapping[str, Array], frozen: Frozen, settings: LoraSettings
    ) -> Lowered:
        """Pair the A and B of each layer."""
        stored = PeftTensors(tensors, frozen)
        weight, bias = stored.head()
        deltas = {}
        for layer in stored.layers("lora_A.weight", settings.targets, settings.numbers()):
            name = f"{frozen.prefix}.{layer}"
            rank = settings.rank_of(name)
            scale = self.scale(settings.alpha_of(name), rank)
            wide, narrow = stored.shape(layer)
            down = stored.of(layer, "lora_A.weight", (rank, narrow))
            up = stored.of(layer, "lora_B.weight", (wide, rank))
            deltas[layer] = self.delta(layer, down, up * scale, stored)
        stored.end(self.name)
        return Lowered(weight, bias, deltas)

    def scale(self, alpha: float, rank: int) -> float:
        """Return the factor of the update."""
        return alpha / rank

    def delta(self, layer: str, down: Array, up: Array, stored: PeftTensors) -> Delta:
        """Make a layer's delta from A, [rank, in], and the scaled B, [out, rank]."""
        return Delta(down, up)


METHOD = Lora()

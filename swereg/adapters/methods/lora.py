"""LoRA: low-rank updates beside frozen linear layers (Hu et al., arXiv:2106.09685)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from swereg.adapters.method import Array, Delta, Frozen, Lowered
from swereg.adapters.methods.lora_settings import LoraSettings
from swereg.adapters.methods.peft_method import PeftMethod, PeftTensors

if TYPE_CHECKING:
    from peft import LoraConfig
    from torch import nn


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

    def inspect(self, wrapped: nn.Module, settings: LoraSettings) -> None:
        """Check also that each of the numbered layers is there.

        Raises:
            UsageError: one is not.
        """
        super().inspect(wrapped, settings)
        adapted = {key for key, _ in wrapped.named_modules() if key.endswith(".lora_A")}
        for number in settings.numbers() or []:
            if not any(f".{number}." in key for key in adapted):
                raise self.bad_targets(f"There is nothing to adapt in layer {number}.")

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

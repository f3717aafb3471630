"""DoRA: LoRA on the directions of the weights, beside magnitudes (Liu et al., arXiv:2402.09353)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from swereg.adapters.method import Array, Delta
from swereg.adapters.methods.lora import Lora
from swereg.adapters.methods.peft_method import PeftMethod, PeftTensors
from swereg.errors import CheckFailed


class Dora(Lora):
    """The norms are computed once, so that running it costs what LoRA costs."""

    name = "dora"
    description = "LoRA that learns the magnitude of each output apart from its direction."
    lowers_arrays = True
    extra: ClassVar[Mapping[str, Any]] = {"use_dora": True}
    attach, state = PeftMethod.attach, PeftMethod.state  # it learns through PEFT

    def delta(self, layer: str, down: Array, up: Array, stored: PeftTensors) -> Delta:
        """Scale the direction W + BA, whose rows get the stored magnitudes; b stays as it is.

        With g = magnitude / |W + BA|, [out], it is y = g * (W x + BA x) + b.
        """
        frozen = stored.frozen.tensor(f"{layer}.weight")
        magnitude = stored.of(layer, "lora_magnitude_vector", (frozen.shape[0],))
        directions = frozen + up @ down
        g = magnitude / (directions * directions).sum(1) ** 0.5
        try:  # out_scale multiplies all of W x + b; this gives back what b loses by it
            bias = (1 - g) * stored.frozen.tensor(f"{layer}.bias")
        except CheckFailed:  # a layer without one
            bias = None
        return Delta(down, up * g[:, None], out_scale=g, bias=bias)


METHOD = Dora()

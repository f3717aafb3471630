"""rsLoRA: LoRA whose scale falls with the root of the rank (Kalajdzievski, arXiv:2312.03732)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from swereg.adapters.methods.lora import Lora
from swereg.adapters.methods.lora_settings import LoraSettings


@dataclass(frozen=True)
class RsLoraSettings(LoraSettings):
    """Those of LoRA, with the update scaled by alpha / sqrt(r).

    Attributes:
        alpha: does not follow the rank, as in the paper; at r=4 the scale is LoRA's.
    """

    alpha: float = 4.0


class RsLora(Lora):
    """For high ranks, where LoRA's scale alpha / r makes the update too small to learn."""

    name = "rslora"
    description = "LoRA scaled by the root of the rank, for ranks from 16 on."
    settings = RsLoraSettings
    lowers_arrays = True
    extra: ClassVar[Mapping[str, Any]] = {"use_rslora": True}

    def scale(self, alpha: float, rank: int) -> float:
        """Return the factor of the update."""
        return alpha / math.sqrt(rank)


METHOD = RsLora()

"""LoRA: low-rank updates beside frozen linear layers (Hu et al., arXiv:2106.09685)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swereg.adapters.method import HEAD_BIAS, HEAD_WEIGHT, Delta, Lowered
from swereg.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from swereg.adapters.sequence_classifier import SequenceClassifier

PEFT_PREFIX = "base_model.model."
DOWN, UP = ".lora_A.weight", ".lora_B.weight"


@dataclass(frozen=True)
class LoraSettings:
    """Settings of LoRA.

    Attributes:
        r: rank of the update.
        alpha: the update is scaled by alpha / r; 0 stands for 2 r.
        dropout: on the update's input while training.
        targets: names of the linear layers, joined by ``+``.
    """

    r: int = 4
    alpha: float = 0.0
    dropout: float = 0.2
    targets: str = "query+value"

    def __post_init__(self) -> None:
        if self.alpha == 0:
            object.__setattr__(self, "alpha", 2.0 * self.r)
        rules = {
            "r": 1 <= self.r <= 1024,
            "alpha": math.isfinite(self.alpha) and self.alpha > 0,
            "dropout": 0 <= self.dropout < 1,
            "targets": all(self.targets.split("+")),
        }
        for key, kept in rules.items():
            if not kept:
                raise UsageError(
                    f"lora cannot have {key}={getattr(self, key)}",
                    why="r is 1 to 1024, alpha above 0, dropout 0 to below 1, targets names.",
                    code="method.setting",
                )


class Lora:
    """The default method. PEFT builds and initialises it; the stored keys are PEFT's."""

    name = "lora"
    description = "Low-rank updates beside frozen linear layers; the default."
    settings = LoraSettings
    learning_rate = 1e-4
    frozen_encoder = False

    def attach(self, model: SequenceClassifier, settings: LoraSettings) -> nn.Module:
        """Wrap the model with PEFT, under PEFT's own adapter name ``default``."""
        from peft import LoraConfig, get_peft_model

        from swereg.adapters.sequence_classifier import freeze

        freeze(model)
        config = LoraConfig(
            r=settings.r,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules=settings.targets.split("+"),
        )
        try:
            wrapped: nn.Module = get_peft_model(model, config)
        except ValueError as fault:
            raise UsageError(
                f"this base has no layers named {settings.targets.replace('+', ' and ')}",
                why=str(fault),
                hint="Name its linear layers: -o targets=NAME+NAME",
                code="method.targets",
            ) from fault
        model.classifier.requires_grad_(True)
        return wrapped

    def state(self, model: nn.Module) -> dict[str, Tensor]:
        """Return PEFT's tensors and the head, under the keys that PEFT's files have."""
        from peft import get_peft_model_state_dict

        tensors: dict[str, Tensor] = get_peft_model_state_dict(model)
        whole = model.state_dict()
        for key in (HEAD_WEIGHT, HEAD_BIAS):
            tensors[PEFT_PREFIX + key] = whole[PEFT_PREFIX + key]
        return tensors

    def lower(self, tensors: Mapping[str, Tensor], prefix: str, settings: LoraSettings) -> Lowered:
        """Pair the A and B of each layer; the scale alpha / r goes into B."""
        left = dict(tensors)
        try:
            weight, bias = (left.pop(PEFT_PREFIX + key) for key in (HEAD_WEIGHT, HEAD_BIAS))
            deltas = {}
            start = f"{PEFT_PREFIX}{prefix}."
            for key in [key for key in left if key.startswith(start) and key.endswith(DOWN)]:
                layer = key.removesuffix(DOWN)
                down, up = left.pop(key), left.pop(layer + UP)
                deltas[layer.removeprefix(start)] = Delta(down, up * (settings.alpha / settings.r))
        except KeyError as missing:
            raise CheckFailed(
                f"the stored weights lack {missing}", code="weights.missing"
            ) from missing
        if left:
            raise CheckFailed(
                f"the stored weights have tensors that lora does not know: {', '.join(left)}",
                code="weights.extra",
            )
        return Lowered(weight, bias, deltas)


METHOD = Lora()

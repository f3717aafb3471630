"""(IA)³: learned scales on keys, values and feed-forward inputs (Liu et al., arXiv:2205.05638)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swereg.adapters.method import Array, Delta, Frozen, Lowered
from swereg.adapters.methods.peft_method import PeftMethod, PeftTensors
from swereg.adapters.methods.settings import are_names
from swereg.plugins.specs import check_settings

if TYPE_CHECKING:
    from peft import IA3Config

FEEDFORWARD = "output.dense"


@dataclass(frozen=True)
class Ia3Settings:
    """Settings of (IA)³.

    Attributes:
        targets: names of the linear layers, joined by ``+``.
        feedforward: those of the targets whose input is scaled instead of the output.
    """

    targets: str = "key+value+output.dense"
    feedforward: str = FEEDFORWARD

    def __post_init__(self) -> None:
        targets = self.targets.split("+")
        if self.feedforward == FEEDFORWARD and FEEDFORWARD not in targets:
            object.__setattr__(self, "feedforward", "")
        rules = {
            "targets": (are_names(self.targets), "names of layers, such as key+value"),
            "feedforward": (set(self.inputs()) <= set(targets), "empty or some of the targets"),
        }
        check_settings("ia3", self, rules)

    def inputs(self) -> list[str]:
        """Return the names in ``feedforward``."""
        return self.feedforward.split("+") if self.feedforward else []


class Ia3(PeftMethod):
    """One number per output of a layer, or per input."""

    name = "ia3"
    description = (
        "Learned scales on keys, values and feed-forward inputs; the smallest entries but head."
    )
    settings = Ia3Settings
    learning_rate = 3e-3  # the paper's; the scales start at 1 and have far to go
    lowers_arrays = True

    def config(self, settings: Ia3Settings) -> IA3Config:
        """Build PEFT's configuration."""
        from peft import IA3Config

        return IA3Config(
            target_modules=settings.targets.split("+"), feedforward_modules=settings.inputs()
        )

    def lower(self, tensors: Mapping[str, Array], frozen: Frozen, settings: Ia3Settings) -> Lowered:
        """Take each layer's scale, stored as [1, in] or [out, 1]."""
        stored = PeftTensors(tensors, frozen)
        weight, bias = stored.head()
        deltas = {}
        for layer in stored.layers("ia3_l", settings.targets):
            wide, narrow = stored.shape(layer)
            if f"{frozen.prefix}.{layer}".endswith(tuple(settings.inputs())):
                deltas[layer] = Delta(in_scale=stored.of(layer, "ia3_l", (1, narrow))[0])
            else:
                deltas[layer] = Delta(out_scale=stored.of(layer, "ia3_l", (wide, 1))[:, 0])
        stored.end(self.name)
        return Lowered(weight, bias, deltas)


METHOD = Ia3()

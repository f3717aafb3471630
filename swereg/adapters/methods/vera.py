"""VeRA: one random low-rank pair, scaled by vectors (Kopiczko et al., arXiv:2310.11454)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swereg.adapters.method import Array, Delta, Frozen, Lowered
from swereg.adapters.methods.peft_method import PeftMethod, PeftTensors
from swereg.adapters.methods.settings import are_names, is_rank
from swereg.plugins.specs import check_settings

if TYPE_CHECKING:
    from peft import VeraConfig

SHARED_DOWN = "base_model.vera_A"
SHARED_UP = "base_model.vera_B"


@dataclass(frozen=True)
class VeraSettings:
    """Settings of VeRA.

    Attributes:
        r: rank of the shared pair; high, since a layer learns only r + out numbers.
        dropout: on the update's input while training.
        d_initial: where the scales of the ranks start; the paper wants 0.1 or less.
        seed: of the shared pair; entries with the same one, r and targets share it in memory.
        targets: names of the linear layers, joined by ``+``.
    """

    r: int = 256
    dropout: float = 0.0
    d_initial: float = 0.1
    seed: int = 0
    targets: str = "query+value"

    def __post_init__(self) -> None:
        rules = {
            "r": (is_rank(self.r), "from 1 to 1024"),
            "dropout": (0 <= self.dropout < 1, "from 0 to below 1"),
            "d_initial": (
                math.isfinite(self.d_initial) and self.d_initial != 0,
                "a number, not 0: from there nothing learns",
            ),
            "seed": (0 <= self.seed < 2**32, "from 0 to 4294967295"),
            "targets": (are_names(self.targets), "names of layers, such as query+value"),
        }
        check_settings("vera", self, rules)


class Vera(PeftMethod):
    """The random pair is stored with each entry, so that it does not hang on a generator."""

    name = "vera"
    description = "One random low-rank pair for all layers; only vectors on it learn."
    settings = VeraSettings
    learning_rate = 4e-3  # the low end of the paper's range for RoBERTa-base
    lowers_arrays = True

    def config(self, settings: VeraSettings) -> VeraConfig:
        """Build PEFT's configuration."""
        from peft import VeraConfig

        return VeraConfig(
            r=settings.r,
            vera_dropout=settings.dropout,
            d_initial=settings.d_initial,
            projection_prng_key=settings.seed,
            save_projection=True,
            target_modules=settings.targets.split("+"),
        )

    def lower(
        self, tensors: Mapping[str, Array], frozen: Frozen, settings: VeraSettings
    ) -> Lowered:
        """Cut each layer's part, [r, in] and [out, r], out of the shared pair."""
        stored = PeftTensors(tensors, frozen)
        weight, bias = stored.head()
        layers = stored.layers("vera_lambda_b", settings.targets)
        shapes = {layer: stored.shape(layer) for layer in layers}
        widest = max(wide for wide, _ in shapes.values())
        broadest = max(narrow for _, narrow in shapes.values())
        down = stored.take(SHARED_DOWN, (settings.r, broadest))
        up = stored.take(SHARED_UP, (widest, settings.r))
        deltas = {}
        for layer, (wide, narrow) in shapes.items():
            deltas[layer] = Delta(
                down[:, :narrow],
                up[:wide],
                mid_scale=stored.of(layer, "vera_lambda_d", (settings.r,)),
                up_scale=stored.of(layer, "vera_lambda_b", (wide,)),
                shared=True,
            )
        stored.end(self.name)
        return Lowered(weight, bias, deltas)


METHOD = Vera()

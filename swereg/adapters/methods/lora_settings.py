"""The settings of LoRA and its kin, with PEFT's meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from swereg.adapters.methods.settings import NAME, are_names, is_positive, is_rank, json_object
from swereg.plugins.specs import check_settings

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class LoraSettings:
    """Settings of LoRA.

    Attributes:
        r: rank of the update.
        alpha: the update is scaled by alpha / r; 0 stands for 2 r.
        dropout: on the update's input while training.
        targets: names of the linear layers, joined by ``+``.
        layers: numbers of the encoder's layers, joined by ``+``, such as ``10+11``; empty for all.
        rank_pattern: ranks of single layers, a JSON object such as ``{"pooler.dense": 8}``; a key
            is the end of a layer's name, and the first one that matches counts.
        alpha_pattern: the same for alpha.
    """

    r: int = 4
    alpha: float = 0.0
    dropout: float = 0.2
    targets: str = "query+value"
    layers: str = ""
    rank_pattern: str = ""
    alpha_pattern: str = ""

    def __post_init__(self) -> None:
        if self.alpha == 0:
            object.__setattr__(self, "alpha", 2.0 * self.r)
        numbers = re.compile(r"(\d{1,4}(\+\d{1,4})*)?", re.ASCII)
        rules = {
            "r": (is_rank(self.r), "from 1 to 1024"),
            "alpha": (is_positive(self.alpha), "a number above 0"),
            "dropout": (0 <= self.dropout < 1, "from 0 to below 1"),
            "targets": (are_names(self.targets), "names of layers, such as query+value"),
            "layers": (bool(numbers.fullmatch(self.layers)), "numbers of layers, such as 10+11"),
            "rank_pattern": (
                _is_pattern(self.ranks(), is_rank),
                'names, not regular expressions, with ranks: {"layer.11.output.dense": 8}',
            ),
            "alpha_pattern": (
                _is_pattern(self.alphas(), is_positive),
                'names, not regular expressions, with numbers: {"layer.11.output.dense": 16}',
            ),
        }
        check_settings("lora", self, rules)

    def numbers(self) -> list[int] | None:
        """Return the numbers in ``layers``, or None for all."""
        return [int(number) for number in self.layers.split("+")] if self.layers else None

    def ranks(self) -> dict[str, int]:
        """Return ``rank_pattern`` as a mapping."""
        return json_object("lora", "rank_pattern", self.rank_pattern)

    def alphas(self) -> dict[str, float]:
        """Return ``alpha_pattern`` as a mapping."""
        return json_object("lora", "alpha_pattern", self.alpha_pattern)

    def rank_of(self, layer: str) -> int:
        """Return the rank of a layer by its whole name, such as ``bert.pooler.dense``."""
        return _first(self.ranks(), layer, self.r)

    def alpha_of(self, layer: str) -> float:
        """Return the alpha of a layer by its whole name."""
        return _first(self.alphas(), layer, self.alpha)


def _is_pattern(pattern: Mapping[str, object], fits: Callable[[object], bool]) -> bool:
    return all(NAME.fullmatch(key) and fits(value) for key, value in pattern.items())


def _first(pattern: Mapping[str, Number], layer: str, otherwise: Number) -> Number:
    """Look a layer up as PEFT does: the first key that is its name, or ends it at a dot."""
    for key, value in pattern.items():
        if layer == key or layer.endswith(f".{key}"):
            return value
    return otherwise

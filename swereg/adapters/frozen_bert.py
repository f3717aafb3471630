"""A frozen BERT that answers: each row of a batch may have its own deltas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from swereg.adapters import attention, bert, bert_checkpoint, products
from swereg.adapters.hidden import Hidden, Padded
from swereg.adapters.routing import Adapter, Route, segments
from swereg.errors import CheckFailed

# Packing KB-BERT takes as long as it saves in 26 runs of one text each (0.24 s on one processor),
# and 340 MB. The weights as they were read stay mapped to their file, if it has them in float32.
PACK_AFTER = 25

Layer = Callable[[Tensor], Tensor]


class FrozenBert:
    """A frozen BERT encoder with pooler.

    Args:
        tensors: those of ``bert_checkpoint.shapes``.
        config: the content of config.json.
        device: where it computes, in float32.
    """

    prefix = bert_checkpoint.PREFIX

    def __init__(
        self, tensors: Mapping[str, Tensor], config: Mapping[str, Any], device: torch.device
    ) -> None:
        self.config = config
        self.device = device
        self._tensors = {
            name: tensor.detach().to(device=device, dtype=torch.float32)
            for name, tensor in tensors.items()
        }
        self._bert = bert.Bert(config)
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        self._layers = self._made(lambda weight: weight)
        self._runs = 0
        self.stages = self._bert.stages

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors by transformers' names."""
        return self._tensors

    def with_tensors(self, tensors: Mapping[str, Tensor], _: Callable[[], Any]) -> FrozenBert:
        """Make an encoder of the same shape with other tensors."""
        return FrozenBert(tensors, self.config, self.device)

    def stage_of(self, layer: str) -> int:
        """Return the stage that a layer belongs to.

        Raises:
            CheckFailed: there is no such layer.
        """
        if f"{layer}.bias" not in self._tensors:
            raise CheckFailed(f"this base has no layer {layer}", code="weights.extra")
        return self._bert.stage_of(layer)

    def start(self, ids: Sequence[Sequence[int]]) -> Hidden:
        """Make a batch of rows of token ids; nothing is computed yet."""
        return Hidden.of(ids, self.device)

    def run(
        self, hidden: Hidden, adapters: Sequence[Adapter | None], first: int, end: int
    ) -> Hidden:
        """Run the stages from ``first`` to before ``end``.

        Args:
            adapters: of each row; rows of one layout are neighbours.
        """
        self._runs += 1  # threads may lose a count; it says only about when
        if self._runs == PACK_AFTER:
            self._layers = self._made(products.pack)
        layers = _Routed(self._layers, Route(segments(adapters), hidden.lengths))
        return self._bert.run(hidden, layers, first, end)

    def _made(self, ready: Callable[[Tensor], Tensor]) -> dict[str, Layer]:
        """Make all layers by name.

        Args:
            ready: makes the weights of linear layers ready for products.
        """
        made: dict[str, Layer] = {}
        for key, weight in self._tensors.items():
            name, _, part = key.rpartition(".")
            if part == "bias":
                continue
            bias = self._tensors.get(f"{name}.bias")
            if bias is None:
                made[name] = partial(F.embedding, weight=weight)
            elif weight.dim() == 1:
                made[name] = partial(
                    F.layer_norm, normalized_shape=weight.shape, weight=weight, bias=bias,
                    eps=self._epsilon,
                )  # fmt: skip
            else:
                made[name] = partial(products.multiply, weight=ready(weight), bias=bias)
        return made


class _Routed:
    """The layers as one batch goes through them: what each row's entry adds comes on top."""

    def __init__(self, layers: Mapping[str, Layer], route: Route) -> None:
        self._layers = layers
        self._route = route

    def apply(self, name: str, x: Tensor, *, rows: bool = False) -> Tensor:
        """Run a layer; in a frozen encoder dropout does nothing."""
        run = self._layers.get(name)
        return x if run is None else self._route.apply(name, run, x, rows=rows)

    def attend(
        self, name: str, q: Tensor, k: Tensor, v: Tensor, padding: Padded, heads: int, *, rows: bool
    ) -> Tensor:
        """Scaled dot-product attention."""
        return attention.attend(q, k, v, padding, heads, rows=rows)

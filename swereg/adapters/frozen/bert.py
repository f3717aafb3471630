"""A frozen BERT that answers: each row of a batch may have its own deltas.

It runs in stages, so that what comes before the first layer that an entry changes is computed once
per text. It imports no transformers, which takes longer than everything else of a prediction.
Weights are packed for this processor after 25 batches, when that has paid for itself; a single
prediction never waits for it. In bf16 they are copies anyway, and packed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from swereg.adapters import products
from swereg.adapters.bert import attention, checkpoint, computation
from swereg.adapters.bert.hidden import Hidden, Padded
from swereg.adapters.frozen.deltas import Adapter, Route, segments
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
        device: where it computes.
        dtype: of the linear layers' products; everything between them is in float32.
    """

    prefix = checkpoint.PREFIX

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        config: Mapping[str, Any],
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.config = config
        self.device = device
        self._dtype = dtype
        self._tensors = {
            name: tensor.detach().to(device=device, dtype=torch.float32)
            for name, tensor in tensors.items()
        }
        self._bert = computation.Bert(config)
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        as_they_are = dtype == torch.float32  # others are copies anyway
        self._layers = self._made(lambda weight: weight) if as_they_are else self._made()
        self._runs = 0 if as_they_are else PACK_AFTER
        self.stages = self._bert.stages

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors by transformers' names."""
        return self._tensors

    def with_tensors(self, tensors: Mapping[str, Tensor], _: Callable[[], Any]) -> FrozenBert:
        """Make an encoder of the same shape with other tensors."""
        return FrozenBert(tensors, self.config, self.device, self._dtype)

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
            self._layers = self._made()
        layers = _Routed(self._layers, Route(segments(adapters), hidden.lengths))
        return self._bert.run(hidden, layers, first, end)

    def _made(self, ready: Callable[[Tensor], Tensor] = products.pack_weight) -> dict[str, Layer]:
        """Make all layers by name.

        Args:
            ready: makes the weights of linear layers ready for products.
        """
        built: dict[str, Layer] = {}
        for key, weight in self._tensors.items():
            name, _, part = key.rpartition(".")
            if part == "bias":
                continue
            bias = self._tensors.get(f"{name}.bias")
            if bias is None:
                built[name] = partial(F.embedding, weight=weight)
            elif weight.dim() == 1:
                built[name] = partial(
                    F.layer_norm,
                    normalized_shape=weight.shape,
                    weight=weight,
                    bias=bias,
                    eps=self._epsilon,
                )
            else:
                weight, bias = ready(weight.to(self._dtype)), bias.to(self._dtype)
                built[name] = partial(_multiply, weight=weight, bias=bias)
        return built


def _multiply(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Compute x W^T + b in their type, and back in that of x: [n, out]."""
    return products.multiply(x.to(bias.dtype), weight, bias).to(x.dtype)


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

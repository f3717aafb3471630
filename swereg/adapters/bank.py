"""The bank: one base in memory, several entries on it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from swereg.adapters.bases import BaseSource
from swereg.adapters.encoding import by_length, pad, tokenize
from swereg.adapters.method import Delta, Lowered
from swereg.adapters.scoring import Logits
from swereg.adapters.sequence_classifier import choose_device, freeze, pool
from swereg.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 32

_route: ContextVar[str] = ContextVar("route", default="")


class AdaptedLinear(nn.Module):
    """A frozen linear layer with the deltas of every resident entry that adapts it."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        self.deltas: dict[str, Delta] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer and the delta of the entry in use: [..., in] to [..., out]."""
        y: Tensor = self.layer(x)
        delta = self.deltas.get(_route.get())
        return y if delta is None else y + linear(linear(x, delta.down), delta.up)


@dataclass(frozen=True)
class Resident:
    """An entry in the bank: its head, and its own encoder if it has one."""

    weight: Tensor  # [labels, hidden]
    bias: Tensor  # [labels]
    encoder: nn.Module | None


class Bank:
    """A base in memory with entries on it.

    Args:
        source: of the base; loaded once.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
    """

    def __init__(self, source: BaseSource, device: str = "auto") -> None:
        self.source = source
        self.device = choose_device(device)
        base = source.load()
        self.info = base.info
        self.tokenizer = base.tokenizer
        self.encoder = self._ready(base.encoder)
        self.prefix: str = base.encoder.base_model_prefix
        self._residents: dict[str, Resident] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._residents

    def add(self, key: str, lowered: Lowered, labels: Sequence[str]) -> None:
        """Put an entry on the base; it can be used once this returns.

        Raises:
            CheckFailed: its tensors do not fit the base or the labels.
        """
        head = lowered.head_weight, lowered.head_bias
        wanted = (len(labels), self.info.hidden_size), (len(labels),)
        if tuple(tuple(tensor.shape) for tensor in head) != wanted:
            raise CheckFailed(
                f"the head does not fit {len(labels)} labels on {self.info}",
                why=f"Its shapes are {[tuple(t.shape) for t in head]}, not {list(wanted)}.",
                code="weights.shape",
            )
        layers = {name: self._layer(name, delta) for name, delta in lowered.deltas.items()}
        own = None if lowered.encoder is None else self._own_encoder(lowered.encoder)
        for name, delta in lowered.deltas.items():
            parts = delta.down.to(self.device), delta.up.to(self.device)
            layers[name].deltas[key] = Delta(*parts)
        self._residents[key] = Resident(head[0].to(self.device), head[1].to(self.device), own)

    def remove(self, key: str) -> None:
        """Take an entry off the base."""
        self._residents.pop(key, None)
        for module in self.encoder.modules():
            if isinstance(module, AdaptedLinear):
                module.deltas.pop(key, None)

    def logits(self, key: str, texts: Sequence[str], max_length: int) -> tuple[Logits, list[bool]]:
        """Answer texts with one entry.

        Returns:
            Logits, [texts, labels], and per text whether it was cut at ``max_length`` tokens.
        """
        resident = self._residents[key]
        tokens = tokenize(self.tokenizer, texts, max_length)
        out = np.zeros((len(texts), len(resident.bias)), dtype=np.float32)
        encoder = self.encoder if resident.encoder is None else resident.encoder
        with torch.inference_mode(), _routed(key):
            for rows in by_length(tokens.lengths, BATCH):
                batch = pad([tokens.ids[row] for row in rows], self.tokenizer.pad_token_id or 0)
                pooled = pool(encoder, **{k: v.to(self.device) for k, v in batch.items()})
                out[rows] = linear(pooled, resident.weight, resident.bias).cpu().numpy()
        return out, tokens.cut

    def _ready(self, encoder: Any) -> nn.Module:
        freeze(encoder)
        ready: nn.Module = encoder.to(self.device).eval()
        return ready

    def _own_encoder(self, state: dict[str, Tensor] | Any) -> nn.Module:
        encoder = self.source.load().encoder
        try:
            encoder.load_state_dict(state, strict=True)
        except RuntimeError as fault:
            raise CheckFailed(
                f"the stored encoder does not fit {self.info}", why=str(fault), code="weights.shape"
            ) from fault
        return self._ready(encoder)

    def _layer(self, name: str, delta: Delta) -> AdaptedLinear:
        """Find a layer that can carry deltas, and check that this one fits."""
        try:
            layer = self.encoder.get_submodule(name)
        except AttributeError:
            layer = nn.Identity()
        if isinstance(layer, nn.Linear):
            layer = AdaptedLinear(layer)
            self.encoder.set_submodule(name, layer)
        if not isinstance(layer, AdaptedLinear):
            raise CheckFailed(f"{self.info} has no linear layer {name}", code="weights.extra")
        shape = delta.up.shape[0], delta.down.shape[1]
        wanted = layer.layer.out_features, layer.layer.in_features
        if shape != wanted or delta.up.shape[1] != delta.down.shape[0]:
            raise CheckFailed(
                f"the update of {name} does not fit {self.info}",
                why=f"It is for {shape}, the layer is {wanted}.",
                code="weights.shape",
            )
        return layer


@contextmanager
def _routed(key: str) -> Iterator[None]:
    """Use one entry's deltas in this thread, and whatever happens, no longer."""
    token = _route.set(key)
    try:
        yield
    finally:
        _route.reset(token)

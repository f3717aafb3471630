"""Any encoder of transformers, frozen, with deltas per row: for what bert.py does not compute."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from swereg.adapters.bert.hidden import Hidden
from swereg.adapters.frozen.deltas import Adapter, Route, segments
from swereg.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

_route: ContextVar[Route | None] = ContextVar("route", default=None)


class AdaptedLayer(nn.Module):
    """A frozen layer that adds what the rows' entries add, in the thread that has a route."""

    def __init__(self, name: str, layer: nn.Module) -> None:
        super().__init__()
        self.name = name
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """[rows, tokens, in] or [rows, in] to the same with out."""
        route = _route.get()
        if route is None:
            return self.layer(x)  # type: ignore[no-any-return]
        run: Callable[[Tensor], Tensor] = self.layer
        y = route.apply(self.name, run, x.reshape(-1, x.shape[-1]), rows=x.dim() == 2)
        return y.view(*x.shape[:-1], y.shape[-1])


class TransformersEncoder:
    """A frozen encoder of transformers. It has one stage: all of it.

    Args:
        module: on its device, in evaluation mode; its layers are wrapped where entries need it.
        dtype: of the linear layers' products; everything between them is in float32.
    """

    stages = 1

    def __init__(
        self, module: Any, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> None:
        module.requires_grad_(requires_grad=False)
        self.module = module.to(device).eval()
        self.device = device
        self.prefix: str = module.base_model_prefix
        self._pad_id: int = module.config.pad_token_id or 0
        self._dtype = dtype
        if dtype != torch.float32:
            _replace_linear(module, dtype)
        self._tensors: dict[str, Tensor] = dict(module.state_dict())
        self._wrapping = threading.Lock()

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors by transformers' names."""
        return self._tensors

    def with_tensors(
        self, tensors: Mapping[str, Tensor], fresh: Callable[[], Any]
    ) -> TransformersEncoder:
        """Make an encoder of the same shape with other tensors."""
        module = fresh()
        module.load_state_dict(tensors, strict=True)
        return TransformersEncoder(module, self.device, self._dtype)

    def stage_of(self, layer: str) -> int:
        """Make a layer ready for deltas; there is but one stage.

        Raises:
            CheckFailed: there is no such layer.
        """
        with self._wrapping:
            try:
                module = self.module.get_submodule(layer)
            except AttributeError:
                raise CheckFailed(f"this base has no layer {layer}", code="weights.extra") from None
            if not isinstance(module, AdaptedLayer):
                self.module.set_submodule(layer, AdaptedLayer(layer, module))
        return 0

    def start(self, ids: Sequence[Sequence[int]]) -> Hidden:
        """Make a batch of rows of token ids."""
        return Hidden.of(ids, self.device)

    def run(
        self, hidden: Hidden, adapters: Sequence[Adapter | None], first: int, end: int
    ) -> Hidden:
        """Run the encoder if its one stage lies between ``first`` and ``end``."""
        if first >= end:
            return hidden
        padding = hidden.padding
        ids = padding.pad(hidden.tokens[:, None]).squeeze(2)
        inside = torch.ones_like(ids) if padding.mask is None else padding.mask.long()
        ids = ids.masked_fill(inside == 0, self._pad_id)
        route = Route(segments(adapters), [padding.longest] * padding.rows)
        with _routed(route):
            output = self.module(input_ids=ids, attention_mask=inside)
        pooled = getattr(output, "pooler_output", None)
        tokens = output.last_hidden_state[:, 0] if pooled is None else pooled
        return Hidden(tokens, padding)


def _replace_linear(module: nn.Module, dtype: torch.dtype) -> None:
    """Let linear layers compute in another type."""
    from swereg.adapters.bert.fast_linear import FastLinear

    for name, layer in list(module.named_modules()):
        if type(layer) is nn.Linear:
            module.set_submodule(name, FastLinear(layer, dtype))


@contextmanager
def _routed(route: Route) -> Iterator[None]:
    """Use a route in this thread, and whatever happens, no longer."""
    token = _route.set(route)
    try:
        yield
    finally:
        _route.reset(token)

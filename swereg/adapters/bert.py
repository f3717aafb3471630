"""BERT on packed tokens: a batch is the concatenation of its rows; only attention pads.

Equal to transformers' BertModel in evaluation mode (Devlin et al., arXiv:1810.04805), with one
addition: each row may have its own deltas, see routing.py. The stages are the embeddings, each
block, and the pooler; rows that are alike up to some stage can be computed once up to there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from swereg.adapters.bert_checkpoint import PREFIX
from swereg.adapters.hidden import Hidden, Padded
from swereg.adapters.routing import Adapter, Route, segments
from swereg.errors import CheckFailed

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "silu": F.silu,
}


class Bert:
    """A frozen BERT encoder with pooler.

    Args:
        tensors: those of ``shapes``.
        config: the content of config.json.
        device: where it computes, in float32.
    """

    prefix = PREFIX

    def __init__(
        self, tensors: Mapping[str, Tensor], config: Mapping[str, Any], device: torch.device
    ) -> None:
        self.config = config
        self.device = device
        self._tensors = {
            name: tensor.detach().to(device=device, dtype=torch.float32)
            for name, tensor in tensors.items()
        }
        self._heads = int(config["num_attention_heads"])
        self._blocks = int(config["num_hidden_layers"])
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        self._activation = ACTIVATIONS[config.get("hidden_act", "gelu")]
        self.stages = self._blocks + 2

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors by transformers' names."""
        return self._tensors

    def with_tensors(self, tensors: Mapping[str, Tensor], _: Callable[[], Any]) -> Bert:
        """Make an encoder of the same shape with other tensors."""
        return Bert(tensors, self.config, self.device)

    def stage_of(self, layer: str) -> int:
        """Return the stage that a layer belongs to.

        Raises:
            CheckFailed: there is no such layer.
        """
        if f"{layer}.bias" not in self._tensors:
            raise CheckFailed(f"this base has no layer {layer}", code="weights.extra")
        parts = layer.split(".")
        if parts[0] == "embeddings":
            return 0
        return int(parts[2]) + 1 if parts[0] == "encoder" else self.stages - 1

    def start(self, ids: Sequence[Sequence[int]]) -> Hidden:
        """Pack rows of token ids; nothing is computed yet."""
        return Hidden.of(ids, self.device)

    def run(
        self, hidden: Hidden, adapters: Sequence[Adapter | None], first: int, end: int
    ) -> Hidden:
        """Run the stages from ``first`` to before ``end``; the last one leaves a token per row.

        Args:
            adapters: of each row; rows of one layout are neighbours.
        """
        route = Route(segments(adapters), hidden.lengths)
        for stage in range(first, end):
            if stage == 0:
                tokens = self._embed(hidden, route)
            elif stage <= self._blocks:
                tokens = self._block(f"encoder.layer.{stage - 1}", hidden, route)
            else:
                tokens = self._pool(hidden, route)
            hidden = Hidden(tokens, hidden.lengths, hidden.padding)
        return hidden

    def _embed(self, hidden: Hidden, route: Route) -> Tensor:
        """[tokens] to [tokens, hidden]."""
        at = torch.cat([torch.arange(n, device=self.device) for n in hidden.lengths])
        table = "embeddings.{}_embeddings.weight".format
        x = F.embedding(hidden.tokens, self._tensors[table("word")])
        x = x + self._tensors[table("position")][at] + self._tensors[table("token_type")][0]
        return self._norm("embeddings.LayerNorm", x, route)

    def _block(self, name: str, hidden: Hidden, route: Route) -> Tensor:
        """Attention and feed-forward: [tokens, hidden] to the same."""
        x = hidden.tokens
        q, k, v = (
            self._linear(f"{name}.attention.self.{part}", x, route)
            for part in ("query", "key", "value")
        )
        attended = self._attend(q, k, v, hidden.padding)
        attended = self._linear(f"{name}.attention.output.dense", attended, route)
        x = self._norm(f"{name}.attention.output.LayerNorm", attended.add_(x), route)
        wide = self._activation(self._linear(f"{name}.intermediate.dense", x, route))
        narrow = self._linear(f"{name}.output.dense", wide, route)
        return self._norm(f"{name}.output.LayerNorm", narrow.add_(x), route)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, padding: Padded) -> Tensor:
        """Scaled dot-product attention inside each row: [tokens, hidden] to the same."""
        shape = padding.rows, padding.longest, self._heads, -1

        def split(x: Tensor) -> Tensor:  # [rows, heads, longest, hidden / heads]
            return padding.pad(x).view(*shape).transpose(1, 2)

        mask = padding.mask
        out = F.scaled_dot_product_attention(
            split(q), split(k), split(v), None if mask is None else mask[:, None, None, :]
        )
        return padding.unpad(out.transpose(1, 2).flatten(2))

    def _pool(self, hidden: Hidden, route: Route) -> Tensor:
        """The first token of each row through the pooler: [rows, hidden]."""
        first = [0, *accumulate(hidden.lengths[:-1])]
        x = hidden.tokens[torch.tensor(first, device=self.device)]
        return torch.tanh(self._linear("pooler.dense", x, route, rows=True))

    def _linear(self, name: str, x: Tensor, route: Route, *, rows: bool = False) -> Tensor:
        weight, bias = self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]
        return route.apply(name, lambda x: F.linear(x, weight, bias), x, rows=rows)

    def _norm(self, name: str, x: Tensor, route: Route) -> Tensor:
        weight, bias = self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]
        shape = (x.shape[1],)
        return route.apply(
            name, lambda x: F.layer_norm(x, shape, weight, bias, self._epsilon), x, rows=False
        )

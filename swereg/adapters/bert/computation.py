"""BERT on packed tokens: a batch is the concatenation of its rows; only attention pads (hidden.py).

The computation alone, without weights (Devlin et al., arXiv:1810.04805). How a layer is computed is
the business of whoever has it: frozen, with deltas of its own for each row (frozen_bert.py), or
while it learns (engine/). Both are held against transformers' BertModel in the tests.

The stages are the embeddings, each block, and the pooler; rows that are alike up to some stage can
be computed once up to there. Of the last block only the first token of each row is asked for, so
the others go no further than its keys and values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from swereg.adapters.bert.hidden import Hidden, Padded

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "silu": F.silu,
}


class Layers(Protocol):
    """The layers of an encoder by transformers' names, as one batch goes through them."""

    def apply(self, name: str, x: Tensor, *, rows: bool = False) -> Tensor:
        """Run an embedding, a linear layer, a LayerNorm or a dropout.

        Args:
            x: of an embedding the numbers, [n]; else [n, in].
            rows: whether n is the number of rows; else it is the number of tokens.

        Returns:
            [n, out].
        """
        ...

    def attend(
        self, name: str, q: Tensor, k: Tensor, v: Tensor, padding: Padded, heads: int, *, rows: bool
    ) -> Tensor:
        """Scaled dot-product attention of each row to itself.

        Args:
            name: of the block's attention, whose dropout is on the probabilities.
            q: [n, hidden].
            k: [tokens, hidden], as v.
            rows: whether n is the number of rows; else it is the number of tokens.

        Returns:
            [n, hidden].
        """
        ...


class Bert:
    """The computation of a BERT encoder with pooler.

    Args:
        config: the content of config.json.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._heads = int(config["num_attention_heads"])
        self._blocks = int(config["num_hidden_layers"])
        self._activation = ACTIVATIONS[config.get("hidden_act", "gelu")]
        self.stages = self._blocks + 2

    def stage_of(self, layer: str) -> int:
        """Return the stage that a layer belongs to."""
        parts = layer.split(".")
        if parts[0] == "embeddings":
            return 0
        return int(parts[2]) + 1 if parts[0] == "encoder" else self.stages - 1

    def run(self, hidden: Hidden, layers: Layers, first: int, end: int) -> Hidden:
        """Run the stages from ``first`` to before ``end``.

        The last block and the pooler leave one token per row, [rows, hidden].
        """
        for stage in range(first, end):
            if stage == 0:
                tokens = _embed(hidden, layers)
            elif stage <= self._blocks:
                tokens = self._block(stage - 1, hidden, layers)
            else:
                tokens = torch.tanh(layers.apply("pooler.dense", hidden.tokens, rows=True))
            hidden = Hidden(tokens, hidden.padding)
        return hidden

    def _block(self, number: int, hidden: Hidden, layers: Layers) -> Tensor:
        """Attention and feed-forward: [tokens, hidden] to the same, or at last [rows, hidden]."""
        name, rows = f"encoder.layer.{number}", number == self._blocks - 1
        every = hidden.tokens
        # The pooler reads the first token alone, so in the last block only it asks; the keys and
        # values that it looks at are still those of all tokens.
        x = every.index_select(0, hidden.padding.firsts) if rows else every  # [n, hidden]
        q = layers.apply(f"{name}.attention.self.query", x, rows=rows)
        k = layers.apply(f"{name}.attention.self.key", every)
        v = layers.apply(f"{name}.attention.self.value", every)
        attended = layers.attend(
            f"{name}.attention.self", q, k, v, hidden.padding, self._heads, rows=rows
        )
        x = _add_and_norm(f"{name}.attention.output", attended, x, layers, rows)
        # [n, hidden] to [n, intermediate]; the second linear layer brings it back
        wide = self._activation(layers.apply(f"{name}.intermediate.dense", x, rows=rows))
        return _add_and_norm(f"{name}.output", wide, x, layers, rows)


def _embed(hidden: Hidden, layers: Layers) -> Tensor:
    """[tokens] to [tokens, hidden]."""
    numbers = {"word": hidden.tokens, "position": hidden.padding.positions}
    numbers["token_type"] = torch.zeros_like(hidden.tokens[:1])  # one for all tokens
    word, position, kind = (
        layers.apply(f"embeddings.{table}_embeddings", ids) for table, ids in numbers.items()
    )
    x = layers.apply("embeddings.LayerNorm", word + position + kind)
    return layers.apply("embeddings.dropout", x)


def _add_and_norm(name: str, x: Tensor, before: Tensor, layers: Layers, rows: bool) -> Tensor:
    """A linear layer and dropout, added to what was before: [n, in] to [n, hidden]."""
    x = layers.apply(f"{name}.dropout", layers.apply(f"{name}.dense", x, rows=rows), rows=rows)
    # BERT normalises after the residual (post-norm), unlike GPT-2 and what came after it
    return layers.apply(f"{name}.LayerNorm", x + before, rows=rows)

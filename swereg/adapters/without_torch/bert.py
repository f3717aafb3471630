"""BERT on packed tokens, on numpy: see adapters/bert/, of which this is the small copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from swereg.adapters.method import Delta
from swereg.adapters.tensors import Array
from swereg.adapters.without_torch.activations import BY_NAME, Floats

Deltas = Mapping[str, Delta]


@dataclass(frozen=True)
class Rows:
    """Neighbouring rows of a batch that one entry answers.

    Attributes:
        ids: token ids per row.
        deltas: the entry's, by layer.
    """

    ids: Sequence[Sequence[int]]
    deltas: Deltas


class LightBert:
    """A frozen BERT encoder with pooler.

    Args:
        tensors: those of ``bert.checkpoint.shapes``, in float32 or float16.
        config: the content of config.json.
    """

    def __init__(self, tensors: Mapping[str, Array], config: Mapping[str, Any]) -> None:
        self.tensors = tensors
        self._config = config
        self._heads = int(config["num_attention_heads"])
        self._blocks = int(config["num_hidden_layers"])
        self._epsilon = np.float32(config.get("layer_norm_eps", 1e-12))
        self._activation = BY_NAME[config.get("hidden_act", "gelu")]

    def tensor(self, name: str) -> Floats:
        """Return a tensor in float32. Raises KeyError where there is none."""
        return self.tensors[name].astype(np.float32, copy=False)

    def like(self, tensors: Mapping[str, Array]) -> LightBert:
        """Make an encoder of the same shape with other tensors."""
        return LightBert(tensors, self._config)

    def pooled(self, batch_rows: Sequence[Rows]) -> Floats:
        """Run the encoder: [rows, hidden], in the order of the rows."""
        lengths = [len(ids) for rows in batch_rows for ids in rows.ids]
        starts = [0, *accumulate(lengths)]
        batch = _Batch(batch_rows, starts)
        x = self._embed(batch_rows, batch)
        for number in range(self._blocks):
            x = self._block(f"encoder.layer.{number}", x, batch)
        return np.tanh(self._linear("pooler.dense", x[starts[:-1]], batch.of_rows))

    def _embed(self, batch_rows: Sequence[Rows], batch: _Batch) -> Floats:
        """[tokens, hidden]."""
        ids = [token for rows in batch_rows for row in rows.ids for token in row]
        at = [place for rows in batch_rows for row in rows.ids for place in range(len(row))]
        x = self._rows("word", ids) + self._rows("position", at) + self._rows("token_type", [0])
        return self._norm("embeddings.LayerNorm", x, batch)

    def _rows(self, table: str, numbers: list[int]) -> Floats:
        """Rows of an embedding; the rest of the table is never read."""
        embedding = self.tensors[f"embeddings.{table}_embeddings.weight"]
        return embedding[numbers].astype(np.float32, copy=False)

    def _block(self, name: str, x: Floats, batch: _Batch) -> Floats:
        """Attention and feed-forward: [tokens, hidden] to the same."""
        tokens = batch.of_tokens
        q, k, v = (
            self._linear(f"{name}.attention.self.{part}", x, tokens)
            for part in ("query", "key", "value")
        )
        attended = self._linear(
            f"{name}.attention.output.dense", self._attend(q, k, v, batch), tokens
        )
        x = self._norm(f"{name}.attention.output.LayerNorm", attended + x, batch)
        wide = self._activation(self._linear(f"{name}.intermediate.dense", x, tokens))
        narrow = self._linear(f"{name}.output.dense", wide, tokens)
        return self._norm(f"{name}.output.LayerNorm", narrow + x, batch)

    def _attend(self, q: Floats, k: Floats, v: Floats, batch: _Batch) -> Floats:
        """Scaled dot-product attention inside each row: [tokens, hidden] to the same."""
        out = np.empty_like(q)
        width = q.shape[1] // self._heads
        for row in batch.rows:
            # a row's tokens, [tokens, hidden], to [heads, tokens, width]
            queries, keys, values = (
                x[row].reshape(-1, self._heads, width).transpose(1, 0, 2) for x in (q, k, v)
            )
            weights = queries @ keys.transpose(0, 2, 1)  # [heads, tokens, tokens]
            weights *= np.float32(width**-0.5)
            weights -= weights.max(-1, keepdims=True)  # so that exp cannot overflow
            np.exp(weights, out=weights)
            weights /= weights.sum(-1, keepdims=True)
            out[row] = (weights @ values).transpose(1, 0, 2).reshape(-1, q.shape[1])
        return out

    def _linear(self, name: str, x: Floats, places: Places) -> Floats:
        weight, bias = self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias")

        def run(x: Floats) -> Floats:
            y: Floats = x @ weight.T
            y += bias
            return y

        return _apply(name, run, x, places)

    def _norm(self, name: str, x: Floats, batch: _Batch) -> Floats:
        weight, bias = self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias")

        def run(x: Floats) -> Floats:
            x = x - x.mean(-1, keepdims=True)
            x /= np.sqrt((x * x).mean(-1, keepdims=True) + self._epsilon)
            x *= weight
            x += bias
            return x

        return _apply(name, run, x, batch.of_tokens)


Places = Sequence[tuple[slice, Deltas]]


class _Batch:
    """Where things are among all tokens, and among all rows.

    Attributes:
        rows: each row's tokens.
        of_tokens: each entry's tokens, with its deltas.
        of_rows: each entry's rows, with its deltas.
    """

    def __init__(self, batch_rows: Sequence[Rows], starts: Sequence[int]) -> None:
        self.rows = [slice(*span) for span in pairwise(starts)]
        ends = [0, *accumulate(len(rows.ids) for rows in batch_rows)]
        spans = [slice(*span) for span in pairwise(ends)]
        self.of_rows: Places = [(s, r.deltas) for s, r in zip(spans, batch_rows, strict=True)]
        self.of_tokens: Places = [
            (slice(starts[span.start], starts[span.stop]), deltas) for span, deltas in self.of_rows
        ]


def _apply(name: str, run: Callable[[Floats], Floats], x: Floats, places: Places) -> Floats:
    """Run a frozen layer and add what each entry adds, by the formula of method.Delta."""
    changing = list(_changing(name, places))
    if any(delta.in_scale is not None for _, delta in changing):
        x = x.copy()
        for span, delta in changing:
            if delta.in_scale is not None:
                x[span] *= delta.in_scale
    y = run(x)
    for span, delta in changing:
        part = y[span]
        if delta.out_scale is not None:
            part *= delta.out_scale
        if delta.down is not None and delta.up is not None:
            part += _low_rank(x[span], delta)
        if delta.bias is not None:
            part += delta.bias
    return y


def _changing(name: str, places: Places) -> Iterator[tuple[slice, Delta]]:
    for span, deltas in places:
        if name in deltas:
            yield span, deltas[name]


def _low_rank(x: Floats, delta: Delta) -> Any:
    z: Any = x @ delta.down.T  # type: ignore[union-attr]
    if delta.mid_scale is not None:
        z = z * delta.mid_scale
    z = z @ delta.up.T  # type: ignore[union-attr]
    return z if delta.up_scale is None else z * delta.up_scale

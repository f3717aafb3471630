"""Attention with dropout while it learns: forward and backward by hand, on padded heads.

torch's own way copies queries, keys and values twice, to pad them and to bring heads together, and
the gradients once more. Here one look-up does both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from swereg.adapters.bert.hidden import Padded
from swereg.adapters.training.engine.dropout import FastDropout


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    padding: Padded,
    heads: int,
    dropout: FastDropout,
    *,
    rows: bool,
) -> Tensor:
    """Scaled dot-product attention of each row to itself, with dropout on the probabilities.

    Args:
        q: [tokens, hidden], or of the first token of each row alone, [rows, hidden].
        k: [tokens, hidden], as v.
        padding: the way to padded rows.
        rows: whether q has the first tokens alone.

    Returns:
        As q, in float32.
    """
    shape = torch.Size((padding.rows, heads, 1 if rows else padding.longest, padding.longest))
    keep_mask = dropout.masks.draw(shape, dropout.p)
    if padding.mask is not None and not rows:
        # What pads the queries has no part in anything, so that its gradient is nothing too.
        keep_mask.mul_(padding.mask[:, None, :, None])
    way = _Way(padding, heads, rows=rows)
    with torch.autocast(q.device.type, enabled=False):
        attended: Tensor = _Attention.apply(  # type: ignore[no-untyped-call]
            q.float(), k.float(), v.float(), keep_mask.flatten(0, 1), way
        )
    return attended


@dataclass(frozen=True)
class _Way:
    """The way of queries to heads and back; ``rows`` as for ``attend``."""

    padding: Padded
    heads: int
    rows: bool

    def by_head(self, x: Tensor) -> Tensor:
        """As q to [rows * heads, n, width]."""
        if self.rows:
            return x.reshape(x.shape[0] * self.heads, 1, -1)
        return self.padding.by_head(x, self.heads)

    def by_token(self, x: Tensor) -> Tensor:
        """[rows * heads, n, width] to as q."""
        if self.rows:
            return x.reshape(x.shape[0] // self.heads, -1)
        return self.padding.by_token(x, self.heads)


class _Attention(torch.autograd.Function):
    """(softmax(q k^T / sqrt(width)) * kept) v, of each row and head."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, keep_mask: Tensor, way: _Way) -> Tensor:
        padding, heads = way.padding, way.heads
        ctx.way, ctx.scale = way, (q.shape[1] // heads) ** -0.5
        # [rows * heads, n, width], and [rows * heads, longest, width] twice
        queries, keys, values = way.by_head(q), padding.by_head(k, heads), padding.by_head(v, heads)
        scores = (queries @ keys.mT).mul_(ctx.scale)
        if padding.mask is not None:  # added, which is cheaper than filling
            hidden = torch.zeros_like(padding.mask, dtype=q.dtype)  # [rows, longest]
            hidden.masked_fill_(~padding.mask, -torch.inf)
            scores += hidden.repeat_interleave(heads, 0)[:, None]
        shares = scores.softmax(-1)  # [rows * heads, n, longest]
        dropped = shares * keep_mask
        attended = dropped @ values
        ctx.save_for_backward(queries, keys, values, keep_mask, shares, dropped, attended)
        return way.by_token(attended)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        queries, keys, values, keep_mask, shares, dropped, attended = ctx.saved_tensors
        padding, heads = ctx.way.padding, ctx.way.heads
        of_q, of_k, of_v, *_ = ctx.needs_input_grad
        back = ctx.way.by_head(gradient)
        # of a softmax: its shares times (g - the sum of them times g), and here that sum is the
        # output times its own gradient
        scores = (back @ values.mT).mul_(keep_mask).sub_((back * attended).sum(-1, keepdim=True))
        scores.mul_(shares).mul_(ctx.scale)
        return (
            ctx.way.by_token(scores @ keys) if of_q else None,
            padding.by_token(scores.mT @ queries, heads) if of_k else None,
            padding.by_token(dropped.mT @ back, heads) if of_v else None,
            None,
            None,
        )

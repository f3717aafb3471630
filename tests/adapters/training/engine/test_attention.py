"""Attention while it learns, against torch's own operations and their gradients."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from swereg.adapters.bert.hidden import Padded
from swereg.adapters.training.engine.attention import attend
from swereg.adapters.training.engine.dropout import FastDropout, Masks


class Known(Masks):
    """Masks that are kept, to be used again."""

    def draw(self, shape: torch.Size, p: float) -> Tensor:
        drawn = super().draw(shape, p)
        self.before = drawn.clone()
        return drawn


def by_rows(
    q: Tensor, k: Tensor, v: Tensor, lengths: list[int], kept: Tensor, *, rows: bool
) -> Tensor:
    """Row by row and head by head, without padding."""
    found, heads = [], kept.shape[1]
    tokens = [torch.split(x, lengths) for x in (k, v)]
    queries = torch.split(q, 1 if rows else lengths)
    for row, (one, key, value) in enumerate(zip(queries, *tokens, strict=True)):
        parts = []
        each = zip(*(x.chunk(heads, 1) for x in (one, key, value)), strict=True)
        for head, (a, b, c) in enumerate(each):
            shares = (a @ b.T / a.shape[1] ** 0.5).softmax(-1)
            parts.append(shares * kept[row, head, : len(a), : len(b)] @ c)
        found.append(torch.cat(parts, 1))
    return torch.cat(found)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.sampled_from([1, 2, 3]),
    st.booleans(),
    st.floats(0.01, 0.9),
    st.integers(0, 2**31),
)
def test_it_is_that_of_each_row_alone(
    lengths: list[int], heads: int, rows: bool, p: float, seed: int
) -> None:
    torch.manual_seed(seed)
    hidden, masks = 4 * heads, Known()
    sizes = (len(lengths) if rows else sum(lengths), sum(lengths), sum(lengths))
    ours: Any = [torch.randn(size, hidden, requires_grad=True) for size in sizes]
    theirs: Any = [x.detach().clone().requires_grad_() for x in ours]
    padding = Padded(lengths, torch.device("cpu"))
    found = attend(*ours, padding, heads, FastDropout(p, masks), rows=rows)
    wanted = by_rows(*theirs, lengths, masks.before, rows=rows)
    torch.testing.assert_close(found, wanted)
    gradient = torch.randn_like(found)
    found.backward(gradient)
    wanted.backward(gradient)
    for mine, its in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, its.grad, atol=1e-5, rtol=1e-4)


def small(*those: Tensor) -> Tensor:
    q, k, v = those
    padding = Padded([2, 3], torch.device("cpu"))
    return attend(q, k, v, padding, 2, FastDropout(0.1, Masks()), rows=False)


def test_what_wants_no_gradient_gets_none() -> None:
    q, k, v = (torch.randn(5, 8) for _ in range(3))
    small(q, k, v.requires_grad_()).sum().backward()
    assert q.grad is None
    assert k.grad is None
    assert v.grad is not None


def test_under_autocast_it_computes_in_float32() -> None:
    q, k, v = (torch.randn(5, 8, dtype=torch.bfloat16, requires_grad=True) for _ in range(3))
    with torch.autocast("cpu", torch.bfloat16):
        found = small(q, k, v)
    assert found.dtype == torch.float32
    found.sum().backward()
    assert q.grad is not None
    assert q.grad.dtype == torch.bfloat16

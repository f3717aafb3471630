"""Attention on padded rows."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from swereg.adapters.bert.hidden import Padded


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    padding: Padded,
    heads: int,
    *,
    rows: bool,
    dropout: float = 0.0,
) -> Tensor:
    """Scaled dot-product attention of each row to itself.

    Args:
        q: [tokens, hidden], or of the first token of each row alone, [rows, hidden].
        k: [tokens, hidden], as v.
        padding: the way to padded rows.
        rows: whether q has the first tokens alone.
        dropout: on the probabilities, as torch draws it.

    Returns:
        As q.
    """

    def split(x: Tensor) -> Tensor:
        """[rows, n, hidden] to [rows, heads, n, width]."""
        return x.view(*x.shape[:2], heads, -1).transpose(1, 2)

    queries = split(q[:, None] if rows else padding.pad(q))
    keys, values = split(padding.pad(k)), split(padding.pad(v))
    # [rows, 1, 1, longest]: the same for all heads and queries
    mask = None if padding.mask is None else padding.mask[:, None, None, :]
    attended = scaled_dot_product_attention(queries, keys, values, mask, dropout)
    joined = attended.transpose(1, 2).flatten(2)  # [rows, n, hidden]
    return joined[:, 0] if rows else padding.unpad(joined)

"""What a training step costs at the least: its matrix products, at this processor's best rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from swereg.adapters import products

ROWS = 512  # of a large product


class Floor:
    """The products of one LoRA step over rows of tokens.

    Attention's own products (1 % for short rows) and those of rank r are left out.

    Args:
        config: of a BERT.
        rows: token ids per row.
    """

    def __init__(self, config: Mapping[str, Any], rows: Sequence[Sequence[int]]) -> None:
        self._hidden = int(config["hidden_size"])
        self._wide = int(config["intermediate_size"])
        self._blocks = int(config["num_hidden_layers"])
        self._tokens, self._rows = sum(map(len, rows)), len(rows)

    @property
    def operations(self) -> float:
        """Multiplications and additions, forward and backward.

        Of the last block only keys and values are needed for every token, the rest for the first
        token of each row. Going back, the gradient of the frozen layers' input is needed, but for
        the first block's query, key and value.
        """
        square = 2 * self._hidden**2
        rest = square + 4 * self._hidden * self._wide  # attention's output, feed-forward
        whole = (self._blocks - 1) * self._tokens * (3 * square + rest)
        last = self._tokens * 2 * square + self._rows * (square + rest)
        pooler = self._rows * square
        return 2 * (whole + last + pooler) - self._tokens * 3 * square

    def products(self, dtype: torch.dtype) -> Callable[[], None]:
        """Make what does as many operations, in products as large as this processor likes them."""
        each = 2 * self._hidden * self._wide
        times = max(1, round(self.operations / (each * ROWS)))
        x = torch.randn(round(self.operations / (each * times)), self._hidden).to(dtype)
        weight = products.pack_weight(torch.randn(self._wide, self._hidden).to(dtype))

        def run() -> None:
            with torch.inference_mode():
                for _ in range(times):
                    products.multiply(x, weight)

        return run

"""What a training step costs at the least: its matrix products, at this processor's best rate."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from swereg.adapters import products


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

    def seconds(self, dtype: torch.dtype) -> float:
        """The time that this takes at the best rate."""
        return self.operations / rate(dtype, self._hidden, self._wide)

    def sentence(self) -> str:
        """Say it."""
        times = ", ".join(
            f"{self.seconds(dtype) * 1e3:.0f} ms in {name} at {self._giga(dtype):.0f} GFLOP/s"
            for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16))
        )
        return f"The {self.operations / 1e9:.1f} GFLOP of its matrix products alone take {times}."

    def _giga(self, dtype: torch.dtype) -> float:
        return self.operations / self.seconds(dtype) / 1e9


_rates: dict[torch.dtype, float] = {}


def rate(dtype: torch.dtype, hidden: int, wide: int) -> float:
    """The best rate of a large product, in operations a second, with all threads of torch."""
    if dtype not in _rates:
        x = torch.randn(512, hidden).to(dtype)
        weight = products.pack(torch.randn(wide, hidden).to(dtype))
        times = []
        with torch.inference_mode():
            for _ in range(100):
                began = time.perf_counter()
                products.multiply(x, weight)
                times.append(time.perf_counter() - began)
        _rates[dtype] = 2 * len(x) * hidden * wide / min(times)
    return _rates[dtype]

"""Dropout whose masks are drawn cheaply.

torch draws its masks on one processor, one number at a time, at a tenth of a training step.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

STEPS = 2**16  # a probability is one of so many; 0.1 is hit to 5e-6


class Masks:
    """A source of masks. Its seed is the next number of torch's generator when it is first used.

    It is renewed when an epoch begins, so that torch's generator alone says what is drawn in it.
    """

    def __init__(self) -> None:
        self._source: np.random.SFC64 | None = None

    def renew(self) -> None:
        """Take a new seed at the next draw."""
        self._source = None

    def draw(self, shape: torch.Size, p: float) -> Tensor:
        """Draw a mask: 0 with probability ``p``, else what keeps the mean, 1 / (1 - p)."""
        if self._source is None:
            self._source = np.random.SFC64(int(torch.randint(2**62, ())))
        size, dropped = shape.numel(), min(round(p * STEPS), STEPS - 1)
        drawn = self._source.random_raw(-(-size // 4))  # 64 bits for four
        numbers = torch.from_numpy(drawn).view(torch.int16)[:size].view(shape)
        kept = numbers >= dropped - STEPS // 2
        return kept.float().mul_(STEPS / (STEPS - dropped))


class FastDropout(nn.Dropout):
    """Dropout with masks from a source."""

    def __init__(self, p: float, masks: Masks) -> None:
        super().__init__(p)
        self._masks = masks

    def train(self, mode: bool = True) -> Self:
        """Begin or end to train, as at the beginning and the end of an epoch."""
        if mode:
            self._masks.renew()
        return super().train(mode)

    def forward(self, x: Tensor) -> Tensor:
        """Drop where it trains; any shape."""
        if not self.training or self.p == 0:
            return x
        return x * self._masks.draw(x.shape, self.p)

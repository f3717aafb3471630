"""Dropout whose masks are drawn cheaply.

torch draws its masks on one processor, one number at a time, at a tenth of a training step.

Here 16 random bits are drawn per number. The seed is drawn from torch's generator, so a run repeats
itself; it does not drop the same numbers as PEFT would, but as many (tested by distribution).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

STEPS = 2**16  # a probability is one of so many; 0.1 is hit to 5e-6


class Masks:
    """A source of masks, whose seed is the next number of torch's generator.

    It is renewed when an epoch begins, so that torch's generator alone says what is drawn in it.
    """

    def __init__(self) -> None:
        self._source: np.random.SFC64 | None = None

    def renew(self) -> None:
        """Take a new seed."""
        self._source = np.random.SFC64(int(torch.randint(2**62, ())))

    def draw(self, shape: torch.Size, p: float) -> Tensor:
        """Draw a mask: 0 with probability ``p``, else what keeps the mean, 1 / (1 - p)."""
        if self._source is None:
            self.renew()
        assert self._source is not None  # noqa: S101 - it was renewed
        size, dropped = shape.numel(), min(round(p * STEPS), STEPS - 1)
        drawn = self._source.random_raw(-(-size // 4)).view(np.int16)[:size]  # 64 bits for four
        # numpy compares five times as fast as torch, which makes floats of bytes, not of truths
        keep_mask = torch.from_numpy(drawn >= dropped - STEPS // 2).view(torch.uint8)
        return keep_mask.float().mul_(STEPS / (STEPS - dropped)).view(shape)


class FastDropout(nn.Dropout):
    """Dropout with masks from a source."""

    def __init__(self, p: float, masks: Masks) -> None:
        super().__init__(p)
        self.masks = masks

    def forward(self, x: Tensor) -> Tensor:
        """Drop where it trains; any shape."""
        if not self.training or self.p == 0:
            return x
        return x * self.masks.draw(x.shape, self.p)


def renew_masks(model: nn.Module) -> None:
    """Begin an epoch: take new seeds for the masks of all dropouts in a model."""
    dropouts = (module for module in model.modules() if isinstance(module, FastDropout))
    for masks in dict.fromkeys(dropout.masks for dropout in dropouts):
        masks.renew()

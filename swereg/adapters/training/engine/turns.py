"""What a training asks of whoever drives it: the loss of a batch, carried back to what learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from swereg.adapters.batches import Batch


@dataclass(frozen=True)
class Turn:
    """A batch to learn from.

    Attributes:
        batch: arguments of the model.
        labels: [batch].
    """

    model: nn.Module
    batch: Batch
    labels: Tensor


Backward = Callable[[Turn], Tensor]  # puts gradients in place and returns the loss, []


def eager(accelerator: Accelerator) -> Backward:
    """Go forward and backward in the precision of an accelerator, operation by operation."""

    def backward(turn: Turn) -> Tensor:
        loss = cross_entropy(turn.model(**turn.batch).float(), turn.labels)
        accelerator.backward(loss)
        return loss.detach()

    return backward

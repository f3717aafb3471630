"""The layer that LoRA learns: a frozen linear one with a low-rank update beside it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


class LoraLinear(nn.Module):
    """y = W x + b + scale * B A dropout(x), of which A and B learn (Hu et al., arXiv:2106.09685).

    The parameters have PEFT's names. A starts as torch starts linear layers, B at 0.

    Args:
        layer: W and b.
        rank: rows of A.
        scale: of the update.
        dropout: on what goes into the update, while training.
    """

    def __init__(self, layer: nn.Linear, rank: int, scale: float, dropout: float) -> None:
        super().__init__()
        self.base_layer = layer
        self.lora_A = nn.Linear(layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, layer.out_features, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.lora_dropout = nn.Dropout(dropout)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        return self.update(self.base_layer(x), x)

    def update(self, y: Tensor, x: Tensor) -> Tensor:
        """Add the update to what the frozen layer makes of x: [..., out]."""
        low = self.lora_A(self.lora_dropout(x))
        if y.dim() != 2:
            return y + self.scale * linear(low, self.lora_B.weight)
        up = self.lora_B.weight.T.contiguous()  # at rank 4 its gradients take a third of the time
        return torch.addmm(y, low.to(y.dtype), up.to(y.dtype), alpha=self.scale)

"""Linear layers with this processor's fastest products, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from swereg.adapters import products


class FastLinear(nn.Linear):
    """A linear layer with the parameters of another.

    A frozen weight is packed when it is first used, and once more, transposed, when the first
    gradient goes through it; one that learns is used as it is.

    Args:
        layer: whose parameters they are.
        dtype: of the products; what goes in and comes out has the type of the input.
    """

    def __init__(self, layer: nn.Linear, dtype: torch.dtype) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.weight, self.bias = layer.weight, layer.bias
        self._dtype = dtype
        self._packed: dict[bool, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        apply: Callable[..., Tensor] = _Product.apply
        if x.dim() == 2:  # as the engine has it; each view costs on the way back
            return apply(x, self.weight, self.bias, self)
        product = apply(x.reshape(-1, self.in_features), self.weight, self.bias, self)
        return product.view(*x.shape[:-1], self.out_features)

    def multiply(self, x: Tensor, bias: Tensor | None = None, *, back: bool = False) -> Tensor:
        """Compute x W^T + b, or x W on the way back, in the layer's type and back in that of x."""
        bias = None if bias is None else bias.to(self._dtype)
        return products.multiply(self.ready(x), self._weight(back), bias).to(x.dtype)

    def ready(self, x: Tensor) -> Tensor:
        """Make ready for a product."""
        return x.detach().contiguous().to(self._dtype)

    def _weight(self, back: bool) -> Tensor:
        if back in self._packed:
            return self._packed[back]
        weight = self.weight.detach().to(self._dtype)
        weight = weight.T if back else weight
        if not self.weight.requires_grad:
            weight = self._packed[back] = products.pack_weight(weight.contiguous())
        return weight


class _Product(torch.autograd.Function):
    """x W^T + b, with gradients for those of the three that want one."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, layer: FastLinear
    ) -> Tensor:
        ctx.layer = layer
        ctx.save_for_backward(*([x] if ctx.needs_input_grad[1] else []))
        return layer.multiply(x, bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        layer, (of_x, of_weight, of_bias, _) = ctx.layer, ctx.needs_input_grad
        return (
            layer.multiply(gradient, back=True) if of_x else None,
            _outer(layer, gradient, *ctx.saved_tensors) if of_weight else None,
            gradient.sum(0) if of_bias else None,
            None,
        )


def _outer(layer: FastLinear, gradient: Tensor, x: Tensor) -> Tensor:
    """The gradient of the weight, g^T x: [out, in]."""
    product = products.multiply(layer.ready(gradient).T, layer.ready(x).T)
    return product.to(gradient.dtype)

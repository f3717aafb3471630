"""BERT's activations on numpy, in float32."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def gelu(x: Floats) -> Floats:
    """x times the normal distribution function of x.

    The error function is Abramowitz and Stegun's 7.1.26, exact to 1.5e-7, in the precision of
    float32; scipy's takes longer to import than a prediction takes.
    """
    z = np.abs(x)
    z *= np.float32(math.sqrt(0.5))
    t = z * np.float32(0.3275911)
    t += 1
    np.reciprocal(t, out=t)
    tail = t * np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += np.float32(factor)
        tail *= t
    z *= z
    np.negative(z, out=z)
    tail *= np.exp(z, out=z)
    erf = np.subtract(1, tail, out=tail)
    np.copysign(erf, x, out=erf)
    erf += 1
    erf *= x
    erf *= np.float32(0.5)
    return np.asarray(erf)


def gelu_tanh(x: Floats) -> Floats:
    """The approximation of gelu with tanh (Hendrycks and Gimpel, arXiv:1606.08415)."""
    inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    return np.asarray(np.float32(0.5) * x * (1 + np.tanh(inner)))


def silu(x: Floats) -> Floats:
    """x times its sigmoid."""
    return np.asarray(x * (np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * x))))


def relu(x: Floats) -> Floats:
    """The positive part."""
    return np.asarray(np.maximum(x, 0))


BY_NAME: dict[str, Callable[[Floats], Floats]] = {
    "gelu": gelu,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "relu": relu,
    "silu": silu,
}

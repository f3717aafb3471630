"""Matrix products on this processor: oneDNN's where they are right and faster, else torch's own.

torch hands float32 products on x86 to MKL, which is slow on AMD's processors: on one with AVX-512
oneDNN computes 110 rows through 768 x 3072 at 2.2 times its speed from the weights as they are, and
at 2.4 times from packed ones (16 rows: 1.7 and 2.5 times); on one with AVX2 alone at 1.06 and 1.15
times (16 rows: 1.1 and 1.5 times). bfloat16 goes to oneDNN anyway; packing gives 1.2 times. The
operators are private to torch, so they are tried before they are trusted: where they are missing or
other than torch's product, only speed is lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST = 2**16  # numbers in a weight; below, calling oneDNN costs more than it saves
ROWS = 16  # for trying, and what weights are packed for; packed ones serve any number of rows
MUCH = 0.9  # of torch's time, to be called faster
ROUNDS = 30  # in which both take turns
TRIES = 3  # who is faster in one of them is faster: so it comes out the same on a busy machine
ALLOWED = {torch.float32: 1e-5, torch.bfloat16: 2e-2}  # differences, beside sums of size 1


def multiply(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute x W^T + b, [n, out].

    Args:
        x: [n, in].
        weight: [out, in], maybe packed.
        bias: [out].
    """
    if weight.is_mkldnn or suits(weight):
        return _onednn(x, weight, bias)
    return F.linear(x, weight, bias)


def pack(weight: Tensor) -> Tensor:
    """Copy a weight, [out, in], into the order that is read fastest, if that is of any use.

    What is returned is for ``multiply`` alone.
    """
    return _packed(weight) if suits(weight) else weight


def suits(weight: Tensor) -> bool:
    """Tell whether products with a weight are oneDNN's."""
    return weight.device.type == "cpu" and weight.numel() >= SMALLEST and faster(weight.dtype)


def maker(device: torch.device) -> str:
    """Name whose float32 products a device uses: ``oneDNN`` or ``torch``."""
    return "oneDNN" if device.type == "cpu" and faster(torch.float32) else "torch"


@cache
def faster(dtype: torch.dtype) -> bool:
    """Try oneDNN's products: whether they are there, right, and faster. It takes 20 to 100 ms."""
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not there or dtype not in ALLOWED:
        return False
    made = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        x = torch.randn(ROWS, 768, generator=made).to(dtype)
        weight = (torch.randn(1024, 768, generator=made) / 768**0.5).to(dtype)
        bias = torch.randn(1024, generator=made).to(dtype)
        try:
            packed = _packed(weight)
            right = _same(_onednn(x, packed, bias), F.linear(x, weight, bias)) and all(
                _same(_onednn(a, b, None), F.linear(a, b))
                for a, b in ((x, weight), (x.T, x.T), (x.new_ones(3, 1024), weight.T))
            )
            return right and any(
                _is_faster(lambda: _onednn(x, packed, bias), lambda: F.linear(x, weight, bias))
                for _ in range(TRIES)
            )
        except (AttributeError, RuntimeError, TypeError):  # another torch
            return False


@cache
def bf16_is_slow() -> bool:
    """Tell whether this processor takes twice as long in bfloat16 as in float32, or longer.

    Without instructions for it (AVX-512 BF16, AMX) it does.
    """
    made = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        x, weight = (torch.randn(n, 768, generator=made) for n in (ROWS, 1024))
        near, usual_weight = (x.bfloat16(), pack(weight.bfloat16())), pack(weight)
        slow, usual = _shortest(lambda: multiply(*near), lambda: multiply(x, usual_weight))
        return slow > 2 * usual


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    found: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return found


def _packed(weight: Tensor) -> Tensor:
    found: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
    return found


def _same(found: Tensor, wanted: Tensor) -> bool:
    allowed = ALLOWED[wanted.dtype]
    return found.dtype == wanted.dtype and torch.allclose(found, wanted, allowed, allowed)


def _is_faster(run: Callable[[], object], other: Callable[[], object]) -> bool:
    mine, its = _shortest(run, other)
    return mine < MUCH * its


def _shortest(*runs: Callable[[], object]) -> list[float]:
    """The shortest time of each of some that take turns."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for run, those in zip(runs, times, strict=True):
            began = time.perf_counter()
            run()
            those.append(time.perf_counter() - began)
    return [min(those) for those in times]

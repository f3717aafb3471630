"""Matrix products on this processor: oneDNN's where they are right and faster, else torch's own.

torch hands float32 products on x86 to MKL, which is slow on AMD's processors: on one with AVX-512
oneDNN computes 110 rows through 768 x 3072 at 2.2 times its speed from the weights as they are, and
at 2.4 times from packed ones (16 rows: 1.7 and 2.5 times); on one with AVX2 alone at 1.06 and 1.15
times (16 rows: 1.1 and 1.5 times). On one of Intel's with AVX-512 packed weights are 1.05 times as
fast as MKL (16 rows: 1.5 times), but gradients from weights as they are at 0.5 to 0.9. bfloat16
goes to oneDNN anyway; packing gives 1.2 times. The operators are private to torch, so they are
tried before they are trusted: where they are missing or other than torch's product, only speed is
lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from swereg.home import locations

SMALLEST = 2**16  # numbers in a weight; below, calling oneDNN costs more than it saves
ROWS = 16  # for trying, and what weights are packed for; packed ones serve any number of rows
MUCH = 0.9  # of torch's time, to be called faster
STEP = 128  # rows of a product in a step
ROUNDS = 30  # in which both take turns
TRIES = 3  # who is faster in one of them is faster
SLOW_BF16 = (
    "This processor computes in bfloat16 more slowly than in float32, so --precision bf16 takes "
    "longer here; many times as long where it has no instructions for it."
)
_FASTER = "faster"
ALLOWED = {torch.float32: 1e-5, torch.bfloat16: 2e-2}  # differences, beside sums of size 1


def multiply(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute x W^T + b, [n, out].

    Args:
        x: [n, in].
        weight: [out, in], maybe packed.
        bias: [out].
    """
    if weight.is_mkldnn or (_is_large(weight) and faster_as_they_are(weight.dtype)):
        return _onednn(x, weight, bias)
    return F.linear(x, weight, bias)


def pack_weight(weight: Tensor) -> Tensor:
    """Copy a weight, [out, in], into the order that is read fastest, if that is of any use.

    What is returned is for ``multiply`` alone.
    """
    return _packed(weight) if _is_large(weight) and faster(weight.dtype) else weight


def _is_large(weight: Tensor) -> bool:
    return weight.device.type == "cpu" and weight.numel() >= SMALLEST


def maker(device: torch.device) -> str:
    """Name whose float32 products a device uses: ``oneDNN``, ``torch``, or each where it is fast.

    The last are ``oneDNN, torch``: oneDNN's of packed weights, and torch's of those that learn.
    """
    if device.type != "cpu" or not faster(torch.float32):
        return "torch"
    return "oneDNN" if faster_as_they_are(torch.float32) else "oneDNN, torch"


@cache
def faster(dtype: torch.dtype) -> bool:
    """Tell whether oneDNN's products with packed weights are there, right, and faster.

    Whether they are faster is tried by time, in 20 to 100 ms. Once they were, it is remembered for
    this machine: in a busy moment they may seem not to be, and the same training would give other
    last bits.
    """
    return is_right(dtype) and (_was_faster(dtype) or _is_faster(dtype))


@cache
def faster_as_they_are(dtype: torch.dtype) -> bool:
    """Tell whether they are faster also with weights that are not packed, such as those that learn.

    The three products of a step are tried: the layer's, and the gradients of its input and weight.
    What was found is remembered for this machine.
    """
    if not faster(dtype):
        return False
    note = _note(dtype, "as-they-are")
    with suppress(OSError):
        return note.read_text() == _FASTER
    with torch.inference_mode():
        x, weight, _ = _example(dtype, STEP)
        gradient = x @ weight.T
        pairs = (x, weight), (gradient, weight.T), (gradient.T, x.T)
        ours, torch_seconds = _shortest(
            lambda: [_onednn(left, right, None) for left, right in pairs],
            lambda: [F.linear(left, right) for left, right in pairs],
            rounds=ROUNDS // 3,
        )
    is_faster = ours < MUCH * torch_seconds
    _remember(note, _FASTER if is_faster else "slower")
    return is_faster


@cache
def is_right(dtype: torch.dtype) -> bool:
    """Tell whether oneDNN's products are there, and are torch's."""
    has_onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not has_onednn or dtype not in ALLOWED:
        return False
    with torch.inference_mode():
        x, weight, bias = _example(dtype)
        try:
            return _same(_onednn(x, _packed(weight), bias), F.linear(x, weight, bias)) and all(
                _same(_onednn(a, b, None), F.linear(a, b))
                for a, b in ((x, weight), (x.T, x.T), (x.new_ones(3, 1024), weight.T))
            )
        except (AttributeError, RuntimeError, TypeError):  # another torch
            return False


def _example(dtype: torch.dtype, rows: int = ROWS) -> tuple[Tensor, Tensor, Tensor]:
    """An input, [rows, in], a weight, [out, in], and a bias, [out]."""
    generator = torch.Generator().manual_seed(0)
    x, weight = (
        torch.randn(rows, 768, generator=generator),
        torch.randn(1024, 768, generator=generator),
    )
    bias = torch.randn(1024, generator=generator)
    return x.to(dtype), (weight / 768**0.5).to(dtype), bias.to(dtype)


def _is_faster(dtype: torch.dtype) -> bool:
    with torch.inference_mode():
        x, weight, bias = _example(dtype)
        packed = _packed(weight)
        for _ in range(TRIES):
            ours, torch_seconds = _shortest(
                lambda: _onednn(x, packed, bias), lambda: F.linear(x, weight, bias)
            )
            if ours < MUCH * torch_seconds:
                _remember(_note(dtype))
                return True
    return False


def _was_faster(dtype: torch.dtype) -> bool:
    return _note(dtype).exists()


def _remember(note: Path, verdict: str = "") -> None:
    with suppress(OSError):  # a cache that cannot be written is no error; what is there, stays
        note.parent.mkdir(parents=True, exist_ok=True)
        with note.open("x") as file:
            file.write(verdict)


def _note(dtype: torch.dtype, tried: str = "faster") -> Path:
    """The file that says what was found of oneDNN here; of packed weights, that it is there."""
    kind = str(dtype).removeprefix("torch.")
    threads, able = torch.get_num_threads(), torch.backends.cpu.get_cpu_capability()
    name = f"onednn-{tried}-{kind}-{threads}-{able}-torch-{torch.__version__}"
    return locations.cache_folder() / "products" / name


@cache
def bf16_is_slow() -> bool:
    """Tell whether this processor takes twice as long in bfloat16 as in float32, or longer.

    Without instructions for it (AVX-512 BF16, AMX) it does.
    """
    with torch.inference_mode():
        products = []
        for dtype in (torch.bfloat16, torch.float32):
            x, weight, _ = _example(dtype)
            products.append(partial(multiply, x, pack_weight(weight)))
        slow, usual = _shortest(*products)
        return slow > 2 * usual


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return product


def _packed(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
    return packed


def _same(product: Tensor, expected: Tensor) -> bool:
    allowed = ALLOWED[expected.dtype]
    return product.dtype == expected.dtype and torch.allclose(product, expected, allowed, allowed)


def _shortest(*runs: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """The shortest time of each of some that take turns."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, seconds in zip(runs, times, strict=True):
            began = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - began)
    return [min(seconds) for seconds in times]

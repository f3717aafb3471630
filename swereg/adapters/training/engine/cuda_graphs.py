"""Steps on a GPU, recorded as CUDA graphs: starting their thousand kernels takes longer than those.

A shape of batch is recorded when it comes again, and from then on replayed. What is recorded is
tried before it is trusted: its first loss and gradients have to be those of the same step,
operation by operation, with the same dropout. At the first that differs, or cannot be recorded, a
training goes on operation by operation.

Only what learns on the engine, with layers of torch, transformers, PEFT and swereg, is recorded:
what those of others do in Python would not be done again. Lengths are rounded up to a multiple of
16, so that few shapes occur, and rows stay padded: packing is more kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from swereg.adapters.training.engine import turns
from swereg.adapters.training.engine.packed_bert import PackedBert
from swereg.adapters.training.engine.turns import Backward, Turn

MULTIPLE = 16  # of this are the lengths of batches on a GPU, so that few shapes occur
LARGEST = 2**24  # numbers that learn: each recording has gradients of its own
SAME = 1e-3  # of the size of a gradient; sums on a GPU are not always added in one order
# whose layers do the same at each step; what another's do in Python would not be done again
KNOWN = {"torch", "swereg", "peft", "transformers"}

Shape = tuple[torch.Size, ...]


def backward_on(accelerator: Accelerator) -> Backward:
    """Go forward and backward as fast as an accelerator's device can."""
    eager = turns.eager(accelerator)
    return Recorder(eager) if _records(accelerator) else eager


def length_multiple(accelerator: Accelerator) -> int:
    """Of what number the lengths of batches should be multiples."""
    return MULTIPLE if _records(accelerator) else 1


def _records(accelerator: Accelerator) -> bool:
    return bool(accelerator.device.type == "cuda" and accelerator.num_processes == 1)


class Recorder:
    """Goes forward and backward as ``eager`` does, recording what comes again and again.

    Args:
        eager: operation by operation.
    """

    def __init__(self, eager: Backward) -> None:
        self._eager = eager
        self._seen: set[Shape] = set()
        self._graphs: dict[Shape, _Graph] = {}
        self._memory = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._given_up = False

    def __call__(self, turn: Turn) -> Tensor:
        """Put gradients in place; return the loss."""
        shape = tuple(value.shape for value in turn.batch.values())
        if shape in self._graphs:
            return self._graphs[shape].replay(turn)
        if self._given_up or shape not in self._seen or _is_full():
            self._seen.add(shape)
            return self._eager(turn)
        if not self._graphs and not suits(turn.model):
            return self._give_up(turn)
        return self._record(shape, turn)

    def _record(self, shape: Shape, turn: Turn) -> Tensor:
        chance = torch.cuda.get_rng_state()
        try:
            with torch.cuda.stream(torch.cuda.current_stream()):  # which it is again whatever fails
                expected, gradients = self._beside(turn)
                torch.cuda.set_rng_state(chance)
                graph = _Graph(self._eager, turn, self._memory, self._stream)
                loss = graph.replay(turn)
            if _are_same([loss, *_gradients(turn.model)], [expected, *gradients]):
                self._graphs[shape] = graph
                return loss
        except RuntimeError:  # it waits for the GPU, or calls what cannot be recorded
            torch.cuda.synchronize()
        _restore(chance)
        return self._give_up(turn)

    def _give_up(self, turn: Turn) -> Tensor:
        """Do without; recordings that there are go too, as they draw from another generator."""
        self._given_up = True
        self._graphs.clear()
        _forget_gradients(turn.model)
        return self._eager(turn)

    def _beside(self, turn: Turn) -> tuple[Tensor, list[Tensor]]:
        """The loss and the gradients, found on the stream that records."""
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            loss = self._eager(turn)
        current.wait_stream(self._stream)
        gradients = _gradients(turn.model)
        _forget_gradients(turn.model)
        return loss, gradients


class _Graph:
    """One step, with places for what goes in and what comes out."""

    def __init__(self, eager: Backward, turn: Turn, memory: Any, stream: torch.cuda.Stream) -> None:
        batch = {name: value.clone() for name, value in turn.batch.items()}
        self._turn = replace(turn, batch=batch, labels=turn.labels.clone())
        self._cuda = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._cuda, memory, stream, capture_error_mode="thread_local"):
            self._loss = eager(self._turn)
        self._gradients = [(p, p.grad) for p in _learning(turn.model)]
        _forget_gradients(turn.model)

    def replay(self, turn: Turn) -> Tensor:
        for name, value in turn.batch.items():
            self._turn.batch[name].copy_(value)
        self._turn.labels.copy_(turn.labels)
        self._cuda.replay()
        for parameter, gradient in self._gradients:
            parameter.grad = gradient
        return self._loss


def suits(model: nn.Module) -> bool:
    """Tell whether a model learns on the engine, does the same each time, and is small enough."""
    modules = list(model.modules())
    return (
        any(isinstance(module, PackedBert) for module in modules)
        and {type(module).__module__.partition(".")[0] for module in modules} <= KNOWN
        and sum(p.numel() for p in _learning(model)) <= LARGEST
    )


def _is_full() -> bool:
    """Tell whether more than half of the GPU's memory is in use; recordings keep theirs."""
    free, total = torch.cuda.mem_get_info()
    return free < total / 2


def _restore(chance: Tensor) -> None:
    """Let torch's generator on this GPU go on from a state, as another one, which records nothing.

    The one that it was may not know that recording has failed.
    """
    fresh = torch.Generator("cuda")
    fresh.set_state(chance)
    torch.cuda.default_generators[torch.cuda.current_device()].graphsafe_set_state(fresh)


def _learning(model: nn.Module) -> list[nn.Parameter]:
    return [p for p in model.parameters() if p.requires_grad]


def _gradients(model: nn.Module) -> list[Tensor]:
    return [p.grad for p in _learning(model) if p.grad is not None]


def _forget_gradients(model: nn.Module) -> None:
    for parameter in _learning(model):
        parameter.grad = None


def _are_same(tensors: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
    """Tell whether tensors are the same, to rounding beside the largest of them."""
    if len(tensors) != len(expected):
        return False
    off = torch.stack(
        [(tensor - target).norm() for tensor, target in zip(tensors, expected, strict=True)]
    )
    sizes = torch.stack([target.norm() for target in expected])
    return bool((off <= SAME * sizes.clamp(min=1e-2 * float(sizes.max()))).all())

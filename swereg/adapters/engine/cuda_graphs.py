"""Steps on a GPU, recorded as CUDA graphs: starting their thousand kernels takes longer than those.

A shape of batch is recorded once it has been seen a few times, and from then on replayed. What is
recorded is tried before it is trusted: its first loss and gradients have to be those of the same
step, operation by operation, with the same dropout. Where they are not, or a method does what
cannot be recorded, only speed is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from swereg.adapters import turns
from swereg.adapters.turns import Carry, Turn

MULTIPLE = 8  # of this are the lengths of batches on a GPU, so that few shapes occur
SEEN = 4  # times; recording takes as long as so many steps, and saves most of each that follows
SAME = 1e-3  # of the size of all gradients; sums on a GPU are not always added in one order

Shape = tuple[torch.Size, ...]


def carry_with(accelerator: Accelerator) -> Carry:
    """Carry losses back as fast as an accelerator's device can."""
    carry = turns.carry_with(accelerator)
    alone = accelerator.device.type == "cuda" and accelerator.num_processes == 1
    return Recorded(carry) if alone else carry


def multiple(device: torch.device) -> int:
    """Of what number the lengths of batches should be multiples."""
    return MULTIPLE if device.type == "cuda" else 1


class Recorded:
    """Carries losses back as ``carry`` does, recording what comes again and again.

    Args:
        carry: operation by operation.
    """

    def __init__(self, carry: Carry) -> None:
        self._carry = carry
        self._seen: Counter[Shape] = Counter()
        self._recordings: dict[Shape, _Recording | None] = {}
        self._memory = torch.cuda.graph_pool_handle()

    def __call__(self, turn: Turn) -> Tensor:
        """Put gradients in place; return the loss."""
        shape = tuple(value.shape for value in turn.batch.values())
        if shape in self._recordings:
            recording = self._recordings[shape]
            return self._carry(turn) if recording is None else recording.replay(turn)
        self._seen[shape] += 1
        return self._carry(turn) if self._seen[shape] <= SEEN else self._record(shape, turn)

    def _record(self, shape: Shape, turn: Turn) -> Tensor:
        chance = torch.cuda.get_rng_state()
        try:
            wanted, gradients = self._beside(turn)
            torch.cuda.set_rng_state(chance)
            recording = _Recording(self._carry, turn, self._memory)
            loss = recording.replay(turn)
            if _are_same([loss, *_gradients(turn.model)], [wanted, *gradients]):
                self._recordings[shape] = recording
                return loss
        except RuntimeError:  # it waits for the GPU, or calls what cannot be recorded
            torch.cuda.synchronize()
        self._recordings[shape] = None
        _restore(chance)
        _forget_gradients(turn.model)
        return self._carry(turn)

    def _beside(self, turn: Turn) -> tuple[Tensor, list[Tensor]]:
        """The loss and the gradients, found on another stream, as recording will find them."""
        current = torch.cuda.current_stream()
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            loss = self._carry(turn)
        current.wait_stream(stream)
        gradients = _gradients(turn.model)
        _forget_gradients(turn.model)
        return loss, gradients


class _Recording:
    """One step, with places for what goes in and what comes out."""

    def __init__(self, carry: Carry, turn: Turn, memory: Any) -> None:
        batch = {name: value.clone() for name, value in turn.batch.items()}
        self._turn = replace(turn, batch=batch, labels=turn.labels.clone())
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, memory, capture_error_mode="thread_local"):
            self._loss = carry(self._turn)
        self._gradients = [(p, p.grad) for p in _learning(turn.model)]
        _forget_gradients(turn.model)

    def replay(self, turn: Turn) -> Tensor:
        for name, value in turn.batch.items():
            self._turn.batch[name].copy_(value)
        self._turn.labels.copy_(turn.labels)
        self._graph.replay()
        for parameter, gradient in self._gradients:
            parameter.grad = gradient
        return self._loss


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


def _are_same(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> bool:
    if len(found) != len(wanted):
        return False
    one, other = (torch.cat([value.flatten() for value in some]) for some in (found, wanted))
    return bool((one - other).norm() <= SAME * other.norm())

"""What a training is after an epoch, as bytes from which it goes on as if nothing had happened.

Safetensors, with the facts as JSON in its metadata: the parameters that learn, AdamW's moments, the
states of all random generators, the best epoch so far. On one thread the rest of the training gives
the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import safetensors.torch
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from swereg.adapters.batches import ShuffledByLength
from swereg.errors import CheckFailed
from swereg.evaluation.scoring import Logits
from swereg.records.training import Epoch

OnEpoch = Callable[[bytes], None]  # takes the state after each epoch

LARGEST = 256 * 2**20  # bytes; what is larger takes longer to write than it is worth
_PER_PARAMETER = 16  # bytes: itself, two moments, its best value


@dataclass(frozen=True)
class Past:
    """What the epochs so far gave."""

    curve: list[Epoch]
    best: int  # the number of the best epoch
    state: dict[str, Tensor]  # of the best epoch
    val: Logits  # of the best epoch
    seconds: float


@dataclass(frozen=True)
class Loop:
    """What an epoch changes."""

    accelerator: Accelerator
    model: nn.Module
    optimizer: Any  # AdamW, perhaps in accelerate's wrapping
    schedule: Any
    sampler: ShuffledByLength


def affordable(trainable: int) -> bool:
    """Whether a state of so many parameters is small enough to be written after each epoch."""
    return trainable * _PER_PARAMETER <= LARGEST


def write_state(loop: Loop, past: Past, facts: Mapping[str, Any]) -> bytes:
    """Write the state after an epoch; ``facts`` are JSON values that come with it."""
    tensors = {f"model.{name}": value.data for name, value in _learning(loop.model)}
    tensors |= {f"best.{name}": value for name, value in past.state.items()}
    for number, moments in loop.optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{key}": value for key, value in moments.items()}
    tensors |= {
        "random.torch": torch.get_rng_state(),
        "random.order": loop.sampler.generator.get_state(),
        "val": torch.from_numpy(np.ascontiguousarray(past.val)),
    }
    if loop.accelerator.device.type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    content = {
        **facts,
        "curve": [asdict(epoch) for epoch in past.curve],
        "best": past.best,
        "seconds": past.seconds,
        "steps": loop.schedule.last_epoch,
        "rates": [group["lr"] for group in loop.optimizer.param_groups],
    }
    ready = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    return bytes(safetensors.torch.save(ready, {"facts": json.dumps(content)}))


def read_state(loop: Loop, content: bytes) -> Past:
    """Put a state in place; return what the epochs before gave.

    Raises:
        CheckFailed: it is not of such a training.
    """
    try:
        tensors = safetensors.torch.load(content)
        facts = facts_of(content)
        _restore(loop, tensors, facts)
        curve = [Epoch(**epoch) for epoch in facts["curve"]]
        best = {name[5:]: value for name, value in tensors.items() if name.startswith("best.")}
        return Past(curve, facts["best"], best, tensors["val"].numpy(), facts["seconds"])
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as fault:
        raise _unusable(fault) from fault


def facts_of(content: bytes) -> dict[str, Any]:
    """Read the facts alone.

    Raises:
        CheckFailed: there are none.
    """
    try:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        return dict(json.loads(header["__metadata__"]["facts"]))
    except (ValueError, KeyError, TypeError, OverflowError) as fault:
        raise _unusable(fault) from fault


def _unusable(fault: Exception) -> CheckFailed:
    return CheckFailed(
        "the state of the interrupted training cannot be used",
        why=f"{type(fault).__name__}: {fault}",
        hint="Train anew.",
        code="resume.state",
    )


def _restore(loop: Loop, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    with torch.no_grad():
        for name, parameter in _learning(loop.model):
            parameter.copy_(tensors[f"model.{name}"])
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("adam."):
            _, number, key = name.split(".")
            moments.setdefault(int(number), {})[key] = value
    groups = loop.optimizer.state_dict()["param_groups"]
    rates: Sequence[float] = facts["rates"]
    for group, rate in zip(groups, rates, strict=True):
        group["lr"] = rate
    loop.optimizer.load_state_dict({"state": moments, "param_groups": groups})
    now = {"last_epoch": facts["steps"], "_step_count": facts["steps"] + 1, "_last_lr": rates}
    loop.schedule.load_state_dict({**loop.schedule.state_dict(), **now})
    loop.sampler.generator.set_state(tensors["random.order"])
    torch.set_rng_state(tensors["random.torch"])
    if "random.cuda" in tensors and loop.accelerator.device.type == "cuda":
        torch.cuda.set_rng_state(tensors["random.cuda"])


def _learning(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]

"""Tensors to and from the safetensors format. Nothing is ever unpickled."""

from __future__ import annotations

from collections.abc import Mapping

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from swereg.errors import CheckFailed, TrainingError
from swereg.records.training import Weights


def write(tensors: Mapping[str, Tensor]) -> Weights:
    """Serialize tensors; the same tensors always give the same bytes.

    Raises:
        TrainingError: a tensor has a value that is not finite.
    """
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise TrainingError(
                f"the trained weights are not finite: {name}",
                why="NaN or infinity would give plausible but worthless answers.",
                hint="Lower --learning-rate and train again.",
                code="training.diverged",
            )
    ready = {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}
    return Weights.of(safetensors.torch.save(ready))


def read(weights: Weights) -> dict[str, Tensor]:
    """Read tensors back. From a file they are mapped, not copied.

    Raises:
        CheckFailed: the bytes are no safetensors, or a value is not finite.
    """
    try:
        if weights.path is not None:
            tensors: dict[str, Tensor] = safetensors.torch.load_file(weights.path)
        else:
            tensors = safetensors.torch.load(weights.data)
    except SafetensorError as fault:
        raise CheckFailed(
            "the stored weights cannot be read", why=str(fault), code="weights.format"
        ) from fault
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckFailed(f"the stored weights are not finite: {name}", code="weights.nan")
    return tensors

"""Arrays to and from the safetensors format, without torch. Nothing is ever unpickled."""

from __future__ import annotations

from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from swereg.adapters.standalone.method import Tensors
from swereg.errors import CheckFailed, TrainingError
from swereg.records.training import Weights


def write(tensors: Tensors) -> Weights:
    """Serialize arrays; the same arrays always give the same bytes.

    Raises:
        TrainingError: an array has a value that is not finite.
    """
    for name, array in tensors.items():
        if not np.isfinite(array).all():
            raise TrainingError(
                f"the trained weights are not finite: {name}",
                why="NaN or infinity would give plausible but worthless answers.",
                code="training.diverged",
            )
    ready = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    return Weights.of(safetensors.numpy.save(ready))


def read(weights: Weights) -> dict[str, NDArray[Any]]:
    """Read arrays back.

    Raises:
        CheckFailed: the bytes are no safetensors, or a value is not finite.
    """
    try:
        if weights.path is not None:
            tensors: dict[str, NDArray[Any]] = safetensors.numpy.load_file(weights.path)
        else:
            tensors = safetensors.numpy.load(weights.data)
    except SafetensorError as fault:
        raise CheckFailed(
            "the stored weights cannot be read", why=str(fault), code="weights.format"
        ) from fault
    for name, array in tensors.items():
        if not np.isfinite(array).all():
            raise CheckFailed(f"the stored weights are not finite: {name}", code="weights.nan")
    return tensors

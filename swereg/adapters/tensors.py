"""Tensors to and from the safetensors format: the one reader and writer. Nothing is ever unpickled.

Arrays are numpy's, tensors torch's, which is imported only where a tensor is asked for.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize, safe_open

from swereg.adapters.without_torch import NeedsTorch
from swereg.errors import CheckFailed, TrainingError
from swereg.records.training import Weights

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]

_MAPPED = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}  # old checkpoints count positions in I64


# --- an entry's weights -----------------------------------------------------------------------


def write_arrays(arrays: Mapping[str, Array]) -> Weights:
    """Serialize arrays; the same arrays always give the same bytes.

    Raises:
        TrainingError: an array has a value that is not finite.
    """
    for name in _not_finite((name, np.isfinite(array).all()) for name, array in arrays.items()):
        raise TrainingError(
            f"the trained weights are not finite: {name}",
            why="NaN or infinity would give plausible but worthless answers.",
            hint="Lower --learning-rate and train again.",
            code="training.diverged",
        )
    ready = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    return Weights.of(safetensors.numpy.save(ready))


def write_tensors(tensors: Mapping[str, Tensor]) -> Weights:
    """Serialize tensors; the same tensors always give the same bytes.

    Raises:
        TrainingError: a tensor has a value that is not finite.
    """
    return write_arrays({name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()})


def read_arrays(weights: Weights) -> dict[str, Array]:
    """Read arrays back.

    Raises:
        CheckFailed: the bytes are no safetensors, or a value is not finite.
    """
    arrays = _read(weights, safetensors.numpy.load_file, safetensors.numpy.load)
    _check_finite((name, np.isfinite(array).all()) for name, array in arrays.items())
    return arrays


def read_tensors(weights: Weights) -> dict[str, Tensor]:
    """Read tensors back. From a file they are mapped, not copied.

    Raises:
        CheckFailed: the bytes are no safetensors, or a value is not finite.
    """
    import safetensors.torch
    import torch

    tensors = _read(weights, safetensors.torch.load_file, safetensors.torch.load)
    _check_finite((name, torch.isfinite(tensor).all()) for name, tensor in tensors.items())
    return tensors


def _read(
    weights: Weights, read_file: Callable[[Path], Any], read_bytes: Callable[[bytes | None], Any]
) -> dict[str, Any]:
    try:
        if weights.path is not None:
            return dict(read_file(weights.path))
        return dict(read_bytes(weights.data))
    except SafetensorError as fault:
        raise CheckFailed(
            "the stored weights cannot be read", why=str(fault), code="weights.format"
        ) from fault


def _check_finite(checks: Iterable[tuple[str, Any]]) -> None:
    for name in _not_finite(checks):
        raise CheckFailed(f"the stored weights are not finite: {name}", code="weights.nan")


def _not_finite(checks: Iterable[tuple[str, Any]]) -> list[str]:
    return [name for name, is_finite in checks if not is_finite]


# --- mapped, for a short piece of work --------------------------------------------------------


def map_file(path: Path) -> dict[str, Array]:
    """Map the arrays of a file, so that only what is used is read; float32 or float16 as there.

    Raises:
        NeedsTorch: it is no such file, or holds numbers of another kind.
    """
    try:
        with safe_open(path, framework="numpy"):  # it checks the header, offsets and all
            pass
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (SafetensorError, OSError, ValueError) as fault:
        raise NeedsTorch(f"{path} cannot be mapped: {fault}") from fault
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    header.pop("__metadata__", None)
    return {
        name: _view(facts, content, begin + facts["data_offsets"][0])
        for name, facts in header.items()
    }


def map_weights(weights: Weights) -> dict[str, Array]:
    """View an entry's arrays, all in float32, without a copy.

    Raises:
        NeedsTorch: they cannot be read, are of another kind, or not finite.
    """
    if weights.data is None:
        if weights.path is None:
            raise NeedsTorch("there are no weights")
        arrays = map_file(weights.path)
    else:
        try:
            parts = deserialize(weights.data)  # type: ignore[no-untyped-call]
        except SafetensorError as fault:
            raise NeedsTorch(str(fault)) from fault
        arrays = {name: _view(facts, facts["data"], 0) for name, facts in parts}
    for name, array in arrays.items():
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise NeedsTorch(f"{name} is not finite float32")
    return arrays


def _view(facts: dict[str, Any], content: Any, begin: int) -> Array:
    dtype, shape = _MAPPED.get(facts["dtype"]), tuple(facts["shape"])
    count = math.prod(shape)
    if dtype is None or not count:
        raise NeedsTorch(f"{count} numbers of type {facts['dtype']}")
    return np.frombuffer(content, dtype, count, begin).reshape(shape)

"""Safetensors as arrays of numpy; those in a file are mapped, so that only what is used is read."""

from __future__ import annotations

import json
import math
import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize, safe_open

from swereg.adapters.without_torch import NeedsTorch
from swereg.records.training import Weights

Array = NDArray[Any]

_KINDS = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}  # old checkpoints count positions in I64


def of_file(path: Path) -> dict[str, Array]:
    """Map the tensors of a file, in float32 or float16 as they are there.

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
        name: _array(facts, content, begin + facts["data_offsets"][0])
        for name, facts in header.items()
    }


def of_weights(weights: Weights) -> dict[str, Array]:
    """Read an entry's tensors, all in float32.

    Raises:
        NeedsTorch: they cannot be read, are of another kind, or not finite.
    """
    if weights.data is None:
        if weights.path is None:
            raise NeedsTorch("there are no weights")
        tensors = of_file(weights.path)
    else:
        try:
            parts = deserialize(weights.data)  # type: ignore[no-untyped-call]
        except SafetensorError as fault:
            raise NeedsTorch(str(fault)) from fault
        tensors = {name: _array(facts, facts["data"], 0) for name, facts in parts}
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
            raise NeedsTorch(f"{name} is not finite float32")
    return tensors


def _array(facts: dict[str, Any], content: Any, begin: int) -> Array:
    kind, shape = _KINDS.get(facts["dtype"]), tuple(facts["shape"])
    count = math.prod(shape)
    if kind is None or not count:
        raise NeedsTorch(f"{count} numbers of type {facts['dtype']}")
    return np.frombuffer(content, kind, count, begin).reshape(shape)

"""One writer and reader of tensors: what it writes is what the library's own would write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from swereg.adapters.tensors import (
    map_file,
    map_weights,
    read_arrays,
    read_tensors,
    write_arrays,
    write_tensors,
)
from swereg.adapters.without_torch import NeedsTorch
from swereg.errors import CheckFailed, TrainingError
from swereg.records.training import Weights

TENSORS = {
    "b.weight": torch.arange(12, dtype=torch.float32).reshape(3, 4).T,  # not contiguous
    "a": torch.tensor([1.5, -2.0]),
    "n": torch.tensor([3], dtype=torch.int64),
}


def test_the_bytes_are_those_of_the_library() -> None:
    ready = {name: TENSORS[name].contiguous() for name in sorted(TENSORS)}
    assert write_tensors(TENSORS).data == safetensors.torch.save(ready)


def test_arrays_and_tensors_are_the_same() -> None:
    weights = write_tensors(TENSORS)
    arrays = read_arrays(weights)
    assert write_arrays(arrays) == weights
    for name, tensor in read_tensors(weights).items():
        assert torch.equal(tensor, TENSORS[name])
        np.testing.assert_array_equal(arrays[name], tensor.numpy())


def test_a_file_is_mapped(tmp_path: Path) -> None:
    weights = write_tensors({name: TENSORS[name] for name in ("a", "b.weight")})
    path = tmp_path / "w.safetensors"
    path.write_bytes(weights.data or b"")
    in_file = Weights(weights.digest, weights.size, path=path)
    for mapped in (map_file(path), map_weights(in_file), map_weights(weights)):
        for name, array in read_arrays(in_file).items():
            np.testing.assert_array_equal(mapped[name], array)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_neither_written_nor_read(value: float) -> None:
    tensors = {"a": torch.tensor([value])}
    with pytest.raises(TrainingError, match="not finite: a"):
        write_tensors(tensors)
    data = safetensors.torch.save(tensors)
    for read in (read_arrays, read_tensors):
        with pytest.raises(CheckFailed, match="not finite: a"):
            read(Weights.of(data))
    with pytest.raises(NeedsTorch):
        map_weights(Weights.of(data))


@pytest.mark.parametrize("read", [read_arrays, read_tensors])
def test_what_is_no_safetensors_is_refused(read: object) -> None:
    with pytest.raises(CheckFailed, match="cannot be read"):
        read(Weights.of(b"nonsense"))  # type: ignore[operator]

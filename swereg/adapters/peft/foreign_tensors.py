"""Safetensors from anybody: looked at before the library reads them, and after."""

from __future__ import annotations

import json
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from swereg.errors import CheckFailed

LARGEST = 64 * 2**20  # bytes of an adapter's file
LARGEST_HEADER = 2**20  # bytes
MOST_TENSORS = 4096
DTYPES = ("F32", "F16", "BF16")


def read_foreign_tensors(data: bytes, name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read tensors, in float32, and the metadata beside them.

    Args:
        name: of the file, for messages.

    Raises:
        CheckFailed: it is no safetensors file, too large, or has something else in it than finite
            floating-point tensors under different names.
    """
    metadata = _check_header(data, name)
    try:
        tensors: dict[str, Tensor] = safetensors.torch.load(data)
    except (SafetensorError, ValueError, OverflowError, KeyError, RuntimeError) as fault:
        raise refusal(name, f"safetensors says: {fault}") from fault
    for key, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise refusal(name, f"The tensor {key} has a value that is not finite.")
    return {key: tensor.float() for key, tensor in tensors.items()}, metadata


def refusal(name: str, why: str) -> CheckFailed:
    """Return the error for a file that cannot be used."""
    return CheckFailed(
        f"{name} cannot be used",
        why=why,
        hint="Ask whoever made it for a file that PEFT's save_pretrained wrote.",
        code="import.tensors",
    )


def json_object(text: bytes | str, name: str) -> dict[str, Any]:
    """Read a JSON object of strangers: no key twice, no NaN, no endless nesting.

    Raises:
        CheckFailed: it is something else.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key, value in pairs:
            if key in members:
                raise ValueError(f"the key {key!r} is there twice")
            members[key] = value
        return members

    def constant(word: str) -> None:
        raise ValueError(f"{word} is no JSON number")

    try:
        content = json.loads(text, object_pairs_hook=once, parse_constant=constant)
    except (ValueError, RecursionError) as fault:
        raise refusal(name, f"It is not the JSON that it should be: {fault}") from fault
    if not isinstance(content, dict):
        raise refusal(name, "It is not a JSON object.")
    return content


def _check_header(data: bytes, name: str) -> dict[str, str]:
    """Hold the header to the limits; return the metadata in it."""
    if len(data) > LARGEST:
        raise refusal(name, f"It has more than {LARGEST:,} bytes.")
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        raise refusal(name, "It is not in the safetensors format, or cut off.")
    if size > LARGEST_HEADER:
        raise refusal(name, f"Its header has more than {LARGEST_HEADER:,} bytes.")
    header = json_object(data[8 : 8 + size], name)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise refusal(name, "Its metadata is no JSON object.")
    if len(header) > MOST_TENSORS:
        raise refusal(name, f"It has more than {MOST_TENSORS:,} tensors.")
    for key, facts in header.items():
        dtype = facts.get("dtype") if isinstance(facts, dict) else None
        if dtype not in DTYPES:
            raise refusal(name, f"{key} is of type {dtype}, not one of {', '.join(DTYPES)}.")
    return {str(key): str(value) for key, value in metadata.items()}

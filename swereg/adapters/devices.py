"""Devices: what a person writes, and what there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from swereg.errors import UsageError


def choose_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``mps`` into a device that is there.

    Raises:
        UsageError: this machine has no such device.
    """
    is_there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((kind for kind, ok in is_there.items() if ok), "cpu"))
    kind = name.split(":")[0]
    if kind != "cpu" and not is_there.get(kind, False):
        has = ", ".join(["cpu", *(kind for kind, ok in is_there.items() if ok)])
        raise UsageError(
            f"there is no device {name!r} here",
            why=f"This machine, with this build of torch, has: {has}.",
            hint="Leave --device out to take the best there is.",
            code="device.unknown",
        )
    return torch.device(name)


@contextmanager
def torch_threads(number: int | None) -> Iterator[None]:
    """Let torch compute with a number of threads, and then as before.

    Raises:
        UsageError: it is less than 1.
    """
    if number is not None and number < 1:
        raise UsageError(
            f"--threads cannot be {number}", why="It is 1 or more.", code="recipe.value"
        )
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)

"""Devices: what a person writes, and what there is."""

from __future__ import annotations

import torch

from swereg.errors import UsageError


def choose_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``mps`` into a device that is there.

    Raises:
        UsageError: this machine has no such device.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((kind for kind, ok in there.items() if ok), "cpu"))
    kind = name.split(":")[0]
    if kind != "cpu" and not there.get(kind, False):
        has = ", ".join(["cpu", *(kind for kind, ok in there.items() if ok)])
        raise UsageError(
            f"there is no device {name!r} here",
            why=f"This machine, with this build of torch, has: {has}.",
            hint="Leave --device out to take the best there is.",
            code="device.unknown",
        )
    return torch.device(name)

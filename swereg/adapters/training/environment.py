"""What a training ran on, as recorded with the entry."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import torch

from swereg.adapters import products

_PACKAGES = ("swereg", "torch", "transformers", "peft", "accelerate", "tokenizers")


def environment(device: torch.device) -> dict[str, Any]:
    """Describe versions, processor, threads, device, and whose matrix products were used."""
    facts: dict[str, Any] = {name: version(name) for name in _PACKAGES}
    facts |= {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": torch.get_num_threads(),
        "products": products.maker(device),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
    }
    return facts

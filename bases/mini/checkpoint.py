"""Save and resume a run: weights and optimizer state in one safetensors file."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

MOMENTS = ("exp_avg", "exp_avg_sq")


def save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, state: Any) -> None:
    """Write everything to `path` by way of a rename, so that a reader never sees half a file."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        for moment in MOMENTS:
            if moment in optimizer.state[parameter]:
                tensors[f"{moment}.{name}"] = optimizer.state[parameter][moment]
    partial = path.with_suffix(".partial")
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(ready, partial, metadata={"state": json.dumps(state)})
    partial.replace(path)


def read_state(path: Path) -> Any:
    """Return the state that was saved beside the weights."""
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["state"])


def resume(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Load the weights and the optimizer's moments; `step` restores its bias correction."""
    with safe_open(path, framework="pt") as file:
        keys = set(file.keys())
        model.load_state_dict({k[6:]: file.get_tensor(k) for k in keys if k.startswith("model.")})
        for name, parameter in model.named_parameters():
            if f"exp_avg.{name}" in keys:
                optimizer.state[parameter] = {
                    "step": torch.tensor(float(step)),
                    **{m: file.get_tensor(f"{m}.{name}").to(parameter.device) for m in MOMENTS},
                }

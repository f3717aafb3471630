"""The layers of a BERT for training, without transformers, whose import takes seconds."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from torch import Tensor, nn

from swereg.adapters.bert import checkpoint

_USUAL = {"pad_token_id": 0, "initializer_range": 0.02, "layer_norm_eps": 1e-12}  # transformers'


class Config(SimpleNamespace):
    """The content of config.json, by attribute."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as a dictionary."""
        return dict(vars(self))


class Group(nn.Module):
    """Layers by name, without a computation of its own."""


class BertLayers(Group):
    """The layers of transformers' BertModel, under its names, with a checkpoint's tensors.

    A method puts in what learns; then the engine computes with them (``engine.take_over``).

    Args:
        tensors: those of ``bert_checkpoint.shapes``, in float32. They may be mapped to a file, if
            that is private: what learns is changed in place.
        config: the content of config.json.
    """

    base_model_prefix = checkpoint.PREFIX
    architecture = checkpoint.ARCHITECTURE

    def __init__(self, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = Config(**{**_USUAL, **config})
        for name in dict.fromkeys(key.rpartition(".")[0] for key in tensors):
            layer = _layer(tensors[f"{name}.weight"], tensors.get(f"{name}.bias"), self.config)
            _put(self, name.split("."), layer)
        blocks = [f"encoder.layer.{number}" for number in range(self.config.num_hidden_layers)]
        within = ("attention.self", "attention.output", "output")
        for name in ["embeddings", *(f"{block}.{part}" for block in blocks for part in within)]:
            _put(self, [*name.split("."), "dropout"], nn.Dropout())
        self.eval()


def _layer(weight: Tensor, bias: Tensor | None, config: Config) -> nn.Module:
    """An embedding, a LayerNorm or a linear layer, told apart by the shapes of its tensors."""
    if bias is None:
        return nn.Embedding(weight.shape[0], weight.shape[1], _weight=weight, _freeze=False)
    layer: nn.LayerNorm | nn.Linear
    if weight.dim() == 1:
        layer = nn.LayerNorm(weight.shape, eps=config.layer_norm_eps, device="meta")
    else:
        layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer


def _put(group: nn.Module, path: list[str], layer: nn.Module) -> None:
    """Put a layer where its name says, with the groups that it lies in."""
    for part in path[:-1]:
        if part not in group._modules:
            group.add_module(part, nn.ModuleList() if part == "layer" else Group())
        group = group.get_submodule(part)
    group.add_module(path[-1], layer)

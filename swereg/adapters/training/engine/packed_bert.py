"""The layers of a BERT, computing on packed tokens; they, their parameters and names stay.

It takes an encoder only where nobody changed the way between its layers: where a method wraps,
hooks or patches whole blocks, the base is loaded once more by transformers, and learns there.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from swereg.adapters import products
from swereg.adapters.bert import attention, checkpoint, computation
from swereg.adapters.bert.fast_linear import FastLinear
from swereg.adapters.bert.hidden import Hidden, Padded
from swereg.adapters.bert.layers import BertLayers, Group
from swereg.adapters.sequence_classifier import SequenceClassifier
from swereg.adapters.training.engine.attention import attend
from swereg.adapters.training.engine.dropout import FastDropout, Masks

HOME = "transformers.models.bert.modeling_bert"


def take_over(model: nn.Module, device: torch.device, precision: str) -> bool:
    """Let what a method has attached itself to learn on the engine, if its encoder is a BERT.

    Args:
        model: what ``Method.attach`` returned; it is changed in place.
        device: where it will learn.
        precision: ``fp32`` or ``bf16``.

    Returns:
        Whether it is a BERT, and nobody has changed the way that it goes through its layers.
    """
    for classifier in model.modules():
        if isinstance(classifier, SequenceClassifier) and _is_understood(classifier.encoder):
            break
    else:
        return False
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    packs = device.type == "cpu" and products.faster(dtype)
    if device.type == "cpu":
        _replace(model, dtype if packs else None)
    encoder = PackedBert(classifier.encoder, autocast=not packs)
    setattr(classifier, classifier.prefix, encoder)
    return True


def _is_understood(encoder: Any) -> bool:
    """Tell whether nobody changed the way that this BERT goes through its layers."""
    theirs = type(encoder).__name__ == checkpoint.ARCHITECTURE
    if not theirs and not isinstance(encoder, BertLayers):
        return False
    config = encoder.config.to_dict()
    if not checkpoint.understands(config):
        return False
    layers = {name.rpartition(".")[0] for name in checkpoint.shapes(config)}
    inner = {layer[:end] for layer in layers for end, sign in enumerate(layer) if sign == "."}
    modules = dict(encoder.named_modules())
    return {*layers, *inner} <= modules.keys() and all(_is_plain(modules[n]) for n in {"", *inner})


def _is_plain(module: nn.Module) -> bool:
    is_plain = type(module) in (nn.ModuleList, Group, BertLayers) or type(module).__module__ == HOME
    hooks = module._forward_hooks or module._forward_pre_hooks
    return is_plain and not hooks and "forward" not in vars(module)


def _replace(model: nn.Module, dtype: torch.dtype | None) -> None:
    """Put faster layers in the place of torch's.

    Args:
        dtype: of products; None leaves linear layers alone.
    """
    masks = Masks()
    for name, module in list(model.named_modules()):
        if type(module) is nn.Dropout:
            model.set_submodule(name, FastDropout(module.p, masks).train(module.training))
        elif type(module) is nn.Linear and dtype and module.weight.numel() >= products.SMALLEST:
            model.set_submodule(name, FastLinear(module, dtype))


@dataclass
class Pooled:
    """What the encoder gives.

    Attributes:
        pooler_output: [rows, hidden].
    """

    pooler_output: Tensor


class PackedBert(nn.Module):
    """Goes through the layers of another encoder on packed tokens.

    Args:
        encoder: a ``BertLayers``, or a BertModel of transformers.
        autocast: whether torch chooses the precision of each operation; else its layers do.
    """

    base_model_prefix = checkpoint.PREFIX

    def __init__(self, encoder: Any, *, autocast: bool) -> None:
        super().__init__()
        self.config = encoder.config
        self.embeddings, self.encoder = encoder.embeddings, encoder.encoder
        self.pooler = encoder.pooler
        self._autocast = autocast
        self._bert = computation.Bert(encoder.config.to_dict())
        self.layers = Learning({name: layer for name, layer in self.named_modules() if name})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Pooled:
        """Encode rows of tokens; both are [rows, tokens]."""
        hidden = Hidden.of_padded(input_ids, attention_mask)
        return Pooled(self.run(hidden, self.layers))

    def run(self, hidden: Hidden, layers: computation.Layers) -> Tensor:
        """Run all stages with these layers; return the pooled output, [rows, hidden]."""
        device = hidden.tokens.device.type
        with nullcontext() if self._autocast else torch.autocast(device, enabled=False):
            return self._bert.run(hidden, layers, 0, self._bert.stages).tokens

    def exchange(self, name: str, layer: nn.Module) -> None:
        """Put another layer in the place of one."""
        self.set_submodule(name, layer)
        self.layers.modules[name] = layer


class Learning:
    """The layers while they learn: modules by name, with what was put into them."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self.modules = modules

    def apply(self, name: str, x: Tensor, *, rows: bool = False) -> Tensor:
        """Run a layer."""
        return cast(Tensor, self.modules[name](x))

    def attend(
        self, name: str, q: Tensor, k: Tensor, v: Tensor, padding: Padded, heads: int, *, rows: bool
    ) -> Tensor:
        """Scaled dot-product attention with dropout on the probabilities."""
        dropout = cast(nn.Dropout, self.modules[f"{name}.dropout"])
        p = dropout.p if dropout.training else 0.0
        if p and isinstance(dropout, FastDropout):
            return attend(q, k, v, padding, heads, dropout, rows=rows)
        return attention.attend(q, k, v, padding, heads, rows=rows, dropout=p)

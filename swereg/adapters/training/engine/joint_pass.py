"""Several models that learn on one frozen BERT: the batches of all go through it in one pass.

What each of them learns is what it would learn alone: its rows go through its own layers, with its
own dropout; only products with frozen weights see the rows of all (and may round them otherwise in
the last bit).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from swereg.adapters.batches import Batch
from swereg.adapters.bert.fast_linear import FastLinear
from swereg.adapters.bert.hidden import Hidden, Padded
from swereg.adapters.training.engine.packed_bert import Learning, PackedBert
from swereg.adapters.training.engine.seen_words import WORDS

_KINDS = (FastLinear, nn.Linear, nn.LayerNorm, nn.Embedding)


class Together:
    """Models on one frozen encoder, which they hold once."""

    def __init__(self) -> None:
        self._encoders: list[PackedBert] = []

    @staticmethod
    def suits(model: nn.Module) -> bool:
        """Tell whether a model learns on the engine, beside an encoder that stays as it is."""
        encoder = _encoder_of(model)
        if encoder is None:
            return False
        layers = encoder.layers.modules
        trained = [
            layer
            for layer in layers.values()
            if isinstance(layer, _KINDS) and not _is_frozen(layer)
        ]
        return _is_frozen(layers[WORDS]) and all(layer.weight.requires_grad for layer in trained)

    def add(self, model: nn.Module) -> None:
        """Take in one more model; what is frozen in it and the same as in the first is given up."""
        encoder = _encoder_of(model)
        assert encoder is not None  # noqa: S101 - suits said so
        for name, mine in self._encoders[0].layers.modules.items() if self._encoders else ():
            layer = encoder.layers.modules.get(name)
            if isinstance(mine, _KINDS) and type(layer) is type(mine) and _are_same(mine, layer):
                encoder.exchange(name, mine)
        self._encoders.append(encoder)

    def pooled(self, batches: Mapping[int, Batch]) -> dict[int, Tensor]:
        """Encode a batch for each of some models, which are named by the order of ``add``.

        Returns:
            The pooled output of each, [rows, hidden].
        """
        parts = [Hidden.of_padded(b["input_ids"], b["attention_mask"]) for b in batches.values()]
        encoders = [self._encoders[number] for number in batches]
        layers = _Joined([encoder.layers for encoder in encoders], parts)
        pooled = encoders[0].run(Hidden.joined(parts), layers)
        return dict(zip(batches, torch.split(pooled, layers.rows), strict=True))


class _Joined:
    """The layers of several models, as their joined batches go through them."""

    def __init__(self, models: Sequence[Learning], batches: Sequence[Hidden]) -> None:
        self._models = models
        self._tokens = [sum(batch.lengths) for batch in batches]
        self._paddings = [batch.padding for batch in batches]
        self.rows = [len(batch.lengths) for batch in batches]

    def apply(self, name: str, x: Tensor, *, rows: bool = False) -> Tensor:
        """Run a layer: what is the same in all once, what is not for the rows of each."""
        layers: list[Any] = [model.modules[name] for model in self._models]
        first, sizes = layers[0], self.rows if rows else self._tokens
        if all(layer is first for layer in layers):
            return cast(Tensor, first(x))
        if all(_is_idle(layer) for layer in layers):
            return x
        parts = torch.split(x, sizes)  # each model's own tokens, or rows
        frozen = getattr(first, "base_layer", None)
        # W x + b is the same layer for all of them: one large product, not several small ones.
        if all(hasattr(layer, "update") and layer.base_layer is frozen for layer in layers):
            frozen_products = torch.split(first.base_layer(x), sizes)
            updated = [
                joined.update(y, part)
                for joined, y, part in zip(layers, frozen_products, parts, strict=True)
            ]
        else:
            updated = [layer(part) for layer, part in zip(layers, parts, strict=True)]
        return torch.cat(updated)

    def attend(
        self, name: str, q: Tensor, k: Tensor, v: Tensor, padding: Padded, heads: int, *, rows: bool
    ) -> Tensor:
        """Scaled dot-product attention, of each model's rows with its own dropout."""
        queries = torch.split(q, self.rows if rows else self._tokens)
        keys, values = torch.split(k, self._tokens), torch.split(v, self._tokens)
        arguments = zip(self._models, queries, keys, values, self._paddings, strict=True)
        return torch.cat(
            [
                model.attend(name, a, b, c, attention_padding, heads, rows=rows)
                for model, a, b, c, attention_padding in arguments
            ]
        )


def _encoder_of(model: nn.Module) -> PackedBert | None:
    return next((module for module in model.modules() if isinstance(module, PackedBert)), None)


def _are_same(left: nn.Module, right: nn.Module) -> bool:
    """Tell whether both are frozen, with the same numbers."""
    ours, theirs = list(left.parameters()), list(right.parameters())
    return (
        _is_frozen(left)
        and _is_frozen(right)
        and len(ours) == len(theirs)
        and all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    )


def _is_frozen(layer: nn.Module) -> bool:
    return not any(parameter.requires_grad for parameter in layer.parameters())


def _is_idle(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Dropout) and (layer.p == 0 or not layer.training)

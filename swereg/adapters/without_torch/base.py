"""A base and entries on it, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from swereg.adapters.bases.sources import BaseSource
from swereg.adapters.bert import checkpoint
from swereg.adapters.frozen.fitting import check_delta, check_encoder, check_head
from swereg.adapters.method import Method
from swereg.adapters.tensors import map_file, map_weights
from swereg.adapters.tokens import Tokens, tokenize
from swereg.adapters.without_torch import NeedsTorch
from swereg.adapters.without_torch.activations import Floats
from swereg.adapters.without_torch.bert import Deltas, LightBert, Rows
from swereg.errors import CheckFailed
from swereg.evaluation.scoring import Logits
from swereg.plugins.specs import settings_of
from swereg.records.entry import Entry
from swereg.records.training import BaseInfo, Weights

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST_TOKENS = 512  # of all texts for all entries; beyond, importing torch pays

Answers = tuple[list[Logits], list[bool]]  # per text its logits, and whether it was cut


@dataclass(frozen=True, eq=False)
class Placed:
    """An entry on a base.

    Attributes:
        encoder: the base's, or its own.
        head_weight: [labels, hidden].
        head_bias: [labels].
    """

    encoder: LightBert
    deltas: Deltas
    head_weight: Floats
    head_bias: Floats
    max_length: int


class LightBase:
    """A base in memory, mapped to its file. Use ``open``."""

    prefix = checkpoint.PREFIX

    def __init__(self, info: BaseInfo, encoder: LightBert, tokenizer: Tokenizer) -> None:
        self.info = info
        self._encoder = encoder
        self._tokenizer = tokenizer

    @classmethod
    def open(cls, source: BaseSource) -> LightBase:
        """Map a base and check that it is the expected one.

        Raises:
            NeedsTorch: it is no BERT in one safetensors file.
            CheckFailed: it is not the expected base, or parts of it are missing.
        """
        path = checkpoint.weights_file(source.folder)
        if path is None or path.suffix != ".safetensors":
            raise NeedsTorch("the base is not in one safetensors file")
        if not checkpoint.understands(source.config):
            raise NeedsTorch("the base is no BERT that swereg computes by itself")
        tensors = checkpoint.whole(source.name, map_file(path), source.config)
        if any(tensor.dtype.kind != "f" for tensor in tensors.values()):
            raise NeedsTorch("the base is not of floating-point numbers")
        hidden = int(source.config["hidden_size"])
        tokenizer = source.tokenizer()
        info = source.identify(tensors, tokenizer, checkpoint.ARCHITECTURE, hidden)
        return cls(info, LightBert(tensors, source.config), tokenizer)

    # --- what lowering needs to know (method.Frozen)

    def tensor(self, name: str) -> Floats:
        """Return a tensor of the encoder by its name.

        Raises:
            CheckFailed: it has none of that name.
        """
        try:
            return self._encoder.tensor(name)
        except KeyError:
            raise CheckFailed(f"{self.info} has no tensor {name}", code="weights.extra") from None

    def fresh(self) -> Any:
        """Tell that only torch has encoders that may be changed."""
        raise NeedsTorch("the method changes an encoder of its own")

    # --- entries

    def place(self, entry: Entry, weights: Weights, method: Method) -> Placed:
        """Put an entry on the base.

        Raises:
            NeedsTorch: its method or its numbers are not for numpy.
            CheckFailed: it does not fit the base or its labels.
        """
        if not vars(type(method)).get("lowers_arrays", False):  # what a class inherits may differ
            raise NeedsTorch(f"the method {method.name} lowers tensors of torch")
        settings = settings_of(method, entry.recipe.settings)
        lowered = method.lower(map_weights(weights), self, settings)
        check_head(lowered, len(entry.labels), self.info)
        for layer, delta in lowered.deltas.items():
            self.tensor(f"{layer}.bias")  # an embedding has none, and takes no delta
            check_delta(layer, delta, self.tensor(f"{layer}.weight").shape, self.info)
        if lowered.encoder is not None:
            check_encoder(self._encoder.tensors, lowered.encoder, self.info)
        return Placed(
            self._encoder if lowered.encoder is None else self._encoder.like(lowered.encoder),
            lowered.deltas,
            lowered.head_weight,
            lowered.head_bias,
            entry.recipe.max_length,
        )

    def answer(self, texts: Sequence[str], placed: Sequence[Placed]) -> list[Answers]:
        """Answer every text with every entry.

        Raises:
            NeedsTorch: that is too much work for numpy.
        """
        if not texts:
            return [([], []) for _ in placed]
        limits = {entry.max_length for entry in placed}
        tokens = {limit: tokenize(self._tokenizer, texts, limit) for limit in limits}
        if sum(sum(tokens[entry.max_length].lengths) for entry in placed) > MOST_TOKENS:
            raise NeedsTorch(f"the texts have more than {MOST_TOKENS:,} tokens")
        answers: dict[Placed, Answers] = {}
        for encoder in dict.fromkeys(entry.encoder for entry in placed):
            group = [entry for entry in placed if entry.encoder is encoder]
            answers |= zip(group, _answers(encoder, group, tokens), strict=True)
        return [answers[entry] for entry in placed]


def _answers(
    encoder: LightBert, placed: Sequence[Placed], tokens: dict[int, Tokens]
) -> list[Answers]:
    """Run entries of one encoder in one batch, one after the other in it."""
    pooled = encoder.pooled([Rows(tokens[e.max_length].ids, e.deltas) for e in placed])
    pooled_parts = np.split(pooled, len(placed))  # all of them answer the same texts
    return [
        (list(rows @ entry.head_weight.T + entry.head_bias), tokens[entry.max_length].cut)
        for entry, rows in zip(placed, pooled_parts, strict=True)
    ]

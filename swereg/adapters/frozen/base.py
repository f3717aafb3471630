"""A frozen base in memory, and entries that run on it: the base once, any mixture in a batch."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor

from swereg.adapters.bases import checkpoints
from swereg.adapters.bases.sources import BaseSource
from swereg.adapters.bert import checkpoint
from swereg.adapters.devices import choose_device
from swereg.adapters.frozen import fitting
from swereg.adapters.frozen.bert import FrozenBert
from swereg.adapters.frozen.branches import BATCH, apply_heads, run_branches, sort_by_layout
from swereg.adapters.frozen.deltas import Layouts
from swereg.adapters.frozen.encoder import Encoder, Placed
from swereg.adapters.method import Delta, Lowered
from swereg.adapters.tokens import by_length, tokenize
from swereg.errors import CheckFailed
from swereg.evaluation.scoring import Logits
from swereg.records.training import BaseInfo

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}  # of products, by precision

_open: WeakValueDictionary[tuple[str, ...], FrozenBase] = WeakValueDictionary()
_opening = threading.Lock()


class FrozenBase:
    """A base in memory. Use ``open``: it gives everyone the same one."""

    def __init__(
        self,
        source: BaseSource,
        info: BaseInfo,
        encoder: Encoder,
        tokenizer: Tokenizer,
        device: torch.device,
    ) -> None:
        self.info = info
        self.device = device
        self.tokenizer = tokenizer
        self._source = source
        self._encoder = encoder
        self._layouts = Layouts(device)

    @classmethod
    def open(cls, source: BaseSource, device: str = "auto", precision: str = "fp32") -> FrozenBase:
        """Read a base; while anyone has it in memory, its content is not read again.

        Raises:
            CheckFailed: it is not the expected base, or parts of it are missing.
            UsageError: there is no such device.
        """
        place, dtype = choose_device(device), DTYPES[precision]
        with _opening:
            base = _open.get((source.expected, str(place), precision))
            if base is None:
                base = cls._read(source, place, dtype)
                base = _open.setdefault((base.info.fingerprint, str(place), precision), base)
            return base

    @classmethod
    def held(
        cls, fingerprint: str, device: str = "auto", precision: str = "fp32"
    ) -> FrozenBase | None:
        """Return a base that someone has in memory, without looking at its files."""
        return _open.get((fingerprint, str(choose_device(device)), precision))

    @classmethod
    def _read(cls, source: BaseSource, device: torch.device, dtype: torch.dtype) -> FrozenBase:
        tensors = checkpoints.read_bert(source.name, source.folder, source.config)
        if tensors is None:
            from swereg.adapters.frozen.transformers_encoder import TransformersEncoder

            base = source.load()
            encoder: Encoder = TransformersEncoder(base.encoder, device, dtype)
            return cls(source, base.info, encoder, base.tokenizer, device)
        tokenizer = source.tokenizer()
        hidden = int(source.config["hidden_size"])
        info = source.identify(tensors, tokenizer, checkpoint.ARCHITECTURE, hidden)
        encoder = FrozenBert(tensors, source.config, device, dtype)
        return cls(source, info, encoder, tokenizer, device)

    # --- what lowering needs to know (method.Frozen)

    @property
    def prefix(self) -> str:
        """The encoder's name inside stored keys, such as ``bert``."""
        return self._encoder.prefix

    def tensor(self, name: str) -> Tensor:
        """Return a tensor of the encoder by its name.

        Raises:
            CheckFailed: it has none of that name.
        """
        return self._tensor(name).cpu()

    def _tensor(self, name: str) -> Tensor:
        """The same where it lies."""
        try:
            return self._encoder.tensors()[name]
        except KeyError:
            raise CheckFailed(f"{self.info} has no tensor {name}", code="weights.extra") from None

    def fresh(self) -> Any:
        """Load another encoder, transformers', that may be changed."""
        return self._source.load(by_transformers=True).encoder

    # --- placing

    def place(self, lowered: Lowered, labels: int, max_length: int) -> Placed:
        """Put an entry on the base.

        Raises:
            CheckFailed: its tensors do not fit the base or the number of labels; the message
                names them.
        """
        fitting.check_head(lowered, labels, self.info)
        if not all(torch.isfinite(t).all() for t in (lowered.head_weight, lowered.head_bias)):
            raise CheckFailed("the head is not finite", code="weights.nan")
        encoder = None if lowered.encoder is None else self._own(lowered.encoder)
        stage, adapter = self._encoder.stages, None
        if lowered.deltas:
            stage = min(self._fitting_stage(*item) for item in lowered.deltas.items())
            adapter = self._layouts.flatten(lowered.deltas)
            if not torch.isfinite(adapter.flat).all():
                raise CheckFailed("the weights are not finite", code="weights.nan")
        weight, bias = (
            tensor.float().to(self.device) for tensor in (lowered.head_weight, lowered.head_bias)
        )
        return Placed(adapter, stage, weight, bias, max_length, encoder)

    def _fitting_stage(self, layer: str, delta: Delta) -> int:
        """Check that a delta fits its layer; return the layer's stage."""
        stage = self._encoder.stage_of(layer)
        shape = tuple(self._tensor(f"{layer}.weight").shape)
        fitting.check_delta(layer, delta, shape, self.info)
        return stage

    def _own(self, tensors: Mapping[str, Tensor]) -> Encoder:
        """An encoder of the base's shape with other tensors."""
        fitting.check_encoder(self._encoder.tensors(), tensors, self.info)
        return self._encoder.with_tensors(tensors, self.fresh)

    # --- answering

    def logits(
        self, texts: Sequence[str], placed: Sequence[Placed]
    ) -> tuple[list[Logits], list[bool]]:
        """Answer each text with the entry of the same position.

        Rows of all entries without an encoder of their own go through the base together.

        Returns:
            Per text its logits, [labels], and whether it was cut at the entry's maximum length.
        """
        tokens = tokenize(self.tokenizer, texts, [entry.max_length for entry in placed])
        out: list[Logits] = [np.zeros(0, np.float32)] * len(texts)
        with torch.inference_mode():
            for encoder, rows in self._by_encoder(placed):
                for batch_rows in by_length([tokens.lengths[row] for row in rows], BATCH):
                    batch = sort_by_layout([rows[i] for i in batch_rows], placed)
                    entries = [placed[row] for row in batch]
                    hidden = encoder.start([tokens.ids[row] for row in batch])
                    adapters = [entry.adapter for entry in entries]
                    pooled = encoder.run(hidden, adapters, 0, encoder.stages).tokens
                    for row, answer in zip(batch, apply_heads(pooled, entries), strict=True):
                        out[row] = answer
        return out, tokens.cut

    def logits_all(
        self, texts: Sequence[str], placed: Sequence[Placed]
    ) -> tuple[list[list[Logits]], list[list[bool]]]:
        """Answer every text with every entry.

        The stages before the first one that an entry changes are computed once per text.

        Returns:
            As ``logits``, for each entry a list over the texts.
        """
        out = [[np.zeros(0, np.float32)] * len(texts) for _ in placed]
        cut = [[False] * len(texts) for _ in placed]
        for limit in {entry.max_length for entry in placed}:
            tokens = tokenize(self.tokenizer, texts, limit)
            chosen = [i for i, entry in enumerate(placed) if entry.max_length == limit]
            for i in chosen:
                cut[i] = tokens.cut
            with torch.inference_mode():
                for encoder, indices in self._by_encoder([placed[i] for i in chosen]):
                    numbers = [chosen[i] for i in indices]
                    for rows in by_length(tokens.lengths, BATCH):
                        hidden = encoder.start([tokens.ids[row] for row in rows])
                        for i, answers in run_branches(encoder, hidden, numbers, placed):
                            for row, answer in zip(rows, answers, strict=True):
                                out[i][row] = answer
        return out, cut

    def _by_encoder(self, placed: Sequence[Placed]) -> list[tuple[Encoder, list[int]]]:
        """The positions of the entries that run on each encoder."""
        groups: dict[int, tuple[Encoder, list[int]]] = {}
        for position, entry in enumerate(placed):
            encoder = entry.encoder or self._encoder
            groups.setdefault(id(encoder), (encoder, []))[1].append(position)
        return list(groups.values())

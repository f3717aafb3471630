"""From texts to batches: tokens, batches of similar length, padding to the longest of a batch."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Batch = dict[str, Tensor]

# Batches are cut from pieces of this many batches, sorted by length inside.
_PIECE = 16


@dataclass(frozen=True)
class Tokens:
    """Tokenized texts.

    Attributes:
        ids: token ids per text, special tokens included, at most the maximum length.
        cut: per text, whether it was longer.
    """

    ids: list[list[int]]
    cut: list[bool]

    @property
    def lengths(self) -> list[int]:
        """Tokens per text."""
        return [len(ids) for ids in self.ids]


def tokenize(tokenizer: Any, texts: Sequence[str], max_length: int) -> Tokens:
    """Tokenize texts in NFC, cutting each at ``max_length`` tokens."""
    if not texts:
        return Tokens([], [])
    normal = [unicodedata.normalize("NFC", text) for text in texts]
    encoded = tokenizer(normal, truncation=True, max_length=max_length)
    return Tokens(encoded["input_ids"], [bool(e.overflowing) for e in encoded.encodings])


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> Batch:
    """Pad to the longest of these: input_ids and attention_mask, [rows, longest]."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad_id)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def by_length(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Cut all rows into batches, the shortest first."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


class ShuffledByLength:
    """A batch sampler: a new random order each epoch, with similar lengths in a batch.

    Each epoch draws a random order, cuts it into pieces of 16 batches, sorts inside a piece by
    length, and goes through the batches of all pieces in random order.

    Args:
        lengths: tokens per row.
        batch_size: rows per batch; one batch may have fewer.
        seed: of the orders.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.drop_last = False
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(len(self.lengths), generator=self._generator).tolist()
        size = self.batch_size * _PIECE
        rows = [
            row
            for start in range(0, len(order), size)
            for row in sorted(order[start : start + size], key=self.lengths.__getitem__)
        ]
        starts = torch.randperm(len(self), generator=self._generator).tolist()
        for start in starts:
            yield rows[start * self.batch_size : (start + 1) * self.batch_size]


class Rows(Dataset[Batch]):
    """Training rows, either tokens or pooled outputs, with their labels."""

    def __init__(self, inputs: list[list[int]] | Tensor, labels: Sequence[int]) -> None:
        self.inputs = inputs
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> Any:
        return self.inputs[row], self.labels[row]


def loader(rows: Rows, sampler: ShuffledByLength, pad_id: int) -> DataLoader[Batch]:
    """Load batches in the sampler's order: the model's arguments and ``labels``, [batch]."""

    def collate(items: list[Any]) -> Batch:
        inputs, labels = zip(*items, strict=True)
        pooled = isinstance(inputs[0], Tensor)
        batch = {"pooled": torch.stack(inputs)} if pooled else pad(inputs, pad_id)
        return batch | {"labels": torch.tensor(labels)}

    return DataLoader(rows, batch_sampler=sampler, collate_fn=collate)

"""Training batches: rows of similar length, padded to about the longest of a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Batch = dict[str, Tensor]

# Batches are cut from pieces of this many batches, sorted by length inside.
_PIECE = 16


def pad(rows: Sequence[Sequence[int]], pad_id: int, length: int = 0) -> Batch:
    """Pad to the longest row, or to a length: input_ids and attention_mask, [rows, longest]."""
    longest = max(length, *map(len, rows))
    ids = torch.full((len(rows), longest), pad_id)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
    return {"input_ids": ids, "attention_mask": mask}


class ShuffledByLength:
    """A batch sampler: a new random order each epoch, with similar lengths in a batch.

    Each epoch draws a random order, cuts it into pieces of 16 batches, sorts inside a piece by
    length, and goes through the batches of all pieces in random order.

    Args:
        lengths: tokens per row.
        batch_size: rows per batch; one batch may have fewer.
        seed: of the orders; ``generator`` has what has been drawn from it.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.drop_last = False
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        size = self.batch_size * _PIECE
        rows = [
            row
            for start in range(0, len(order), size)
            for row in sorted(order[start : start + size], key=self.lengths.__getitem__)
        ]
        starts = torch.randperm(len(self), generator=self.generator).tolist()
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


def loader(
    rows: Rows, sampler: ShuffledByLength, pad_id: int, multiple: int = 1
) -> DataLoader[Batch]:
    """Load batches in the sampler's order: the model's arguments and ``labels``, [batch].

    Args:
        multiple: of this are their lengths, or that of the longest row of all.
    """
    longest = max(map(len, rows.inputs))

    def collate(items: list[Any]) -> Batch:
        inputs, labels = zip(*items, strict=True)
        pooled = isinstance(inputs[0], Tensor)
        length = min(longest, -(-max(map(len, inputs)) // multiple) * multiple)
        batch = {"pooled": torch.stack(inputs)} if pooled else pad(inputs, pad_id, length)
        return batch | {"labels": torch.tensor(labels)}

    return DataLoader(rows, batch_sampler=sampler, collate_fn=collate)

"""The rows of a batch: in which order, computed once where entries agree, and each one's head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import linear

from swereg.adapters.bert.hidden import Hidden
from swereg.adapters.frozen.encoder import Encoder, Placed
from swereg.evaluation.scoring import Logits

BATCH = 32  # rows


def sort_by_layout(rows: Sequence[int], placed: Sequence[Placed]) -> list[int]:
    """Sort rows so that one layout's, and in it one entry's, are neighbours."""
    order: dict[object, int] = {}
    for row in rows:
        order.setdefault(placed[row].layout, len(order))
        order.setdefault(placed[row], len(order))
    return sorted(rows, key=lambda row: (order[placed[row].layout], order[placed[row]]))


def run_branches(
    encoder: Encoder, hidden: Hidden, numbers: Sequence[int], placed: Sequence[Placed]
) -> Iterator[tuple[int, list[Logits]]]:
    """Answer the rows of a batch with several entries; what they share is computed once.

    Args:
        numbers: the entries to use, by their position in ``placed``.
    """
    rows, layers_done = len(hidden.lengths), 0
    # In the order of the first stage that an entry changes: the trunk only ever goes forward.
    for stage, group in groupby(
        sorted(numbers, key=lambda i: placed[i].stage), key=lambda i: placed[i].stage
    ):
        hidden = encoder.run(hidden, [None] * rows, layers_done, stage)
        layers_done = stage
        entries = sort_by_layout(list(group), placed)
        # Entries that change no layer have a head alone, so that all of them are one product.
        at_once = max(1, BATCH // rows) if stage < encoder.stages else len(entries)
        for chunk in (entries[i : i + at_once] for i in range(0, len(entries), at_once)):
            repeated = [placed[i] for i in chunk for _ in range(rows)]
            adapters = [entry.adapter for entry in repeated]
            branch = encoder.run(hidden.repeat(len(chunk)), adapters, stage, encoder.stages)
            answers = apply_heads(branch.tokens, repeated)
            yield from ((i, answers[k * rows : (k + 1) * rows]) for k, i in enumerate(chunk))


def apply_heads(pooled: Tensor, entries: Sequence[Placed]) -> list[Logits]:
    """Apply each row's head to its pooled output, [rows, hidden]: per row [labels]."""
    out: list[Tensor] = []
    start = 0
    for entry, rows in groupby(entries):
        stop = start + len(list(rows))
        out.append(linear(pooled[start:stop], entry.head_weight, entry.head_bias))
        start = stop
    flat = torch.cat([logits.flatten() for logits in out]).cpu().numpy()  # one copy off a GPU
    ends = np.cumsum([len(entry.head_bias) for entry in entries])
    return np.split(flat, ends[:-1])

"""A batch on its way through an encoder: packed tokens, and the way to padded rows and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import torch
from torch import Tensor


class Padded:
    """The way between packed rows, [tokens, width], and padded ones, [rows, longest, width]."""

    def __init__(self, rows: int, longest: int, places: Tensor | None, lengths: Tensor) -> None:
        self.rows, self.longest = rows, longest
        self.places = places  # [tokens], of each token in the padded form; None: all are as long
        self.lengths = lengths  # [rows]

    @classmethod
    def of(cls, lengths: Sequence[int], device: torch.device) -> Padded:
        """Find the way for rows of these lengths."""
        longest, rows = max(lengths), len(lengths)
        counts = torch.tensor(lengths, device=device)
        if min(lengths) == longest:
            return cls(rows, longest, None, counts)
        inside = torch.arange(longest, device=device) < counts[:, None]
        return cls(rows, longest, inside.flatten().nonzero().squeeze(1), counts)

    def pad(self, x: Tensor) -> Tensor:
        """[tokens, width] to [rows, longest, width], with zeros behind each row."""
        if self.places is not None:
            x = x.new_zeros(self.rows * self.longest, x.shape[1]).index_copy_(0, self.places, x)
        return x.view(self.rows, self.longest, -1)

    def unpad(self, x: Tensor) -> Tensor:
        """[rows, longest, width] to [tokens, width]."""
        x = x.reshape(self.rows * self.longest, -1)
        return x if self.places is None else x.index_select(0, self.places)

    def spread(self, vectors: Tensor) -> Tensor:
        """[rows, 1, width] to [tokens, width]."""
        return vectors.squeeze(1).index_select(0, self._row_of_token)

    @cached_property
    def _row_of_token(self) -> Tensor:
        """[tokens]."""
        rows = torch.arange(self.rows, device=self.lengths.device)
        return rows.repeat_interleave(self.lengths)

    @property
    def mask(self) -> Tensor | None:
        """[rows, longest], true where there is a token; None where there is one everywhere."""
        if self.places is None:
            return None
        positions = torch.arange(self.longest, device=self.lengths.device)
        return positions < self.lengths[:, None]


@dataclass(frozen=True, eq=False)
class Hidden:
    """A batch between two stages.

    Attributes:
        tokens: [tokens of all rows, hidden]; before the first stage their ids, [tokens of all
            rows]; after the last one the pooled output, [rows, hidden]. An encoder may drop what
            it no longer needs and go on with the first token of each row alone, [rows, hidden].
        lengths: tokens per row.
        padding: the way to padded rows.
    """

    tokens: Tensor
    lengths: tuple[int, ...]
    padding: Padded

    @classmethod
    def of(cls, ids: Sequence[Sequence[int]], device: torch.device) -> Hidden:
        """Pack rows of token ids; nothing is computed yet."""
        lengths = tuple(map(len, ids))
        tokens = torch.tensor([token for row in ids for token in row], device=device)
        return cls(tokens, lengths, Padded.of(lengths, device))

    @classmethod
    def of_padded(cls, ids: Tensor, mask: Tensor) -> Hidden:
        """Pack rows of token ids, [rows, longest], of which the mask is 1 where there is one.

        What is no token lies behind the tokens of its row.
        """
        lengths = tuple(mask.sum(1).tolist())
        return cls(ids[mask.bool()], lengths, Padded.of(lengths, ids.device))

    @classmethod
    def joined(cls, those: Sequence[Hidden]) -> Hidden:
        """Several batches as one."""
        lengths = tuple(length for one in those for length in one.lengths)
        tokens = torch.cat([one.tokens for one in those])
        return cls(tokens, lengths, Padded.of(lengths, tokens.device))

    @property
    def firsts(self) -> Tensor:
        """The first token of each row: its place among all tokens, [rows]."""
        starts = [0, *accumulate(self.lengths[:-1])]
        return torch.tensor(starts, device=self.tokens.device)

    @property
    def positions(self) -> Tensor:
        """The place of each token in its row, [tokens]."""
        device = self.tokens.device
        return torch.cat([torch.arange(length, device=device) for length in self.lengths])

    def repeat(self, times: int) -> Hidden:
        """The whole batch several times, one after the other."""
        lengths = self.lengths * times
        padding = Padded.of(lengths, self.tokens.device)
        return Hidden(torch.cat([self.tokens] * times), lengths, padding)

"""A batch on its way through an encoder: packed tokens, and the way to padded rows and back.

On a processor padding costs as much as tokens do. On a GPU a small batch costs what it takes to
start its kernels, and those that pack are some more: there rows stay as they are padded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import torch
from torch import Tensor

from swereg.adapters.batches import pad


class Padded:
    """The way between packed rows, [tokens, width], and padded ones, [rows, longest, width].

    Args:
        lengths: tokens of each row that lie in the packed form.
        mask: [rows, longest], true where there is a token; None: wherever the packed form has one.
    """

    def __init__(
        self, lengths: Sequence[int], device: torch.device, mask: Tensor | None = None
    ) -> None:
        self.lengths = tuple(lengths)
        self.rows, self.longest = len(lengths), max(lengths)
        self._device = device
        self._alike = min(lengths) == self.longest
        if mask is None and not self._alike:
            counts = torch.tensor(lengths, device=device)
            mask = torch.arange(self.longest, device=device) < counts[:, None]
        self.mask = mask
        self._by_heads: dict[int, tuple[Tensor, Tensor]] = {}

    def pad(self, x: Tensor) -> Tensor:
        """[tokens, width] to [rows, longest, width], with zeros behind each row."""
        if not self._alike:
            x = x.new_zeros(self.rows * self.longest, x.shape[1]).index_copy_(0, self._places, x)
        return x.view(self.rows, self.longest, -1)

    def unpad(self, x: Tensor) -> Tensor:
        """[rows, longest, width] to [tokens, width]."""
        x = x.reshape(self.rows * self.longest, -1)
        return x if self._alike else x.index_select(0, self._places)

    def by_head(self, x: Tensor, heads: int) -> Tensor:
        """[tokens, heads * width] to [rows * heads, longest, width], with anything behind a row."""
        places, _ = self._head_places(heads)
        parts = x.reshape(x.shape[0] * heads, -1)
        return parts.index_select(0, places).view(self.rows * heads, self.longest, -1)

    def by_token(self, x: Tensor, heads: int) -> Tensor:
        """[rows * heads, longest, width] to [tokens, heads * width]."""
        _, places = self._head_places(heads)
        parts = x.view(self.rows * heads * self.longest, -1)
        return parts.index_select(0, places).view(-1, heads * x.shape[2])

    def spread(self, vectors: Tensor) -> Tensor:
        """[rows, 1, width] to [tokens, width]."""
        return vectors.squeeze(1).index_select(0, self._row_of_token)

    @cached_property
    def firsts(self) -> Tensor:
        """The first token of each row: its place in the packed form, [rows]."""
        if self._alike:
            return torch.arange(self.rows, device=self._device) * self.longest
        starts = [0, *accumulate(self.lengths[:-1])]
        return torch.tensor(starts, device=self._device)

    @cached_property
    def positions(self) -> Tensor:
        """The place of each token in its row, [tokens]."""
        if self._alike:
            return torch.arange(self.longest, device=self._device).repeat(self.rows)
        return torch.cat([torch.arange(length, device=self._device) for length in self.lengths])

    def repeat(self, times: int) -> Padded:
        """The way for the same rows several times, one after the other."""
        mask = None if self.mask is None else self.mask.repeat(times, 1)
        return Padded(self.lengths * times, self._device, mask)

    def _head_places(self, heads: int) -> tuple[Tensor, Tensor]:
        """The place of each part by head in the packed form, and the other way round."""
        if heads not in self._by_heads:
            tokens = sum(self.lengths)
            # A token's vector is its heads side by side: part h of token t is at t * heads + h.
            padded, head = self.rows * self.longest, torch.arange(heads, device=self._device)
            token = torch.arange(tokens, device=self._device)
            places = token if self._alike else self._places
            # Behind a row the places are 0: some token's numbers, which a mask takes out later.
            packed = token.new_zeros(padded).index_copy_(0, places, token)
            packed = packed.view(self.rows, 1, self.longest) * heads + head[:, None]
            row, at = places // self.longest, places % self.longest
            back = (row[:, None] * heads + head) * self.longest + at[:, None]
            self._by_heads[heads] = packed.flatten(), back.flatten()
        return self._by_heads[heads]

    @cached_property
    def _places(self) -> Tensor:
        """The place of each token in the padded form, [tokens]."""
        assert self.mask is not None  # noqa: S101 - rows are not alike
        return self.mask.flatten().nonzero().squeeze(1)

    @cached_property
    def _row_of_token(self) -> Tensor:
        """[tokens]."""
        rows = torch.arange(self.rows, device=self._device)
        if self._alike:
            return rows.repeat_interleave(self.longest)
        counts = torch.tensor(self.lengths, device=self._device)
        return rows.repeat_interleave(counts, output_size=sum(self.lengths))


@dataclass(frozen=True, eq=False)
class Hidden:
    """A batch between two stages.

    Attributes:
        tokens: [tokens of all rows, hidden], on a GPU with what pads them; before the first stage
            their ids, [tokens of all rows]; after the last one the pooled output, [rows, hidden].
            An encoder may drop what it no longer needs and go on with the first token of each row
            alone, [rows, hidden].
        padding: the way to padded rows.
    """

    tokens: Tensor
    padding: Padded

    @classmethod
    def of(cls, ids: Sequence[Sequence[int]], device: torch.device) -> Hidden:
        """Make a batch of rows of token ids; nothing is computed yet."""
        if device.type != "cpu":
            batch = {name: value.to(device) for name, value in pad(ids, 0).items()}
            alike = len({len(row) for row in ids}) == 1
            return cls.of_rows(batch["input_ids"], None if alike else batch["attention_mask"])
        tokens = torch.tensor([token for row in ids for token in row])
        return cls(tokens, Padded(list(map(len, ids)), device))

    @classmethod
    def of_padded(cls, ids: Tensor, mask: Tensor) -> Hidden:
        """Make a batch of padded token ids, [rows, longest], with a mask, 1 where there is one.

        What is no token lies behind the tokens of its row.
        """
        if ids.device.type != "cpu":
            return cls.of_rows(ids, mask)
        return cls(ids[mask.bool()], Padded(mask.sum(1).tolist(), ids.device))

    @classmethod
    def of_rows(cls, ids: Tensor, mask: Tensor | None) -> Hidden:
        """Make a batch as it is padded, which is not packed; nothing waits for the device.

        Args:
            ids: [rows, longest].
            mask: [rows, longest], 1 where there is a token, None where there is one everywhere;
                what is behind is computed in vain.
        """
        rows, longest = ids.shape
        inside = None if mask is None else mask.bool()
        return cls(ids.flatten(), Padded([longest] * rows, ids.device, inside))

    @classmethod
    def joined(cls, parts: Sequence[Hidden]) -> Hidden:
        """Several packed batches as one."""
        lengths = [length for part in parts for length in part.lengths]
        tokens = torch.cat([part.tokens for part in parts])
        return cls(tokens, Padded(lengths, tokens.device))

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens per row."""
        return self.padding.lengths

    def repeat(self, times: int) -> Hidden:
        """The whole batch several times, one after the other."""
        return Hidden(torch.cat([self.tokens] * times), self.padding.repeat(times))

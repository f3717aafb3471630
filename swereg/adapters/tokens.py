"""From texts to token ids."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer


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


def tokenize(tokenizer: Tokenizer, texts: Sequence[str], max_length: int | Sequence[int]) -> Tokens:
    """Tokenize texts in NFC, cutting each at ``max_length`` tokens, one for all or one for each.

    The tokenizer is left as it is, so that threads can share it.
    """
    limits = [max_length] * len(texts) if isinstance(max_length, int) else max_length
    normal = [unicodedata.normalize("NFC", text) for text in texts]
    ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(normal)]
    cut = [len(row) > limit for row, limit in zip(ids, limits, strict=True)]
    for row in (row for row, long in enumerate(cut) if long):
        ids[row] = _shortened(tokenizer, normal[row], limits[row])
    return Tokens(ids, cut)


def lengths(tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
    """Count the tokens of each text, special ones included, without cutting any."""
    normal = [unicodedata.normalize("NFC", text) for text in texts]
    return [len(encoding.ids) for encoding in tokenizer.encode_batch_fast(normal)]


def _shortened(tokenizer: Tokenizer, text: str, limit: int) -> list[int]:
    """The first tokens of a text, and the special ones around them."""
    inside = tokenizer.encode(text, add_special_tokens=False)
    inside.truncate(max(0, limit - tokenizer.num_special_tokens_to_add(is_pair=False)))
    ids: list[int] = tokenizer.post_process(inside, None, True).ids
    return ids


def by_length(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Cut all rows into batches, the shortest first."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]

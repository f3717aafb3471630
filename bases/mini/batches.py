"""Cut prepared text into spans of whole sentences and turn them into training batches.

A sequence is always [CLS] span [SEP], as in later use: one sentence, or sentences that follow each
other up to a length. All randomness comes from (seed, epoch) or (seed, step), so that a resumed
run sees the batches that it would have seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

PAD, CLS, SEP, MASK, SPECIALS = 0, 2, 3, 4, 5
CAPACITIES = (62, 62, 126, 254)  # longest span in tokens; the first kind is a single sentence
SHARES = (0.45, 0.40, 0.12, 0.03)  # share of the spans of each kind
ORDER_LENGTH = 48  # only spans up to this long are used for the word-order objective


@dataclass(frozen=True)
class Pieces:
    """What the objectives know about each vocabulary piece."""

    continues: np.ndarray  # (vocab,) bool: a ## piece
    letters: np.ndarray  # (vocab,) bool: the piece starts a word of letters

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "Pieces":
        """Look every piece of the tokenizer up."""
        vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        continues = np.array([piece.startswith("##") for piece, _ in vocab])
        letters = np.array([piece.isalpha() for piece, _ in vocab])
        return cls(continues, letters)


@dataclass(frozen=True)
class Text:
    """Prepared text: flat tokens and one entry per sentence (see prepare.py)."""

    tokens: np.ndarray
    starts: np.ndarray
    runs: np.ndarray
    polarity: np.ndarray

    @classmethod
    def load(cls, folder: Path, name: str) -> "Text":
        """Read the arrays `name-*.npy` of a prepared folder."""
        return cls(*(np.load(folder / f"{name}-{key}.npy") for key in cls.__annotations__))


@dataclass(frozen=True)
class Spans:
    """Spans of one epoch: where each starts, its length, its polarity, whether the next follows."""

    start: np.ndarray
    length: np.ndarray
    polarity: np.ndarray
    followed: np.ndarray  # bool: span i + 1 continues the same document


def cut(text: Text, rng: np.random.Generator) -> Spans:
    """Cut the whole text into spans, each of a kind drawn at random."""
    count = len(text.runs)
    kinds = rng.choice(len(SHARES), size=count, p=SHARES).tolist()
    starts, runs = text.starts.tolist(), text.runs.tolist()
    firsts: list[int] = []
    i = 0
    while i < count:
        firsts.append(i)
        kind, end = kinds[i], i + 1
        limit = starts[i] + CAPACITIES[kind]
        while kind and end < count and runs[end] == runs[i] and starts[end + 1] <= limit:
            end += 1
        i = end
    first = np.array(firsts)
    after = np.append(first[1:], count)
    capacity = np.array(CAPACITIES)[np.array(kinds)[first]]
    summed = np.concatenate([[0], np.cumsum(text.polarity, dtype=np.int64)])
    return Spans(
        start=text.starts[first],
        length=np.minimum(text.starts[after] - text.starts[first], capacity),
        polarity=np.sign(summed[after] - summed[first]),
        followed=np.append(text.runs[first[1:]] == text.runs[first[:-1]], False),
    )


def plan(spans: Spans, tokens_per_batch: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Group spans of about equal length into batches of about equal size, in random order."""
    bucket = (spans.length + 2 + 7) // 8
    order = np.lexsort((rng.random(len(bucket)), bucket))
    batches: list[np.ndarray] = []
    edges = np.flatnonzero(np.diff(bucket[order], prepend=-1, append=-1))
    for low, high in pairwise(edges):
        size = tokens_per_batch // int(8 * bucket[order[low]])
        batches += [order[i : min(i + size, high)] for i in range(low, high, size)]
    return [batches[i] for i in rng.permutation(len(batches))]


@dataclass(frozen=True)
class Batch:
    """One training batch; every array is (sequences, length) unless it says otherwise."""

    inputs: np.ndarray  # what the model reads
    targets: np.ndarray  # the true piece where one was masked, else -100
    bag: np.ndarray  # the span itself, unmasked
    bag_next: np.ndarray  # the span that follows, or only padding
    polarity: np.ndarray  # (sequences,) 0 negative, 1 neutral, 2 positive
    moved: np.ndarray | None  # 1 where a word was swapped or a word before it deleted
    # `moved` is None in a masked batch; a batch is either masked or about word order


class Batches:
    """An endless, seeded supply of batches."""

    def __init__(
        self,
        text: Text,
        pieces: Pieces,
        *,
        seed: int,
        tokens_per_batch: int = 4096,
        mask_rate: float = 0.2,
        order_rate: float = 0.3,
    ) -> None:
        self.text, self.pieces, self.seed = text, pieces, seed
        self.tokens_per_batch = tokens_per_batch
        self.mask_rate, self.order_rate = mask_rate, order_rate
        self.vocab = len(pieces.continues)

    def epoch(self, epoch: int) -> tuple[Spans, list[np.ndarray]]:
        """Return the spans and the batch plan of an epoch."""
        rng = np.random.default_rng((self.seed, 1, epoch))
        spans = cut(self.text, rng)
        return spans, plan(spans, self.tokens_per_batch, rng)

    def stream(self, epoch: int = 0, position: int = 0) -> Iterator[tuple[int, int, Batch]]:
        """Yield (epoch, position of the next batch, batch) from a place in the stream."""
        while True:
            spans, batches = self.epoch(epoch)
            for i in range(position, len(batches)):
                rng = np.random.default_rng((self.seed, 2, epoch, i))
                yield epoch, i + 1, self.build(spans, batches[i], rng)
            epoch, position = epoch + 1, 0

    def build(self, spans: Spans, chosen: np.ndarray, rng: np.random.Generator) -> Batch:
        """Build one batch: masked, or (for short spans, at `order_rate`) about word order."""
        rows = [self._row(spans, i) for i in chosen]
        following = [
            self._row(spans, i + 1)[:62] if spans.followed[i] else self.text.tokens[:0]
            for i in chosen
        ]
        bag, bag_next = pad(rows), pad(following)
        polarity = spans.polarity[chosen] + 1
        if bag.shape[1] <= ORDER_LENGTH and rng.random() < self.order_rate:
            pairs = [corrupt(row, self.pieces, rng) for row in rows]
            inputs = frame([row for row, _ in pairs])
            moved = np.pad(pad([tags for _, tags in pairs]), ((0, 0), (1, 1)))
            return Batch(inputs, np.full_like(inputs, -100), bag, bag_next, polarity, moved)
        inputs, targets = self.mask(frame(rows), rng)
        return Batch(inputs, targets, bag, bag_next, polarity, None)

    def _row(self, spans: Spans, i: int) -> np.ndarray:
        return self.text.tokens[spans.start[i] : spans.start[i] + spans.length[i]]

    def mask(self, ids: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Mask whole words: 80 % become [MASK], 10 % random pieces, 10 % stay."""
        word = np.cumsum(~self.pieces.continues[ids], axis=1)  # pieces of a word share a number
        shape = (ids.shape[0], ids.shape[1] + 1)
        chance = np.take_along_axis(rng.random(shape), word, 1)
        fate = np.take_along_axis(rng.random(shape), word, 1)
        chosen = (chance < self.mask_rate) & (ids >= SPECIALS)
        targets = np.where(chosen, ids, -100)
        inputs = np.where(chosen & (fate < 0.8), MASK, ids)
        noise = rng.integers(SPECIALS, self.vocab, size=ids.shape)
        return np.where(chosen & (fate >= 0.8) & (fate < 0.9), noise, inputs), targets


def pad(rows: list[np.ndarray]) -> np.ndarray:
    """Return the rows as one int64 array, padded on the right."""
    width = max(1, max(len(row) for row in rows))
    padded = np.full((len(rows), width), PAD, dtype=np.int64)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded


def frame(rows: list[np.ndarray]) -> np.ndarray:
    """Return the rows as one array with [CLS] before and [SEP] after each, padded."""
    return pad([np.concatenate([[CLS], row, [SEP]]) for row in rows])


def corrupt(
    row: np.ndarray, pieces: Pieces, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Delete a word or swap two neighbours in half of the rows; return the row and its tags.

    Never touches the first word (its capital would give the change away) nor punctuation.
    """
    ids = row.astype(np.int64)
    untouched = ids, np.zeros(len(ids), dtype=np.int64)
    begins = np.flatnonzero(~pieces.continues[ids])
    letters = pieces.letters[ids[begins]]
    usable = np.flatnonzero(letters[1:-1] & letters[2:]) + 1  # a word that another word follows
    if len(usable) < 2 or rng.random() < 0.5:
        return untouched
    i = int(rng.choice(usable))
    ends = np.append(begins[1:], len(ids))
    a, b, c = begins[i], ends[i], ends[i + 1]
    tags = np.zeros(len(ids), dtype=np.int64)
    if rng.random() < 0.5:
        tags[b:c] = 1
        return np.delete(ids, np.s_[a:b]), np.delete(tags, np.s_[a:b])
    if np.array_equal(ids[a:b], ids[b:c]):
        return untouched
    tags[a:c] = 1
    return np.concatenate([ids[:a], ids[b:c], ids[a:b], ids[c:]]), tags

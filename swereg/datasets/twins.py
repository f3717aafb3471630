"""Texts that are there twice, or nearly so: within a split, and in two of them.

Exact twins differ at most in case, spaces and punctuation. Near twins share most of their
letters: the Jaccard similarity of the sets of their four-letter pieces is 0.7 or more. Candidates
are found by MinHash (Broder 1997) in 20 bands of 4 (at 0.7 it misses 4 in 1,000), then compared
exactly; equal texts give equal answers in every process.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swereg.datasets.duplicates import alike
from swereg.records.dataset import SPLITS, Dataset, Split

NEAR = 0.7
_PIECE = 4  # letters
_BANDS, _ROWS = 20, 4
_CHUNK = 2_000_000  # pieces that are hashed at once
_EXAMPLES = 10

Hashes = NDArray[np.uint32]
Numbers = NDArray[np.int64]
SplitPair = tuple[Split, Split]

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SEEDS = np.random.default_rng(0).integers(0, 2**64, _BANDS * _ROWS, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Standing:
    """A text where it stands."""

    split: Split
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Twin:
    """Two texts that are nearly the same, and how much they are (0 to 1)."""

    first: Standing
    second: Standing
    similarity: float


@dataclass(frozen=True)
class Twins:
    """How many texts are there again.

    Attributes:
        exact: by two splits, how many texts of the second are in the first too; for a split with
            itself, how many are there again.
        near: the same for near twins, of texts that have no exact one.
        torn: pairs of near twins that have different labels.
        examples: some near twins, those in two splits first, the most similar ones first.
    """

    exact: Mapping[SplitPair, int]
    near: Mapping[SplitPair, int]
    torn: int
    examples: tuple[Twin, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON values, with ``train-test`` for two splits."""
        return {
            "exact": {"-".join(pair): count for pair, count in self.exact.items()},
            "near": {"-".join(pair): count for pair, count in self.near.items()},
            "near_with_other_label": self.torn,
            "examples": [asdict(twin) for twin in self.examples],
        }


def find_twins(dataset: Dataset) -> Twins:
    """Find exact and near twins of a dataset."""
    standings: dict[str, list[Standing]] = defaultdict(list)
    for name in SPLITS:
        for example in dataset.split(name):
            standings[alike(example.text)].append(Standing(name, example.text, example.label))
    groups = list(standings.values())
    pairs = similar(list(standings))
    twins = [Twin(*_apart(groups[a], groups[b]), round(share, 3)) for a, b, share in pairs]
    twins.sort(key=lambda twin: (twin.first.split == twin.second.split, -twin.similarity))
    exact, near = _count(groups, pairs)
    torn = sum({s.label for s in groups[a]} != {s.label for s in groups[b]} for a, b, _ in pairs)
    return Twins(exact, near, torn, tuple(twins[:_EXAMPLES]))


def _apart(left: Sequence[Standing], right: Sequence[Standing]) -> tuple[Standing, Standing]:
    """Choose a text of each, in two splits if that can be; the earlier split first."""
    chosen = next(
        ((a, b) for a, b in product(left, right) if a.split != b.split), (left[0], right[0])
    )
    first, second = sorted(chosen, key=lambda standing: SPLITS.index(standing.split))
    return first, second


def _count(
    groups: Sequence[Sequence[Standing]], pairs: Sequence[tuple[int, int, float]]
) -> tuple[dict[SplitPair, int], dict[SplitPair, int]]:
    """Count exact and near twins for each two splits."""
    sizes = [Counter(standing.split for standing in group) for group in groups]
    earlier: dict[int, set[Split]] = defaultdict(set)  # the splits in which a near twin stands
    any_other: dict[int, set[Split]] = defaultdict(set)
    for a, b, _ in pairs:  # a stands before b
        earlier[b] |= set(sizes[a])
        any_other[a] |= set(sizes[b])
        any_other[b] |= set(sizes[a])
    exact: dict[SplitPair, int] = {}
    near: dict[SplitPair, int] = {}
    for first, two in combinations_with_replacement(SPLITS, 2):
        if first == two:
            exact[first, two] = sum(max(0, size[first] - 1) for size in sizes)
            near[first, two] = sum(
                first in splits and first in sizes[n] for n, splits in earlier.items()
            )
        else:
            exact[first, two] = sum(size[two] for size in sizes if size[first])
            near[first, two] = sum(
                sizes[n][two]
                for n, splits in any_other.items()
                if first in splits and not sizes[n][first]
            )
    return exact, near


# --- texts that are nearly the same -----------------------------------------------------------


def similar(texts: Sequence[str]) -> list[tuple[int, int, float]]:
    """Find the pairs of texts, all of them different, that are nearly the same.

    Returns:
        The numbers of both, the smaller one first, and their similarity; in rising order.
    """
    if len(texts) < 2:
        return []
    signed = np.concatenate([_signatures(part) for part in _parts(texts)])
    first, second = _candidates(signed)
    likely = np.zeros(len(first), dtype=bool)
    for start in range(0, len(first), _CHUNK // len(_SEEDS)):
        part = slice(start, start + _CHUNK // len(_SEEDS))
        likely[part] = (signed[first[part]] == signed[second[part]]).mean(axis=1) > NEAR - 0.2
    pairs = []
    for a, b in zip(first[likely].tolist(), second[likely].tolist(), strict=True):
        share = jaccard(texts[a], texts[b])
        if share >= NEAR:
            pairs.append((a, b, share))
    return pairs


def jaccard(first: str, right: str) -> float:
    """The share of their four-letter pieces that two texts have in common."""
    a, b = _pieces(first), _pieces(right)
    return len(a & b) / len(a | b)


def _padded(text: str) -> str:
    return f" {text} ".ljust(_PIECE)


def _pieces(text: str) -> set[str]:
    text = _padded(text)
    return {text[start : start + _PIECE] for start in range(len(text) - _PIECE + 1)}


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    """Give the texts in parts that fit in memory when they are hashed."""
    part: list[str] = []
    size = 0
    for text in texts:
        if part and size + len(text) > _CHUNK:
            yield part
            part, size = [], 0
        part.append(_padded(text))
        size += len(text)
    yield part


def _signatures(padded: Sequence[str]) -> Hashes:
    """The smallest hash of each text's pieces under each seed, [texts, seeds]."""
    codes = np.frombuffer("".join(padded).encode("utf-32-le"), "<u4").astype(np.uint64)
    lengths = np.array([len(text) for text in padded])
    ends = np.cumsum(lengths)
    inner = np.ones(len(codes), dtype=bool)  # pieces that do not reach into the next text
    for back in range(1, _PIECE):
        inner[ends - back] = False
    pieces = np.zeros(len(codes), dtype=np.uint64)
    for letter in range(_PIECE):
        pieces = pieces * _PRIME + np.roll(codes, -letter)
    pieces = _mixed(pieces[inner])
    counts = lengths - (_PIECE - 1)
    begins = np.cumsum(counts) - counts
    high = np.uint64(32)
    columns = [np.minimum.reduceat(_mixed(pieces ^ seed) >> high, begins) for seed in _SEEDS]
    return np.stack(columns, axis=1).astype(np.uint32)


def _candidates(signed: Hashes) -> tuple[Numbers, Numbers]:
    """Pairs of texts that agree in a whole band: each with the one before and the first such."""
    candidates: list[Numbers] = []
    count = len(signed)
    for band in range(_BANDS):
        key = np.zeros(count, dtype=np.uint64)
        for column in range(band * _ROWS, (band + 1) * _ROWS):
            key = _mixed(key * _PRIME + signed[:, column])
        order = np.argsort(key, kind="stable")
        is_same = key[order][1:] == key[order][:-1]
        begin = np.concatenate([[0], np.where(is_same, 0, np.arange(1, count))])
        begin = np.maximum.accumulate(begin)  # where the run of each one begins
        now = order[1:][is_same]
        candidates += [order[:-1][is_same] * count + now, order[begin[1:][is_same]] * count + now]
    pairs = np.unique(np.concatenate(candidates))
    return pairs // count, pairs % count


def _mixed(values: Any) -> Any:
    """Spread 64-bit values evenly (the end of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))

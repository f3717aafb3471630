"""What a check of data finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from swereg.datasets.twins import Twins
from swereg.errors import DataError
from swereg.records.dataset import SPLITS, Dataset, Split


@dataclass(frozen=True)
class Spread:
    """How long the texts of a split are, in tokens, special ones included; and how many are cut."""

    median: int
    longest_of_95_percent: int
    longest: int
    cut: int


@dataclass(frozen=True)
class Lengths:
    """How long texts are, by split; empty splits are left out."""

    splits: Mapping[Split, Spread]

    @classmethod
    def of(cls, tokens: Mapping[Split, Sequence[int]], limit: int) -> Lengths:
        """Summarise tokens per text; what is longer than the limit is cut."""
        return cls({name: _spread(lengths, limit) for name, lengths in tokens.items() if lengths})


@dataclass(frozen=True)
class Report:
    """What training would say about data.

    Attributes:
        refusals: what would stop it.
        notices: what would be said.
        base: whose tokenizer counted.
        max_length: tokens per text, from which on it would be cut.
        dataset: as it would be trained; where something is refused, as far as it could be read;
            None where nothing could.
        lengths, twins: None where nothing could be read.
    """

    refusals: tuple[DataError, ...]
    notices: tuple[str, ...]
    base: str
    max_length: int
    dataset: Dataset | None = None
    lengths: Lengths | None = None
    twins: Twins | None = None

    @property
    def accepted(self) -> bool:
        """Whether it could be trained as it is."""
        return not self.refusals

    @property
    def majority(self) -> float:
        """The share of the most frequent training label: the accuracy of a guess."""
        counts = self.dataset.counts("train").values() if self.dataset else ()
        return max(counts, default=0) / (sum(counts) or 1)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        facts: dict[str, Any] = {
            "accepted": self.accepted,
            "refusals": [
                {"code": f.code, "what": f.what, "why": f.why, "hint": f.hint}
                for f in self.refusals
            ],
            "notices": [*self.notices],
            "base": self.base,
            "max_length": self.max_length,
        }
        if self.dataset is None or self.lengths is None or self.twins is None:
            return facts
        return facts | {
            "digest": self.dataset.digest,
            "labels": [*self.dataset.labels],
            "counts": {name: self.dataset.counts(name) for name in SPLITS},
            "majority": self.majority,
            "tokens": {name: asdict(spread) for name, spread in self.lengths.splits.items()},
            "twins": self.twins.to_json(),
        }


def _spread(tokens: Sequence[int], limit: int) -> Spread:
    order = sorted(tokens)
    return Spread(
        median=order[(len(order) - 1) // 2],
        longest_of_95_percent=order[-(-95 * len(order) // 100) - 1],
        longest=order[-1],
        cut=sum(count > limit for count in order),
    )

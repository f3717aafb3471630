"""An entry with everything stored about its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from swereg.evaluation.statistics import Scored
from swereg.records.dataset import Dataset, Example, Split
from swereg.records.entry import Entry
from swereg.records.training import Outputs


@dataclass(frozen=True)
class Evidence:
    """What is known of one entry.

    Attributes:
        entry: its facts.
        outputs: by split; an import that was not scored has none.
        dataset: its examples, or None where the texts are not kept.
    """

    entry: Entry
    outputs: Mapping[Split, Outputs] = field(repr=False)
    dataset: Dataset | None = field(repr=False)

    def scored(self, split: Split) -> Scored | None:
        """Join the answers on one split with its examples; None where there are no answers.

        Where the texts are not kept, an example is known by its place in the dataset: entries
        on the same data can be compared, and no others.
        """
        outputs = self.outputs.get(split)
        if outputs is None or not outputs.rows:
            return None
        if self.dataset:
            examples = self.dataset.split(split)
        else:
            place = f"{self.entry.dataset}/{split}"
            examples = _nameless(place, self.entry.labels, outputs.truth)
        return Scored.of(self.entry.labels, examples, outputs)

    @cached_property
    def learnt(self) -> frozenset[str]:
        """The texts of its training split, as far as they are kept."""
        train = self.dataset.train if self.dataset else ()
        return frozenset(example.text for example in train)


@lru_cache(maxsize=4)  # entries on one dataset have the very same examples
def _nameless(place: str, labels: tuple[str, ...], truth: bytes) -> tuple[Example, ...]:
    columns = np.frombuffer(truth, dtype="<u2")
    return tuple(Example(f"{place}/{row}", labels[at]) for row, at in enumerate(columns))

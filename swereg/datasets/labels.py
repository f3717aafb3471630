"""From the labels of a file to those of a task: an order, other names, or bins of a score."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from swereg.datasets.cleaning import PlacedExample
from swereg.datasets.files.refusals import quote, refuse
from swereg.records.dataset import Example


@dataclass(frozen=True)
class Labels:
    """The labels of a task, and how those of its files become them.

    Attributes:
        names: in the order of the head's outputs; ``()`` takes those of the data, sorted.
        mapping: from what a file says to a label; what it does not name stays as it is.
        bins: borders of a score, rising: the first label is below the first of them, the second
            from there to below the second, and so on.
    """

    names: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    bins: tuple[float, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """The names in NFC."""
        return tuple(map(_nfc, self.names))

    @property
    def known(self) -> tuple[str, ...]:
        """What is a label in a file even if it looks like an empty cell, such as ``none``."""
        return (*self.order, *map(_nfc, self.mapping))

    def of(self, examples: Iterable[PlacedExample]) -> list[PlacedExample]:
        """Give examples the task's labels.

        Raises:
            DataError: a label that has to be binned is no number.
        """
        if not self.mapping and not self.bins:
            return list(examples)
        mapping = {_nfc(raw): _nfc(label) for raw, label in self.mapping.items()}
        return [
            row._replace(example=Example(row.example.text, self._one(row, mapping)))
            for row in examples
        ]

    def _one(self, row: PlacedExample, mapping: Mapping[str, str]) -> str:
        """The label that a row has in the task."""
        label = row.example.label
        return mapping[label.strip()] if label.strip() in mapping else self._bin(label, row.place)

    def _bin(self, label: str, place: str) -> str:
        if not self.bins:
            return label
        try:
            score = float(label.replace(",", "."))
        except ValueError:
            score = float("nan")
        if score != score:  # nan alone differs from itself
            raise refuse(
                f"{place} has a label that is no number",
                f"It is {quote(label)}; the task puts numbers into bins.",
                "Correct it, or leave that row out.",
                "labels-bins",
            )
        return self.order[bisect_right(self.bins, score)]


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)

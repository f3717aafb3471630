"""Examples, datasets and tasks: frozen values that cross from one room to another."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Split = Literal["train", "val", "test"]


SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Example:
    """One text (NFC) and its label."""

    text: str
    label: str


@dataclass(frozen=True)
class Dataset:
    """The exact examples of a task at one moment. The order of the labels is part of it.

    Attributes:
        labels: every label, in the order of the head's outputs.
        train, val, test: the examples; ``test`` may be empty.
        notices: what a reader had to say about its files (encoding, dropped rows, ...).
        source: where the examples were found, if that is more exact than what the task says,
            such as the commit of a Hub dataset.
    """

    labels: tuple[str, ...]
    train: tuple[Example, ...]
    val: tuple[Example, ...]
    test: tuple[Example, ...] = ()
    notices: tuple[str, ...] = field(default=(), compare=False)
    source: str = field(default="", compare=False)

    def split(self, name: Split) -> tuple[Example, ...]:
        """Return the examples of one split."""
        return {"train": self.train, "val": self.val, "test": self.test}[name]

    def columns(self, name: Split) -> list[int]:
        """Return the place of each example's label among the labels, for one split."""
        column = {label: number for number, label in enumerate(self.labels)}
        return [column[example.label] for example in self.split(name)]

    def counts(self, name: Split) -> dict[str, int]:
        """Count the examples of each label in one split, in label order."""
        counts = Counter(example.label for example in self.split(name))
        return {label: counts[label] for label in self.labels}

    @property
    def digest(self) -> str:
        """Sha256 (64 hex digits) of the labels and of every example in order."""
        return hashlib.sha256(self.to_jsonl().encode()).hexdigest()

    def to_jsonl(self) -> str:
        """Write the canonical text form: a line with the labels, then a line per example."""
        rows: list[list[Any]] = [list(self.labels)]
        rows += [[name, e.text, e.label] for name in SPLITS for e in self.split(name)]
        return "".join(
            json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows
        )

    @classmethod
    def from_jsonl(cls, text: str) -> Dataset:
        """Read the canonical text form."""
        head, *rows = [json.loads(line) for line in text.split("\n") if line]
        parts: dict[str, list[Example]] = {name: [] for name in SPLITS}
        for name, example, label in rows:
            parts[name].append(Example(example, label))
        train, val, test = (tuple(parts[name]) for name in SPLITS)
        return cls(tuple(head), train, val, test)


@dataclass(frozen=True)
class ReadOptions:
    """How data files are read; every default asks the reader to find out or to refuse.

    Attributes:
        text, label: column names; ``""`` finds the usual names.
        delimiter: ``;``, ``,`` or a tab; ``""`` finds out.
        encoding: a Python codec name; ``""`` finds out.
        skip_bad_rows: how many rows of a wrong width may be left out.
        drop_empty: leave out rows without a text or label, instead of refusing the file.
        repair_mojibake: undo UTF-8 that was once read as Windows-1252.
        normalise_labels: join labels that differ only in case, spaces or Unicode form.
        dedupe: leave out training texts that are also in validation or test.
        seed: of the split, where the files bring none.
    """

    text: str = ""
    label: str = ""
    delimiter: str = ""
    encoding: str = ""
    skip_bad_rows: int = 0
    drop_empty: bool = False
    repair_mojibake: bool = False
    normalise_labels: bool = False
    dedupe: bool = False
    seed: int = 42


@dataclass(frozen=True)
class Task:
    """What to learn: a name, ordered labels, and where the examples come from.

    Attributes:
        name: the task's name; also the default name of the models trained for it.
        labels: the labels in the order of the head's outputs; ``()`` takes the dataset's.
        read: returns the dataset. Called only when the task is trained.
        description: one sentence.
        source: where the examples come from.
        licence: the licence of the examples, as an SPDX identifier where there is one.
        homepage: where to read about the examples.
        citation: how to cite them.
        metric: the score by which they are usually judged, such as ``macro_f1``.
        needs_hub: whether the examples are fetched from the Hugging Face Hub.
    """

    name: str
    read: Callable[[], Dataset] = field(repr=False)
    labels: tuple[str, ...] = ()
    description: str = ""
    source: str = ""
    licence: str = ""
    homepage: str = ""
    citation: str = ""
    metric: str = ""
    needs_hub: bool = False


@dataclass(frozen=True)
class StoredDataset:
    """What the registry knows of a dataset, apart from its texts.

    Attributes:
        digest: sha256 of the labels and of every example in order.
        labels: in the order of the head's outputs.
        counts: examples per label, by split; known also where the texts are not kept.
        source: where the examples came from, or ``""``.
        size: bytes that the compressed texts take, or None where they are not kept.
        created: when it was first used; UTC, ISO 8601 with a final Z.
        tasks: those that it was used for, in alphabetical order.
        entries: references of those that used it, the oldest first; deleted ones are left out.
    """

    digest: str
    labels: tuple[str, ...]
    counts: Mapping[Split, Mapping[str, int]]
    source: str
    size: int | None
    created: str
    tasks: tuple[str, ...]
    entries: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether the texts are in the registry."""
        return self.size is not None

    @property
    def short(self) -> str:
        """The first 12 digits of the digest."""
        return self.digest[:12]

    @property
    def sizes(self) -> dict[Split, int]:
        """Examples per split."""
        return {name: sum(self.counts[name].values()) for name in SPLITS}

    def to_json(self) -> dict[str, Any]:
        """All facts as plain JSON values."""
        return {**asdict(self), "kept": self.kept, "sizes": self.sizes}


@dataclass(frozen=True)
class Forgotten:
    """What became of a dataset whose texts were to be forgotten.

    Attributes:
        dataset: as it is now.
        freed: bytes that its compressed texts took; 0 where they were not kept.
        copies: files beside the registry that still have the texts.
        unread: copies beside the registry of which that cannot be known.
    """

    dataset: StoredDataset
    freed: int
    copies: tuple[Path, ...] = ()
    unread: tuple[Path, ...] = ()


def texts(examples: Sequence[Example]) -> list[str]:
    """The texts of some examples, in order."""
    return [example.text for example in examples]

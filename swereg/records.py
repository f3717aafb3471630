"""The words: frozen values that cross from one part of swereg to another.

Nothing here knows files, SQL, torch or a terminal.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from swereg.errors import UsageError

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


# --- data -----------------------------------------------------------------------------------


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
        found = Counter(example.label for example in self.split(name))
        return {label: found[label] for label in self.labels}

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


# --- base, recipe, training -----------------------------------------------------------------


@dataclass(frozen=True)
class BaseInfo:
    """The identity of a base. The fingerprint is the identity; name and revision are its origin.

    Attributes:
        name: ``mini``, a Hub id or a folder, as it was asked for.
        revision: the Hub commit, or ``""`` where there is none.
        fingerprint: sha256 over the encoder's tensors, its tokenizer and its architecture.
        architecture: the class in transformers, such as ``BertModel``.
        parameters: the number of parameters of the encoder.
        hidden_size: the width of the pooled output.
        max_length: the longest input in tokens, special tokens included.
        recommended: settings per method that suit this base better than the method's own.
        notices: what has to be said about loading it (a pickle, a fall-back, ...).
    """

    name: str
    revision: str
    fingerprint: str
    architecture: str
    parameters: int
    hidden_size: int
    max_length: int
    recommended: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, compare=False)
    notices: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.name}@{self.revision[:7]}" if self.revision else self.name


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a training goes, apart from its data and its base.

    Attributes:
        method: the method's name.
        settings: the method's own settings, all of them.
        learning_rate: the peak; it decays linearly to 0 over ``epochs``.
        batch_size: examples per step.
        epochs: the most epochs; early stopping may end before.
        patience: epochs without a better validation loss before it stops.
        seed: of the initialisation, the order and the dropout.
        max_length: tokens per text, special tokens included; the rest is cut.
        dropout: of the encoder and before the head, while training.
        weight_decay: of AdamW.
        clip: the largest gradient norm.
        precision: ``fp32`` or ``bf16`` (autocast).
        device: ``cpu``, ``cuda`` or ``mps``; ``auto`` takes the best there is. A stored recipe
            has the one that was taken.

    Of an imported entry only ``KNOWN_OF_IMPORTED`` is known, see ``Entry.origin``; an entry without
    a base has only ``KNOWN_WITHOUT_BASE``.
    """

    method: str = "lora"
    settings: Mapping[str, Any] = field(default_factory=dict)
    learning_rate: float = 1e-4
    batch_size: int = 8
    epochs: int = 50
    patience: int = 2
    seed: int = 42
    max_length: int = 256
    dropout: float = 0.1
    weight_decay: float = 0.0
    clip: float = 1.0
    precision: str = "fp32"
    device: str = "auto"


BASELINE = "full"  # the method that others are held against
KNOWN_OF_IMPORTED = ("method", "settings", "max_length")  # fields of Recipe
KNOWN_WITHOUT_BASE = ("method", "settings", "seed")


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        number: from 1.
        train_loss: mean cross-entropy per example over the epoch, with dropout (nats).
        val_loss: mean cross-entropy per example on validation (nats).
        val_accuracy: share of validation examples whose best label is right.
        seconds: duration, validation included.
    """

    number: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Outputs:
    """The logits of one split, in the dataset's order.

    Attributes:
        split: ``val`` or ``test``.
        rows: number of examples.
        columns: number of labels.
        logits: little-endian float32, row after row (rows * columns * 4 bytes).
        truth: the column of each row's own label, little-endian uint16 (rows * 2 bytes): scores
            outlive the texts.
    """

    split: Split
    rows: int
    columns: int
    logits: bytes = field(repr=False)
    truth: bytes = field(repr=False)


@dataclass(frozen=True)
class Weights:
    """Stored weights in the safetensors format: as bytes in memory, or as a file.

    Attributes:
        digest: sha256 of the bytes (64 hex digits).
        size: in bytes.
        data: the bytes, or None where they are in a file.
        path: the file, or None where they are in memory.
    """

    digest: str
    size: int
    data: bytes | None = field(default=None, repr=False)
    path: Path | None = None

    @classmethod
    def of(cls, data: bytes) -> Weights:
        """Wrap bytes and work out their digest."""
        return cls(hashlib.sha256(data).hexdigest(), len(data), data=data)


@dataclass(frozen=True)
class Fitted:
    """What a training gives, or an import: what it cannot know is empty or None.

    Attributes:
        run: an identifier of the training, the same in all of its processes; or of the import.
        recipe: as it was carried out.
        weights: the best epoch's, under PEFT's keys where PEFT has any.
        trainable: number of parameters that learnt.
        total: number of parameters of the whole model: encoder and head, or, without a base, all
            that learnt.
        epochs: the curve, one per epoch that ran; empty without a base.
        best_epoch: the number of the epoch that was kept; None without a base.
        scores: metric by split, such as ``scores["val"]["accuracy"]``.
        outputs: the best epoch's logits on validation and test.
        seconds: of training, validation included, model loading left out.
        cut: per split, how many texts were longer than ``max_length`` tokens.
        environment: versions, processor, threads.
    """

    run: str
    recipe: Recipe
    weights: Weights
    trainable: int
    total: int
    epochs: tuple[Epoch, ...]
    best_epoch: int | None
    scores: Mapping[str, Mapping[str, float]]
    outputs: tuple[Outputs, ...]
    seconds: float | None
    cut: Mapping[str, int]
    environment: Mapping[str, Any]


# --- the registry ---------------------------------------------------------------------------


@dataclass(frozen=True)
class NewEntry:
    """What the registry is asked to store: one training, whole; or one import.

    Attributes:
        name: of the model that gets a new version.
        task: the task's facts (``read`` is not stored).
        dataset: None where an import was not scored.
        base: None for a method that needs none.
        note: the user's own words.
        origin: of an import, see ``Entry.origin``; empty for a training.
    """

    name: str
    task: Task
    dataset: Dataset | None
    base: BaseInfo | None
    fitted: Fitted
    note: str = ""
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the head's outputs."""
        return self.task.labels if self.dataset is None else self.dataset.labels

    @property
    def run(self) -> str:
        """The training; storing the same one again returns the same entry."""
        return self.fitted.run

    @property
    def known_recipe(self) -> dict[str, Any]:
        """What is known of the recipe, as plain JSON values."""
        return _known(self.fitted.recipe, self.base, self.origin)


@dataclass(frozen=True)
class Entry:
    """One immutable trained version, as stored. Weights, outputs and texts are fetched apart.

    Attributes:
        name, version: together the reference, ``name/version``.
        labels: in the order of the head's outputs.
        base: None where the method needs none, such as a bag of words.
        dataset: the digest of the examples it learnt from; of an imported entry, of those that it
            was scored on, or None where it was not.
        sizes: examples per split; empty where there is no dataset.
        trainable, total: parameters that learnt, and all; without a base they are the same.
        epochs, best_epoch: empty and None for an imported entry, and for one without a base.
        seconds: None for an imported entry.
        scores: by split; an imported entry may have none.
        aliases: those that point here now.
        tags: the user's own facts, which may change, as the note may.
        deleted: when it was deleted (UTC), or None. Such an entry can be restored; nothing but a
            list of what was deleted gives it.
        created: UTC, ISO 8601 with a final Z.
        origin: empty for what was trained here. Of an imported entry: ``base`` (``verified`` by
            its fingerprint, or ``unverified``), ``config`` (PEFT's, as it came), ``read`` (the
            digest of the file), and ``claims``, what a folder of another swereg says of itself.
        about: what is known of the task now: ``description``, ``source`` (of the entry's own
            examples where that is known), ``licence``, ``homepage``, ``citation``, ``metric``.
    """

    name: str
    version: int
    task: str
    labels: tuple[str, ...]
    base: BaseInfo | None
    dataset: str | None
    sizes: Mapping[str, int]
    recipe: Recipe
    weights_digest: str
    weights_size: int
    trainable: int
    total: int
    epochs: tuple[Epoch, ...]
    best_epoch: int | None
    scores: Mapping[str, Mapping[str, float]]
    seconds: float | None
    cut: Mapping[str, int]
    environment: Mapping[str, Any]
    note: str
    run: str
    created: str
    aliases: tuple[str, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    deleted: str | None = None
    about: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def ref(self) -> str:
        """The reference, such as ``sentiment/3``."""
        return f"{self.name}/{self.version}"

    @property
    def method(self) -> str:
        """The method's name."""
        return self.recipe.method

    @property
    def trainable_percent(self) -> float:
        """Parameters that learnt, in percent of all; 100 without a base: nothing is frozen."""
        return 100.0 * self.trainable / self.total

    @property
    def imported(self) -> bool:
        """Whether it was trained elsewhere."""
        return bool(self.origin)

    @property
    def val_loss(self) -> float | None:
        """The kept epoch's validation loss (nats per example), or None where it is not known."""
        return self.scores.get("val", {}).get("loss")

    def require_base(self) -> BaseInfo:
        """Return the base, for what cannot be done without one.

        Raises:
            UsageError: there is none.
        """
        if self.base is None:
            raise UsageError(
                f"{self.ref} has no base",
                why=f"Its method, {self.method}, learns from the texts alone.",
                hint=f'What it can do is answer: swereg predict {self.ref} "..."',
                code="entry.no-base",
            )
        return self.base

    @property
    def known_recipe(self) -> dict[str, Any]:
        """What is known of the recipe, as plain JSON values."""
        return _known(self.recipe, self.base, self.origin)

    def to_json(self) -> dict[str, Any]:
        """All facts as plain JSON values."""
        facts = asdict(self)
        if self.base is not None:
            facts["base"].pop("notices")
        facts["recipe"] = self.known_recipe
        return {
            "ref": self.ref,
            "method": self.method,
            "trainable_percent": self.trainable_percent,
            "val_loss": self.val_loss,
            **facts,
        }


class Outline(NamedTuple):
    """What ranks an entry among the others of its task.

    Attributes:
        kind: all that decides a training but the seed, see ``kind_of``; None for an imported entry,
            of which it is not known.
        metric: the task's own, or ``""``.
        size: of the weights, in bytes.
    """

    name: str
    version: int
    task: str
    kind: str | None
    seed: int
    scores: Mapping[str, Mapping[str, float]]
    method: str
    metric: str
    created: str
    trainable: int
    total: int
    size: int
    seconds: float | None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Leave out the rest of an entry."""
        base, recipe = entry.base.fingerprint if entry.base else None, entry.recipe
        kind = kind_of(entry.task, entry.labels, entry.dataset, base, recipe)
        return cls(
            entry.name, entry.version, entry.task, None if entry.imported else kind, recipe.seed,
            entry.scores, entry.method, entry.about.get("metric", ""), entry.created,
            entry.trainable, entry.total, entry.weights_size, entry.seconds,
        )  # fmt: skip

    @property
    def ref(self) -> str:
        """The reference, such as ``sentiment/3``."""
        return f"{self.name}/{self.version}"

    @property
    def trainable_percent(self) -> float:
        """As of ``Entry``."""
        return 100.0 * self.trainable / self.total

    @property
    def val_loss(self) -> float | None:
        """As of ``Entry``."""
        return self.scores.get("val", {}).get("loss")


_IN_ORDER = json.JSONEncoder(sort_keys=True)


def kind_of(
    task: str, labels: Sequence[str], dataset: str | None, base: str | None, recipe: Recipe
) -> str:
    """Write down all that decides a training, apart from the seed.

    Args:
        dataset: its digest.
        base: its fingerprint.
    """
    return _IN_ORDER.encode([task, labels, dataset, base, {**vars(recipe), "seed": 0}])


def _known(recipe: Recipe, base: BaseInfo | None, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return those fields of a recipe that say something about an entry."""
    facts = asdict(recipe)
    keys = KNOWN_OF_IMPORTED if origin else KNOWN_WITHOUT_BASE if base is None else tuple(facts)
    return {key: facts[key] for key in keys}


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


# --- care ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """Something that doctor looked at.

    Attributes:
        about: ``registry``, ``base``, ``plugins`` or ``environment``.
        name: of what was looked at.
        level: ``ok``, ``note`` for what is good to know, or ``wrong``.
        text: what was found.
        hint: what to do, where there is something to do.
    """

    about: str
    name: str
    level: Literal["ok", "note", "wrong"]
    text: str
    hint: str = ""


# --- use ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one text.

    Attributes:
        label: the most probable one.
        score: its probability.
        scores: every label's probability, in label order.
        truncated: whether the text was longer than the entry's maximum and was cut.
    """

    label: str
    score: float
    scores: Mapping[str, float]
    truncated: bool = False


def texts(examples: Sequence[Example]) -> list[str]:
    """The texts of some examples, in order."""
    return [example.text for example in examples]

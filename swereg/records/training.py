"""What a training starts from and what it gives."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypedDict

from swereg.records.dataset import Split


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


def _option(default: Any, help: str, metavar: str = "", choices: tuple[str, ...] = ()) -> Any:  # noqa: A002
    """A field of a recipe that a person may set: the command line makes an option of it.

    Args:
        help: what ``swereg train --help`` says of it.
        metavar: what stands for a value there.
        choices: the values that there are.
    """
    return field(default=default, metadata={"help": help, "metavar": metavar, "choices": choices})


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a training goes, apart from its data and its base.

    The fields with a help text are the options of ``swereg.train`` and ``swereg train``; this is
    the one place that names them.

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
    learning_rate: float = _option(
        1e-4,
        "At the start; it decays to 0.  [default: the method's: lora 1e-4, full 1e-5; a base may "
        "recommend another, see below]",
        "X",
    )
    batch_size: int = _option(8, "Examples per step.", "N")
    epochs: int = _option(50, "The most epochs.", "N")
    patience: int = _option(2, "Stop after N epochs without a better validation loss.", "N")
    seed: int = _option(42, "Of initialisation, order and dropout.", "N")
    max_length: int = _option(256, "Tokens per text; the rest of a text is cut.", "N")
    dropout: float = _option(0.1, "In the encoder and before the head.", "P")
    weight_decay: float = _option(0.0, "Of AdamW.", "X")
    clip: float = _option(1.0, "The largest norm of the gradient.", "X")
    precision: str = _option("fp32", "Of the arithmetic.", choices=("fp32", "bf16"))
    device: str = _option(
        "auto",
        "Where to train; auto takes the best there is.",
        choices=("auto", "cpu", "cuda", "mps"),
    )


class RecipeOptions(TypedDict, total=False):
    """The options of a recipe, for type checkers; a test holds them to ``Recipe``."""

    learning_rate: float
    batch_size: int
    epochs: int
    patience: int
    seed: int
    max_length: int
    dropout: float
    weight_decay: float
    clip: float
    precision: str
    device: str


OPTIONS = tuple(option for option in fields(Recipe) if "help" in option.metadata)
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

"""What a long piece of work says while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from swereg.records.training import Epoch


@dataclass(frozen=True)
class Notice:
    """Something the user should know; training goes on."""

    text: str


@dataclass(frozen=True)
class Started:
    """Training begins."""

    epochs: int
    steps: int
    trainable: int
    total: int


@dataclass(frozen=True)
class Stepped:
    """One optimizer step (``stage`` train) or one batch of another stage is done."""

    stage: Literal["train", "encode", "evaluate"]
    done: int
    of: int
    loss: float | None = None


@dataclass(frozen=True)
class EpochEnded:
    """An epoch is done; ``best`` says whether it is the best so far."""

    epoch: Epoch
    best: bool


@dataclass(frozen=True)
class Trying:
    """A value of a method's setting is about to be tried, such as ``C=10``, on so many examples."""

    setting: str
    examples: int


@dataclass(frozen=True)
class Tried:
    """A value of a method's setting was tried; ``best`` says whether it is the best so far.

    Attributes:
        setting: with its value, such as ``C=10``.
        val_loss: mean cross-entropy per example on validation (nats).
        val_accuracy: share of validation examples whose best label is right.
        seconds: duration, validation included.
    """

    setting: str
    val_loss: float
    val_accuracy: float
    seconds: float
    best: bool


@dataclass(frozen=True)
class SeedBegan:
    """The training with one of several seeds begins; ``number`` counts from 1."""

    seed: int
    number: int
    of: int


@dataclass(frozen=True)
class Stored:
    """One of several entries is in the registry, whatever becomes of the others."""

    ref: str


@dataclass(frozen=True)
class Answered:
    """So many texts are answered."""

    done: int
    of: int


@dataclass(frozen=True)
class CombinationBegan:
    """A training of a sweep begins, or goes on; ``number`` counts from 1."""

    combination: str
    number: int
    of: int


@dataclass(frozen=True)
class GaveUp:
    """A training of a sweep is not gone on with, see ``GivenUp``."""

    combination: str
    epoch: int
    val_loss: float | None
    why: str


Progress = (
    Notice
    | Started
    | Stepped
    | EpochEnded
    | Trying
    | Tried
    | SeedBegan
    | Stored
    | Answered
    | CombinationBegan
    | GaveUp
)
OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report nothing."""

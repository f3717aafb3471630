"""An entry: as the registry is asked to store it, as it is stored, and its outline for ranking."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

from swereg.errors import UsageError
from swereg.records.dataset import Dataset, Task
from swereg.records.formatting import NO_BASE
from swereg.records.training import (
    KNOWN_OF_IMPORTED,
    KNOWN_WITHOUT_BASE,
    BaseInfo,
    Epoch,
    Fitted,
    Recipe,
)


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
    def bases(self) -> tuple[BaseInfo, ...]:
        """The base, or nothing where the method has none."""
        return () if self.base is None else (self.base,)

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

    @property
    def base_fingerprint(self) -> str | None:
        """The fingerprint of the base, or None where the method has none."""
        return None if self.base is None else self.base.fingerprint

    @property
    def bases(self) -> tuple[BaseInfo, ...]:
        """The base, or nothing where the method has none."""
        return () if self.base is None else (self.base,)

    @property
    def base_label(self) -> str:
        """The base as a person reads it; ``none`` where the method has none."""
        return next(map(str, self.bases), NO_BASE)

    @property
    def brings_encoder(self) -> bool:
        """Whether all of an encoder learnt, so that it has one of its own."""
        return bool(self.bases) and self.trainable == self.total

    def suits_base(self, base: BaseInfo | None) -> bool:
        """Tell whether it can answer beside entries of a base; None is for any."""
        return base is None or self.base_fingerprint in (None, base.fingerprint)

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
        for _ in self.bases:
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
        base, recipe = entry.base_fingerprint, entry.recipe
        kind = kind_of(entry.task, entry.labels, entry.dataset, base, recipe)
        return cls(
            entry.name,
            entry.version,
            entry.task,
            None if entry.imported else kind,
            recipe.seed,
            entry.scores,
            entry.method,
            entry.about.get("metric", ""),
            entry.created,
            entry.trainable,
            entry.total,
            entry.weights_size,
            entry.seconds,
        )

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

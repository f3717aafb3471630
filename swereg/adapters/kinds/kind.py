"""What a kind of method brings: how it is planned, trained, opened and answers without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from swereg.records.progress import OnProgress
from swereg.records.training import BaseInfo, Fitted, Recipe, Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from swereg.adapters.bases.sources import BaseSource
    from swereg.adapters.classifier import Classifier
    from swereg.adapters.training.state import OnEpoch
    from swereg.adapters.without_torch.base import Answers
    from swereg.plugins.specs import Spec
    from swereg.records.dataset import Dataset
    from swereg.records.entry import Entry


class Fit(Protocol):
    """Train by a plan."""

    def __call__(
        self, dataset: Dataset, *, on_progress: OnProgress, run: str, on_state: OnEpoch | None
    ) -> tuple[BaseInfo | None, Fitted]:
        """Train; return the base, if there is one, and what was learnt.

        Args:
            run: an identifier of the training, or ``""`` for a new one.
            on_state: called after each epoch with what a resumed training begins with.
        """
        ...


@dataclass(frozen=True)
class Plan:
    """A training before it begins.

    Attributes:
        recipe: everything that decides what is learnt, beside data and base.
        source: the base, or None where the method has none.
        space: bytes on disk that the entry needs, where it is much; else 0.
        fit: what trains.
    """

    recipe: Recipe
    source: BaseSource | None
    space: int
    fit: Fit


class Kind(Protocol):
    """What methods of one kind have in common.

    Attributes:
        has_base: whether its methods change a base.
    """

    has_base: bool

    def is_seeded(self, method: Any) -> bool:
        """Tell whether the seed changes what a method learns."""
        ...

    def plan(
        self,
        spec: Spec,
        options: Mapping[str, Any],
        choose_base: Callable[[str | None], BaseSource],
    ) -> Plan:
        """Settle base and recipe.

        Args:
            options: values of recipe fields, and ``base``; None counts as not said.
            choose_base: finds the base that was asked for, or the default one.

        Raises:
            UsageError: an option makes no sense for the method, or has a bad value.
            NotFound: the base cannot be had.
        """
        ...

    def fit_again(
        self,
        entry: Entry,
        recipe: Recipe,
        dataset: Dataset,
        *,
        base: str | None,
        threads: int | None,
        on_progress: OnProgress,
    ) -> tuple[BaseInfo | None, Fitted]:
        """Train as an entry was trained.

        Args:
            base: where its base is now, if it has moved.
            threads: of torch; by default as many as it was trained with.
        """
        ...

    def arrays(self, weights: Weights) -> Mapping[str, NDArray[Any]]:
        """Read weights as arrays, by name."""
        ...

    def open(
        self, entry: Entry, weights: Weights, *, base: str | None, device: str, precision: str
    ) -> Classifier:
        """Make an entry ready to answer.

        Args:
            base: where its base is now, if it has moved.

        Raises:
            CheckFailed: weights or base are not those that were recorded.
            NotFound: the base cannot be had.
            UsageError: it was said where the base is, but the entry has none.
        """
        ...

    def answer(
        self,
        entries: Sequence[Entry],
        weights: Mapping[str, Weights],
        texts: Sequence[str],
        base: str | None,
    ) -> list[Answers]:
        """Answer texts on numpy with entries of one base, or with entries that have none.

        Args:
            weights: by reference.

        Raises:
            NeedsTorch: numpy cannot do it.
        """
        ...

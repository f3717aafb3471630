"""The seam between methods on a base and methods without one.

Each kind says how its methods are planned and trained, how an entry of it is opened, and how it
answers a few texts without torch. Nothing else asks whether there is a base.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from swereg.adapters.standalone.method import Standalone
from swereg.plugins import entry_points
from swereg.records.progress import OnProgress
from swereg.records.training import BASELINE, BaseInfo, Fitted, Recipe, Weights

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


class _OnBase:
    has_base = True

    def is_seeded(self, method: Any) -> bool:
        return True

    def plan(
        self,
        spec: Spec,
        options: Mapping[str, Any],
        choose_base: Callable[[str | None], BaseSource],
    ) -> Plan:
        from swereg.adapters.training import recipes

        values = dict(options)
        source = choose_base(values.pop("base", None))
        recipe = recipes.recipe(spec, source.recommended, source.max_length, values)

        def fit(
            dataset: Dataset, *, on_progress: OnProgress, run: str, on_state: OnEpoch | None
        ) -> tuple[BaseInfo, Fitted]:
            from swereg.adapters.training import fit as training
            from swereg.adapters.training.loop import Keep

            keep = Keep(on_state)
            return training.fit(
                source, spec.method, dataset, recipe, on_progress=on_progress, run=run, keep=keep
            )

        # A whole encoder is stored, in float32 and through a copy.
        space = 4 * source.size if spec.name == BASELINE else 0
        return Plan(recipe, source, space, fit)

    def fit_again(
        self,
        entry: Entry,
        recipe: Recipe,
        dataset: Dataset,
        *,
        base: str | None,
        threads: int | None,
        on_progress: OnProgress,
    ) -> tuple[BaseInfo, Fitted]:
        from swereg.adapters.bases import sources
        from swereg.adapters.devices import torch_threads
        from swereg.adapters.training import fit as training

        method = entry_points.find("method", entry.method)
        with torch_threads(threads or entry.environment.get("threads")):
            source = sources.recorded(entry.require_base(), base)
            return training.fit(source, method, dataset, recipe, on_progress=on_progress)

    def arrays(self, weights: Weights) -> Mapping[str, NDArray[Any]]:
        from swereg.adapters import tensors

        read = tensors.read(weights)
        return {name: tensor.float().numpy() for name, tensor in read.items()}

    def open(
        self, entry: Entry, weights: Weights, *, base: str | None, device: str, precision: str
    ) -> Classifier:
        from swereg.adapters.bases import sources
        from swereg.adapters.frozen.adapted import Adapted
        from swereg.adapters.frozen.base import FrozenBase

        info = entry.require_base()
        frozen = FrozenBase.held(info.fingerprint, device, precision)
        if frozen is None:
            frozen = FrozenBase.open(sources.recorded(info, base), device, precision)
        return Adapted.open(entry, weights, frozen, entry_points.find("method", entry.method))

    def answer(
        self,
        entries: Sequence[Entry],
        weights: Mapping[str, Weights],
        texts: Sequence[str],
        base: str | None,
    ) -> list[Answers]:
        from swereg.adapters.bases import sources
        from swereg.adapters.without_torch.base import LightBase

        light = LightBase.open(sources.recorded(entries[0].require_base(), base))
        placed = [
            light.place(entry, weights[entry.ref], entry_points.find("method", entry.method))
            for entry in entries
        ]
        return light.answer(texts, placed)


class _WithoutBase:
    has_base = False

    def is_seeded(self, method: Any) -> bool:
        return bool(method.seeded)

    def plan(
        self,
        spec: Spec,
        options: Mapping[str, Any],
        choose_base: Callable[[str | None], BaseSource],
    ) -> Plan:
        from swereg.adapters.standalone import training

        recipe = training.recipe(spec, options)

        def fit(
            dataset: Dataset, *, on_progress: OnProgress, run: str, on_state: OnEpoch | None
        ) -> tuple[None, Fitted]:
            return None, training.fit(spec.method, dataset, recipe, on_progress=on_progress)

        return Plan(recipe, None, 0, fit)

    def fit_again(
        self,
        entry: Entry,
        recipe: Recipe,
        dataset: Dataset,
        *,
        base: str | None,
        threads: int | None,
        on_progress: OnProgress,
    ) -> tuple[None, Fitted]:
        from swereg.adapters.standalone import training

        method = entry_points.find("method", entry.method)
        return None, training.fit(method, dataset, recipe, on_progress=on_progress)

    def arrays(self, weights: Weights) -> Mapping[str, NDArray[Any]]:
        from swereg.adapters.standalone import tensors

        return tensors.read(weights)

    def open(
        self, entry: Entry, weights: Weights, *, base: str | None, device: str, precision: str
    ) -> Classifier:
        from swereg.adapters.standalone.classifier import Alone

        if base is not None:
            entry.require_base()  # refuses
        return Alone.open(entry, weights, entry_points.find("method", entry.method))

    def answer(
        self,
        entries: Sequence[Entry],
        weights: Mapping[str, Weights],
        texts: Sequence[str],
        base: str | None,
    ) -> list[Answers]:
        from swereg.adapters.standalone.classifier import Alone

        return [
            Alone.open(entry, weights[entry.ref], entry_points.find("method", entry.method)).logits(
                texts
            )
            for entry in entries
        ]


ON_BASE: Kind = _OnBase()
WITHOUT_BASE: Kind = _WithoutBase()


def kind_of_method(method: Any) -> Kind:
    """Return the kind of a method."""
    return WITHOUT_BASE if isinstance(method, Standalone) else ON_BASE


def kind_of_entry(entry: Entry) -> Kind:
    """Return the kind of an entry."""
    return WITHOUT_BASE if entry.base is None else ON_BASE

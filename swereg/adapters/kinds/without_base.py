"""Methods without a base: a bag of words, the most frequent label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from swereg.adapters.kinds.kind import Plan
from swereg.plugins import entry_points
from swereg.records.progress import OnProgress
from swereg.records.training import Fitted, Recipe, Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from swereg.adapters.bases.sources import BaseSource
    from swereg.adapters.classifier import Classifier
    from swereg.adapters.training.state import OnEpoch
    from swereg.adapters.without_torch.base import Answers
    from swereg.plugins.specs import Spec
    from swereg.records.dataset import Dataset
    from swereg.records.entry import Entry


class WithoutBase:
    """See ``Kind``."""

    has_base = False

    def is_seeded(self, method: Any) -> bool:
        """Tell whether the seed changes what a method learns."""
        return bool(method.seeded)

    def plan(
        self,
        spec: Spec,
        options: Mapping[str, Any],
        choose_base: Callable[[str | None], BaseSource],
    ) -> Plan:
        """Settle base and recipe."""
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
        """Train as an entry was trained."""
        from swereg.adapters.standalone import training

        method = entry_points.find_plugin("method", entry.method)
        return None, training.fit(method, dataset, recipe, on_progress=on_progress)

    def arrays(self, weights: Weights) -> Mapping[str, NDArray[Any]]:
        """Read weights as arrays, by name."""
        from swereg.adapters.tensors import read_arrays

        return read_arrays(weights)

    def open(
        self, entry: Entry, weights: Weights, *, base: str | None, device: str, precision: str
    ) -> Classifier:
        """Make an entry ready to answer."""
        from swereg.adapters.standalone.classifier import Alone

        if base is not None:
            entry.require_base()  # refuses
        return Alone.open(entry, weights, entry_points.find_plugin("method", entry.method))

    def answer(
        self,
        entries: Sequence[Entry],
        weights: Mapping[str, Weights],
        texts: Sequence[str],
        base: str | None,
    ) -> list[Answers]:
        """Answer texts on numpy with entries of one base, or with entries that have none."""
        from swereg.adapters.standalone.classifier import Alone

        return [
            Alone.open(
                entry, weights[entry.ref], entry_points.find_plugin("method", entry.method)
            ).logits(texts)
            for entry in entries
        ]

"""Methods that change a base: LoRA and its kin, a head alone, full fine-tuning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from swereg.adapters.kinds.kind import Plan
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


class OnBase:
    """See ``Kind``."""

    has_base = True

    def is_seeded(self, method: Any) -> bool:
        """Tell whether the seed changes what a method learns."""
        return True

    def plan(
        self,
        spec: Spec,
        options: Mapping[str, Any],
        choose_base: Callable[[str | None], BaseSource],
    ) -> Plan:
        """Settle base and recipe."""
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
        """Train as an entry was trained."""
        from swereg.adapters.bases import sources
        from swereg.adapters.devices import torch_threads
        from swereg.adapters.training import fit as training

        method = entry_points.find_plugin("method", entry.method)
        with torch_threads(threads or entry.environment.get("threads")):
            source = sources.recorded(entry.require_base(), base)
            return training.fit(source, method, dataset, recipe, on_progress=on_progress)

    def arrays(self, weights: Weights) -> Mapping[str, NDArray[Any]]:
        """Read weights as arrays, by name."""
        from swereg.adapters.tensors import read_tensors

        read = read_tensors(weights)
        return {name: tensor.float().numpy() for name, tensor in read.items()}

    def open(
        self, entry: Entry, weights: Weights, *, base: str | None, device: str, precision: str
    ) -> Classifier:
        """Make an entry ready to answer."""
        from swereg.adapters.bases import sources
        from swereg.adapters.frozen.adapted import Adapted
        from swereg.adapters.frozen.base import FrozenBase

        info = entry.require_base()
        frozen = FrozenBase.held(info.fingerprint, device, precision)
        if frozen is None:
            frozen = FrozenBase.open(sources.recorded(info, base), device, precision)
        return Adapted.open(
            entry, weights, frozen, entry_points.find_plugin("method", entry.method)
        )

    def answer(
        self,
        entries: Sequence[Entry],
        weights: Mapping[str, Weights],
        texts: Sequence[str],
        base: str | None,
    ) -> list[Answers]:
        """Answer texts on numpy with entries of one base, or with entries that have none."""
        from swereg.adapters.bases import sources
        from swereg.adapters.without_torch.base import LightBase

        light = LightBase.open(sources.recorded(entries[0].require_base(), base))
        placed = [
            light.place(entry, weights[entry.ref], entry_points.find_plugin("method", entry.method))
            for entry in entries
        ]
        return light.answer(texts, placed)

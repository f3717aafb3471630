"""Go on with a training from the state after its last whole epoch."""

from __future__ import annotations

from swereg.adapters.bases import sources
from swereg.adapters.training import state as states
from swereg.adapters.training.fit import fit
from swereg.adapters.training.loop import Keep
from swereg.adapters.training.state import OnEpoch
from swereg.plugins import entry_points
from swereg.records.dataset import Dataset
from swereg.records.progress import OnProgress
from swereg.records.training import BaseInfo, Fitted, Recipe


def resume_fit(
    state: bytes, dataset: Dataset, *, run: str, on_state: OnEpoch, on_progress: OnProgress
) -> tuple[BaseInfo, Fitted]:
    """Train on; base and recipe are in the state.

    Raises:
        CheckFailed: the base is not the one it began with, or the state cannot be read.
        NotFound: the base cannot be had.
    """
    facts = states.facts_of(state)
    recipe = Recipe(**facts["recipe"])
    return fit(
        sources.recorded(BaseInfo(**facts["base"])),
        entry_points.find_plugin("method", recipe.method),
        dataset,
        recipe,
        on_progress=on_progress,
        run=run,
        keep=Keep(on_state, state=state),
    )

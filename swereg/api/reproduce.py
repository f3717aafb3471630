"""The use case of reproducing: train again what was trained, and see whether it comes out equal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swereg.api.entries import opened
from swereg.api.unfinished import staged
from swereg.errors import NotFound, UsageError
from swereg.plugins import entry_points
from swereg.records.dataset import Dataset
from swereg.records.entry import Entry, NewEntry
from swereg.records.progress import OnProgress, silent
from swereg.records.training import BaseInfo, Fitted, Recipe, Weights
from swereg.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from swereg.evaluation.comparison.reproduction import Reproduction


def reproduce(
    ref: str | Entry,
    *,
    base: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    store: bool = False,
    registry: Registry | str | Path | None = None,
    on_progress: OnProgress = silent,
) -> Reproduction:
    """Train an entry again from its recipe, base and texts, and compare everything.

    Args:
        base: where the base is now, if it has moved; its content must be the same.
        device: by default the one it was trained on.
        threads: by default as many as it was trained with; one thread gives the same bits.
        store: whether the new training is kept, as the next version of the model.
        on_progress: called with every step, epoch and notice.

    Raises:
        NotFound: there is no such entry, its texts are not kept, or its base cannot be had.
        UsageError: it was imported; or its device is not here.
        CheckFailed: what is needed is not what was recorded.
    """
    from swereg.evaluation.comparison import reproduction

    with opened(registry) as opened_registry:
        entry = ref if isinstance(ref, Entry) else opened_registry.get(ref)
        dataset = _texts(opened_registry, entry)
        if base is not None:
            entry.require_base()
        weights, outputs = opened_registry.weights(entry), opened_registry.outputs(entry)
        if store:
            opened_registry.check_writable()
        recipe = replace(entry.recipe, device=device or entry.recipe.device)
        info, fitted = _train(entry, recipe, dataset, base, threads, on_progress)
        old, new = (
            {} if weights.digest == fitted.weights.digest else _arrays(entry, one)
            for one in (weights, fitted.weights)
        )
        then = reproduction.Trained.of(entry, outputs, old, weights.digest)
        now = reproduction.Trained.of(fitted, fitted.outputs, new, fitted.weights.digest)
        found = reproduction.compare(entry.ref, then, now)
        if store:
            kept = _store(opened_registry, entry, dataset, info, fitted)
            found = replace(found, stored=kept.ref)
    return found


def _texts(store: Registry, entry: Entry) -> Dataset:
    """Give what an entry learnt from.

    Raises:
        UsageError: that is not known, since it was imported.
        NotFound: its texts are not kept.
    """
    if entry.imported or entry.dataset is None:
        raise UsageError(
            f"{entry.ref} cannot be trained again",
            why="It was imported: its recipe and the texts it learnt from are not known.",
            hint=f"See what is known of it: swereg show {entry.ref}",
            code="reproduce.imported",
        )
    dataset = store.texts(entry.dataset)
    if dataset is None:
        raise NotFound(
            f"{entry.ref} cannot be trained again without its texts",
            why=f"Those of dataset {entry.dataset[:12]} were not kept, or have been removed.",
            hint=f"Train on the data anew, if you have it: swereg train --task {entry.task} "
            "--data FILE",
            code="reproduce.no-texts",
        )
    return dataset


def _train(
    entry: Entry,
    recipe: Recipe,
    dataset: Dataset,
    base: str | None,
    threads: int | None,
    on_progress: OnProgress,
) -> tuple[BaseInfo | None, Fitted]:
    """Train as it was trained, and store nothing."""
    method = entry_points.find("method", entry.method)
    if entry.base is None:
        from swereg.adapters.standalone import training as alone

        return None, alone.fit(method, dataset, recipe, on_progress=on_progress)

    from swereg.adapters.bases import sources
    from swereg.adapters.training import fit

    with _threads(threads or entry.environment.get("threads")):
        source = sources.recorded(entry.base, base)
        return fit.fit(source, method, dataset, recipe, on_progress=on_progress)


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Let torch compute with a number of threads, and then as before."""
    import torch

    if number is not None and number < 1:
        raise UsageError(
            f"--threads cannot be {number}", why="It is 1 or more.", code="recipe.value"
        )
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _arrays(entry: Entry, weights: Weights) -> Mapping[str, NDArray[Any]]:
    """Read weights as arrays."""
    if entry.base is None:
        from swereg.adapters.standalone import tensors as arrays

        return arrays.read(weights)

    from swereg.adapters import tensors

    return {name: one.float().numpy() for name, one in tensors.read(weights).items()}


def _store(
    store: Registry, entry: Entry, dataset: Dataset, info: BaseInfo | None, fitted: Fitted
) -> Entry:
    """Keep the new training beside the old one."""
    source = store.find_dataset(dataset.digest).source
    task = replace(store.task(entry.task), labels=dataset.labels, source=source)
    new = NewEntry(entry.name, task, dataset, info, fitted, f"{entry.ref} trained again")
    return staged.store(store, new, keep_data=True)

"""Reproduce: train again what was trained, and see whether it comes out equal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.adapters.kinds import kind_of_entry
from swereg.api.arguments.opening import open_registry
from swereg.api.unfinished import staged
from swereg.errors import NotFound, UsageError
from swereg.records.dataset import Dataset
from swereg.records.entry import Entry, NewEntry
from swereg.records.progress import OnProgress, silent
from swereg.records.training import BaseInfo, Fitted
from swereg.registry import Registry

if TYPE_CHECKING:
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

    with open_registry(registry) as opened_registry:
        entry = ref if isinstance(ref, Entry) else opened_registry.get(ref)
        dataset = _texts(opened_registry, entry)
        if base is not None:
            entry.require_base()
        weights, outputs = opened_registry.weights(entry), opened_registry.outputs(entry)
        if store:
            opened_registry.check_writable()
        recipe = replace(entry.recipe, device=device or entry.recipe.device)
        kind = kind_of_entry(entry)
        info, fitted = kind.fit_again(
            entry, recipe, dataset, base=base, threads=threads, on_progress=on_progress
        )
        differ = weights.digest != fitted.weights.digest
        before, after = (
            kind.arrays(trained) if differ else {} for trained in (weights, fitted.weights)
        )
        result = reproduction.compare(
            entry.ref,
            reproduction.Trained.of(entry, outputs, before, weights.digest),
            reproduction.Trained.of(fitted, fitted.outputs, after, fitted.weights.digest),
        )
        if store:
            stored = _store(opened_registry, entry, dataset, info, fitted)
            result = replace(result, stored=stored.ref)
    return result


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


def _store(
    store: Registry, entry: Entry, dataset: Dataset, info: BaseInfo | None, fitted: Fitted
) -> Entry:
    """Keep the new training beside the old one."""
    source = store.find_dataset(dataset.digest).source
    task = replace(store.task(entry.task), labels=dataset.labels, source=source)
    new = NewEntry(entry.name, task, dataset, info, fitted, f"{entry.ref} trained again")
    return staged.store(store, new, keep_data=True)

"""The use cases of training and answering: they bring registry, adapters and tasks together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from swereg.api.entries import opened
from swereg.api.task_data import DataSource, task_and_data
from swereg.api.unfinished import runs
from swereg.errors import UsageError
from swereg.plugins import entry_points
from swereg.records import refs
from swereg.records.dataset import Dataset, ReadOptions, Task
from swereg.records.entry import Entry, NewEntry
from swereg.records.prediction import Prediction
from swereg.records.progress import Notice, OnProgress, Progress, SeedBegan, Stored, silent
from swereg.records.training import BASELINE, BaseInfo, Fitted, Recipe

if TYPE_CHECKING:
    from swereg.adapters.bases.sources import BaseSource
    from swereg.adapters.classifier import Classifier
    from swereg.evaluation.statistics import SeedRun
    from swereg.plugins.specs import Spec
    from swereg.registry import Registry

DEFAULT_METHOD = "lora"
PRECISIONS = ("fp32", "bf16")


class RecipeOptions(TypedDict, total=False):
    """What of a recipe may be said; what is left out comes from the base or the method."""

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


class TrainOptions(RecipeOptions, total=False):
    """The keywords of ``train``."""

    data: DataSource | None
    read: ReadOptions | None
    method: str
    settings: Mapping[str, Any] | None
    base: str | None
    name: str | None
    note: str
    keep_data: bool
    checkpoints: bool
    registry: Registry | str | Path | None
    on_progress: OnProgress


def train(  # noqa: PLR0913 - one keyword for each thing that may be said
    task: str | Task | None = None,
    *,
    data: DataSource | None = None,
    read: ReadOptions | None = None,
    method: str = DEFAULT_METHOD,
    settings: Mapping[str, Any] | None = None,
    base: str | None = None,
    name: str | None = None,
    note: str = "",
    keep_data: bool = True,
    checkpoints: bool = True,
    registry: Registry | str | Path | None = None,
    on_progress: OnProgress = silent,
    **recipe: Unpack[RecipeOptions],
) -> Entry:
    """Train one entry and store it.

    Args:
        task: a task's name, a task file (TOML) or a Task; with ``data`` any name, by default the
            file's. Without ``data``, a name that is no installed task's means the task's newest
            dataset in the registry.
        data: a file, two or three files, a folder with train, val and test, or ``hub:ORG/NAME``.
        read: how to read ``data``.
        method: a method, with settings if you like: ``"lora[r=8,alpha=16]"``.
        settings: settings of the method; they win over those in ``method``.
        base: ``mini``, a Hub id, ``id@revision`` or a folder; default: the registry's own. Methods
            that stand alone, such as ``tfidf``, take none.
        name: of the model; default: the task's name, followed by the method if not lora.
        note: your own words, kept with the entry.
        keep_data: whether the registry keeps the texts, or only their digest and counts.
        checkpoints: whether each epoch is kept until the entry is stored, so that ``resume`` can go
            on from it; never where the texts are not to be kept.
        registry: a registry, or where it is; created if it does not exist.
        on_progress: called with every step, epoch and notice.
        **recipe: see Recipe.

    Raises:
        SweregError: with what happened, why, and what to do next. Nothing is stored then.
    """
    from swereg.api.unfinished import staged
    from swereg.plugins import specs

    what, dataset = task_and_data(task, data, read or ReadOptions(), registry)
    for text in dataset.notices:
        on_progress(Notice(text))
    spec = specs.parse(method, settings or {})
    model_name = refs.check_name(name or model_name_of(what.name, spec.name))
    with opened(registry, create=True) as store:
        store.check_writable()
        fit = _fitting(store, spec, base, recipe, on_progress)
        kept = checkpoints and keep_data
        run = runs.Run(model_name, note, what, dataset, store.location) if kept else None
        with runs.keeping(run):
            info, fitted = fit(dataset, run)
            new = NewEntry(model_name, what, dataset, info, fitted, note)
            return staged.store(store, new, keep_data=keep_data)


def resume(
    run: str,
    *,
    registry: Registry | str | Path | None = None,
    on_progress: OnProgress = silent,
) -> Entry:
    """Go on with a training that was interrupted, from its last whole epoch, and store it.

    On one thread it gives the same losses and weights as without the interruption.

    Args:
        run: the beginning of its name, see ``interrupted``.
        registry: by default the one for which it was begun.

    Raises:
        NotFound: there is no such run, or its base cannot be had.
        Busy: it is under way.
        CheckFailed: its base is not the one it began with, or its state cannot be read.
    """
    from swereg.adapters.bases import sources
    from swereg.adapters.training import fit as training
    from swereg.adapters.training import loop
    from swereg.adapters.training import state as resuming
    from swereg.api.unfinished import staged

    found = runs.find(run)
    with runs.keeping(found), opened(registry or found.registry, create=True) as store:
        found.hold()
        store.check_writable()
        state = found.state()
        facts = resuming.facts_of(state)
        recipe = Recipe(**facts["recipe"])
        info, fitted = training.fit(
            sources.recorded(BaseInfo(**facts["base"])),
            entry_points.find("method", recipe.method),
            found.dataset,
            recipe,
            on_progress=on_progress,
            run=found.run,
            keep=loop.Keep(found.keep, state=state),
        )
        new = NewEntry(found.name, found.task, found.dataset, info, fitted, found.note)
        return staged.store(store, new, keep_data=True)


def train_seeds(
    task: str | Task | None = None,
    *,
    seeds: int | Sequence[int] = 5,
    **options: Unpack[TrainOptions],
) -> SeedRun:
    """Train one entry per seed, on the same split, and tell how much the seed alone changes.

    Every entry is stored as soon as it is ready; an error or interrupt keeps those before it.

    Args:
        task: as for ``train``.
        seeds: how many, from ``seed`` (42) on; or the seeds themselves.
        **options: the other keywords of ``train``.

    Raises:
        UsageError: the seeds make no sense, or the method gives the same with every seed.
        SweregError: as for ``train``.
    """
    chosen = chosen_seeds(seeds, options.pop("seed", None), options.get("method", DEFAULT_METHOD))
    source, read = options.pop("data", None), options.pop("read", None)
    registry = options.pop("registry", None)
    what, dataset = task_and_data(task, source, read or ReadOptions(), registry)
    report = _once(options.pop("on_progress", silent))
    same = replace(what, read=lambda: dataset)
    entries = []
    with opened(registry, create=True) as store:
        options["registry"], options["on_progress"] = store, report
        for number, seed in enumerate(chosen, start=1):
            report(SeedBegan(seed, number, len(chosen)))
            options["seed"] = seed
            entries.append(train(same, **options))
            report(Stored(entries[-1].ref))
    from swereg.evaluation.statistics import seed_run

    return seed_run(entries)


def load(
    ref: str | Entry,
    *,
    base: str | None = None,
    registry: Registry | str | Path | None = None,
    device: str = "auto",
    precision: str = "fp32",
) -> Classifier:
    """Put an entry on its base, ready to predict. Entries of one base share it in memory.

    Args:
        ref: such as ``sentiment``, ``sentiment/3`` or ``sentiment@prod``.
        base: where the base is now, if it has moved; its content must be the same.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: of the base's matrix products, ``fp32`` or ``bf16``; see docs/speed.md.

    Raises:
        NotFound: there is no such entry, or its base cannot be had.
        CheckFailed: the weights or the base are not those that were recorded.
        UsageError: it was said where the base is, but the entry has none; there is no such device
            or precision.
    """
    check_precision(precision)
    with opened(registry) as store:
        entry = ref if isinstance(ref, Entry) else store.get(ref)
        if base is not None:
            entry.require_base()
        weights = store.weights(entry)
    method = entry_points.find("method", entry.method)
    if entry.base is None:
        from swereg.adapters.standalone.classifier import Alone

        return Alone.open(entry, weights, method)

    from swereg.adapters.bases import sources
    from swereg.adapters.frozen.adapted import Adapted
    from swereg.adapters.frozen.base import FrozenBase

    frozen = FrozenBase.held(entry.base.fingerprint, device, precision)
    if frozen is None:
        frozen = FrozenBase.open(sources.recorded(entry.base, base), device, precision)
    return Adapted.open(entry, weights, frozen, method)


def predict(
    ref: str | Entry,
    texts: Iterable[str],
    *,
    base: str | None = None,
    registry: Registry | str | Path | None = None,
    device: str = "auto",
    precision: str = "fp32",
) -> list[Prediction]:
    """Load an entry and predict some texts; see ``load`` and Classifier.predict.

    A few texts are answered without torch, unless it is there already; see ``quick``.
    """
    from swereg.adapters.classifier import listed
    from swereg.api import quick

    texts = listed(texts)
    check_precision(precision)
    with opened(registry) as store:
        entry = ref if isinstance(ref, Entry) else store.get(ref)
        if base is not None:
            entry.require_base()
        where: dict[str, Any] = {
            "base": base,
            "registry": store,
            "device": device,
            "precision": precision,
        }
        found = quick.answer([entry], texts, **where)
        return load(entry, **where).predict(texts) if found is None else found[0]


def check_precision(precision: str) -> None:
    """Refuse what is no precision to answer in.

    Raises:
        UsageError: so it is.
    """
    if precision not in PRECISIONS:
        raise UsageError(
            f"there is no precision {precision!r}",
            hint=f"Take {' or '.join(PRECISIONS)}.",
            code="precision.unknown",
        )


def chosen_seeds(wanted: int | Sequence[int], first: int | None, method: str) -> list[int]:
    """Return the seeds to train with.

    Raises:
        UsageError: there is none, one is there twice, or the method does not care.
    """
    from swereg.adapters.standalone.method import Standalone
    from swereg.plugins import specs

    spec = specs.parse(method)
    if isinstance(spec.method, Standalone) and not spec.method.seeded:
        raise UsageError(
            f"{spec.name} learns the same with every seed",
            hint="Train it once, without --seeds.",
            code="seeds.deterministic",
        )
    start = Recipe.seed if first is None else first
    seeds = list(range(start, start + wanted)) if isinstance(wanted, int) else list(wanted)
    said = not isinstance(wanted, int) and first is not None
    if said or not seeds or len(set(seeds)) < len(seeds):
        raise UsageError(
            f"{wanted if isinstance(wanted, int) else list(wanted)} cannot be the seeds",
            why="They are a number from 1, or different seeds of your own and then no --seed.",
            hint="Write --seeds 5, or --seeds 1,2,3.",
            code="seeds.value",
        )
    return seeds


def _once(on_progress: OnProgress) -> OnProgress:
    """Pass on a notice only when it is new."""
    told: set[Progress] = set()

    def report(event: Progress) -> None:
        if isinstance(event, Notice):
            if event in told:
                return
            told.add(event)
        on_progress(event)

    return report


def model_name_of(task: str, method: str) -> str:
    """Name a model where nobody has: the task, followed by the method if it is not lora."""
    return task if method == DEFAULT_METHOD else f"{task}-{method}"


def _fitting(
    store: Registry,
    spec: Spec,
    base: str | None,
    said: RecipeOptions,
    on_progress: OnProgress,
) -> Callable[[Dataset, runs.Run | None], tuple[BaseInfo | None, Fitted]]:
    """Settle the base and the recipe, if there is a base; return what trains."""
    from swereg.adapters.standalone.method import Standalone

    if isinstance(spec.method, Standalone):
        from swereg.adapters.standalone import training as alone

        plain = alone.recipe(spec, {"base": base, **said})
        return lambda data, _: (None, alone.fit(spec.method, data, plain, on_progress=on_progress))

    from swereg.adapters.training import recipes

    source = choose_base(store, base, on_progress)
    recipe = recipes.recipe(spec, source.recommended, source.max_length, said)
    if spec.name == BASELINE:  # it stores a whole encoder, in float32 and through a copy
        store.check_writable(needed=4 * source.size)

    def fit(data: Dataset, run: runs.Run | None) -> tuple[BaseInfo, Fitted]:
        from swereg.adapters.training import fit as training
        from swereg.adapters.training import loop

        return training.fit(
            source,
            spec.method,
            data,
            recipe,
            on_progress=on_progress,
            run=run.run if run else "",
            keep=loop.Keep(run.keep if run else None),
        )

    return fit


def choose_base(store: Registry, asked: str | None, on_progress: OnProgress) -> BaseSource:
    """Choose the base: the one asked for, else the registry's, else the default's rule."""
    from swereg.adapters.bases import sources

    stored: BaseInfo | None = store.default_base
    if asked is not None:
        source = sources.resolve(asked)
    elif stored is not None:
        source = sources.recorded(stored)
    else:
        source = sources.resolve_default()
    for text in source.notices:
        on_progress(Notice(text))
    return source

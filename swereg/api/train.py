"""Train entries and store them; go on with what was interrupted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from swereg.adapters.kinds import kind_of_method
from swereg.api.arguments.bases import choose_base
from swereg.api.arguments.opening import open_registry
from swereg.api.arguments.seeds import choose_seeds
from swereg.api.arguments.task_data import DataSource, task_and_data
from swereg.api.unfinished import runs, staged
from swereg.records import refs
from swereg.records.dataset import Dataset, ReadOptions, Task
from swereg.records.entry import Entry, NewEntry
from swereg.records.progress import Notice, OnProgress, Progress, SeedBegan, Stored, silent
from swereg.records.training import OPTIONS, RecipeOptions

if TYPE_CHECKING:
    from swereg.evaluation.statistics import SeedRun
    from swereg.plugins.specs import Spec
    from swereg.registry import Registry

DEFAULT_METHOD = "lora"


class TrainOptions(RecipeOptions, total=False):
    """The keywords of ``train``, for type checkers; a test holds them to its signature."""

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


@overload
def train(
    task: str | Task | None = None, *, seeds: None = None, **options: Unpack[TrainOptions]
) -> Entry: ...
@overload
def train(
    task: str | Task | None = None, *, seeds: int | Sequence[int], **options: Unpack[TrainOptions]
) -> SeedRun: ...
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
    seeds: int | Sequence[int] | None = None,
    registry: Registry | str | Path | None = None,
    on_progress: OnProgress = silent,
    **options: Unpack[RecipeOptions],
) -> Entry | SeedRun:
    """Train one entry and store it; with ``seeds``, one for each seed.

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
        seeds: how many entries to train on the same split, with seeds from ``seed`` (42) on; or
            the seeds themselves. Each entry is stored as soon as it is ready; an error or
            interrupt keeps those before it.
        registry: a registry, or where it is; created if it does not exist.
        on_progress: called with every step, epoch and notice.
        **options: the fields of a Recipe: learning_rate, batch_size, epochs, patience, seed,
            max_length, dropout, weight_decay, clip, precision, device.

    Returns:
        The entry; with ``seeds`` all entries, and how much the seed alone changes.

    Raises:
        UsageError: a value makes no sense, or the method gives the same with every seed.
        SweregError: with what happened, why, and what to do next. Nothing is stored then.
    """
    from swereg.plugins import specs

    _check_names(options)
    chosen = None if seeds is None else choose_seeds(seeds, options.get("seed"), method)
    described, dataset = task_and_data(task, data, read or ReadOptions(), registry)
    spec = specs.parse_method(method, settings or {})
    model = refs.check_name(name or default_name(described.name, spec.name))
    training = _Training(model, described, dataset, spec, base, note, keep_data, checkpoints)
    with open_registry(registry, create=True) as store:
        store.check_writable()
        if chosen is not None:
            return _train_seeds(training, chosen, options, store, _each_notice_once(on_progress))
        for text in dataset.notices:
            on_progress(Notice(text))
        return training.run(store, options, on_progress)


@dataclass(frozen=True)
class _Training:
    """What the trainings with several seeds have in common."""

    model: str
    task: Task
    dataset: Dataset
    spec: Spec
    base: str | None
    note: str
    keep_data: bool
    checkpoints: bool

    def run(self, store: Registry, options: RecipeOptions, on_progress: OnProgress) -> Entry:
        """Train once, and store the entry."""
        plan = kind_of_method(self.spec.method).plan(
            self.spec,
            {"base": self.base, **options},
            lambda base: choose_base(store, base, on_progress),
        )
        if plan.space:
            store.check_writable(needed=plan.space)
        run = None
        if self.checkpoints and self.keep_data:
            run = runs.Run(self.model, self.note, self.task, self.dataset, store.location)
        with runs.keeping(run):
            base, fitted = plan.fit(
                self.dataset,
                on_progress=on_progress,
                run=run.run if run else "",
                on_state=run.keep if run else None,
            )
            new = NewEntry(self.model, self.task, self.dataset, base, fitted, self.note)
            return staged.store(store, new, keep_data=self.keep_data)


def _train_seeds(
    training: _Training,
    seeds: Sequence[int],
    options: RecipeOptions,
    store: Registry,
    on_progress: OnProgress,
) -> SeedRun:
    from swereg.evaluation.statistics import seed_run

    entries = []
    for number, seed in enumerate(seeds, start=1):
        on_progress(SeedBegan(seed, number, len(seeds)))
        for text in training.dataset.notices:
            on_progress(Notice(text))
        entries.append(training.run(store, {**options, "seed": seed}, on_progress))
        on_progress(Stored(entries[-1].ref))
    return seed_run(entries)


def _each_notice_once(on_progress: OnProgress) -> OnProgress:
    """Pass on a notice only when it is new."""
    passed_on: set[Progress] = set()

    def report(event: Progress) -> None:
        if isinstance(event, Notice):
            if event in passed_on:
                return
            passed_on.add(event)
        on_progress(event)

    return report


def _check_names(options: Mapping[str, Any]) -> None:
    """Refuse a keyword that is no option, as Python does."""
    names = {option.name for option in OPTIONS}
    for name in options:
        if name not in names:
            raise TypeError(f"train() got an unexpected keyword argument {name!r}")


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
    from swereg.adapters.training.resuming import resume_fit

    interrupted = runs.find_run(run)
    with (
        runs.keeping(interrupted),
        open_registry(registry or interrupted.registry, create=True) as store,
    ):
        interrupted.hold()
        store.check_writable()
        base, fitted = resume_fit(
            interrupted.state(),
            interrupted.dataset,
            run=interrupted.run,
            on_state=interrupted.keep,
            on_progress=on_progress,
        )
        new = NewEntry(
            interrupted.name,
            interrupted.task,
            interrupted.dataset,
            base,
            fitted,
            interrupted.note,
        )
        return staged.store(store, new, keep_data=True)


def default_name(task: str, method: str) -> str:
    """Name a model where nobody has: the task, followed by the method if it is not lora."""
    return task if method == DEFAULT_METHOD else f"{task}-{method}"

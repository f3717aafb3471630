"""Sweeps: many trainings of one task on one base, over settings, learning rates and seeds.

One after the other, or several at once in one pass over the base. Each result is that of the same
training alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from swereg.adapters.kinds import kind_of_method
from swereg.api.arguments.bases import choose_base
from swereg.api.arguments.opening import open_registry
from swereg.api.arguments.seeds import choose_seeds
from swereg.api.arguments.task_data import DataSource, task_and_data
from swereg.api.sweeping.carry_out import Reporter, Sweeping, SweepTraining
from swereg.api.sweeping.plan import SweepRun, combinations, recipe_of
from swereg.api.train import DEFAULT_METHOD, default_name
from swereg.errors import UsageError
from swereg.plugins import specs
from swereg.records import refs
from swereg.records.dataset import ReadOptions, Task
from swereg.records.progress import (
    Notice,
    OnProgress,
    silent,
)
from swereg.records.training import RecipeOptions
from swereg.registry import Registry

if TYPE_CHECKING:
    pass


def sweep(  # noqa: PLR0913 - one keyword for each thing that may be said
    task: str | Task | None = None,
    *,
    over: Mapping[str, Sequence[Any]],
    seeds: int | Sequence[int] = 1,
    halving: bool = False,
    together: int = 1,
    data: DataSource | None = None,
    read: ReadOptions | None = None,
    method: str = DEFAULT_METHOD,
    settings: Mapping[str, Any] | None = None,
    base: str | None = None,
    name: str | None = None,
    note: str = "",
    keep_data: bool = True,
    registry: Registry | str | Path | None = None,
    on_progress: OnProgress = silent,
    **options: Unpack[RecipeOptions],
) -> SweepRun:
    """Train every combination of some values and store each as an entry as soon as it is ready.

    What is in the registry already, with the same data, base and recipe, is not trained again; so
    an interrupted sweep goes on when it is asked for once more.

    Args:
        task: as for ``train``.
        over: values by key: settings of the method, such as ``r``, and fields of the recipe that
            are none of its settings, such as ``learning_rate``.
        seeds: as for ``train``; each combination is trained with all of them.
        halving: whether to give up early on what falls behind, see ``halving.py``: by validation
            loss, its mean over the seeds. What goes is not stored.
        together: how many learn at once, in one pass over the base, where the method lets the base
            stay as it is; by default one after the other, as on a GPU in any case.
        data, read, method, settings, base, name, note, keep_data: as for ``train``.
        registry, on_progress: as for ``train``.
        **options: the fields of a Recipe, the same for all combinations.

    Raises:
        UsageError: the values make no sweep.
        TrainingError: the loss of every training became NaN or infinite.
        SweregError: as for ``train``; what was ready before is stored.
    """
    spec = specs.parse_method(method, settings or {})
    if not kind_of_method(spec.method).has_base:
        raise UsageError(
            f"{spec.name} has no base, and nothing to sweep over",
            hint="Train it alone: it tries its own settings.",
            code="sweep.method",
        )
    every = combinations(over, choose_seeds(seeds, options.get("seed"), spec.name))
    _check_together(together)
    described, dataset = task_and_data(task, data, read or ReadOptions(), registry)
    for text in dataset.notices:
        on_progress(Notice(text))
    model = refs.check_name(name or default_name(described.name, spec.name))
    with open_registry(registry, create=True) as store:
        store.check_writable()
        source = choose_base(store, base, on_progress)
        recipe = partial(
            recipe_of,
            method=method,
            settings=settings or {},
            options=options,
            recommended=source.recommended,
            max_length=source.max_length,
        )
        run = Sweeping(
            store=store,
            model=model,
            note=note,
            keep_data=keep_data,
            task=described,
            dataset=dataset,
            source=source,
            trainings=[SweepTraining(combination, recipe(combination)) for combination in every],
            at_once=together,
            report=Reporter(on_progress, len(every), together),
        )
        run.take_over_earlier()
        if halving:
            run.halve()
        else:
            run.learn(run.trainings)
        return run.result()


def _check_together(count: int) -> None:
    if count < 1:
        raise UsageError(
            f"{count} trainings cannot learn at once",
            hint="Give a number from 1, or leave it out.",
            code="sweep.together",
        )

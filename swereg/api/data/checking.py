"""What training would say about data, before it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from swereg.api.arguments.task_data import TASK_FILE, DataSource, existing, find_task, of_data
from swereg.errors import NotFound, UsageError
from swereg.plugins import entry_points
from swereg.records.dataset import SPLITS, Dataset, ReadOptions, texts
from swereg.records.progress import Notice, OnProgress, silent
from swereg.records.training import Recipe
from swereg.registry import Registry

if TYPE_CHECKING:
    from swereg.adapters.bases.sources import BaseSource
    from swereg.api.data.report import Lengths, Report
    from swereg.datasets.inspection import Inspection


def check(
    data: DataSource,
    *,
    task: str | None = None,
    read: ReadOptions | None = None,
    base: str | None = None,
    max_length: int | None = None,
    registry: Registry | str | Path | None = None,
    on_progress: OnProgress = silent,
) -> Report:
    """Say what training would say about data, before it: refusals, balance, lengths, twins.

    Nothing is stored. What training would refuse is in the report's ``refusals``.

    Args:
        data: files, a folder, ``hub:ORG/NAME``, or the name or TOML file of a task.
        task: what they would be trained as; a task file's labels are those they have to have.
        read: how to read files.
        base: whose tokenizer counts; default: the registry's, else mini's.
        max_length: tokens per text, from which on it would be cut; default: 256.

    Raises:
        NotFound: there is no such file or task.
        UsageError: the files or options make no sense.
    """
    from swereg.api.data.report import Report
    from swereg.datasets import twins

    with existing(registry) as store:
        result = _inspect(data, task, read or ReadOptions(), store)
        source = _base(base, store, on_progress)
    limit = _limit(max_length, source)
    if result.dataset is None:
        return Report(result.refusals, result.notices, source.name, limit)
    return Report(
        result.refusals,
        result.notices,
        source.name,
        limit,
        result.dataset,
        _lengths(result.dataset, source, limit),
        twins.find_twins(result.dataset),
    )


def _inspect(
    source: DataSource, task: str | None, options: ReadOptions, store: Registry | None
) -> Inspection:
    from swereg.datasets import inspection

    labels = of_data(task, source).labels if task else ()
    if isinstance(source, str) and _is_task(source, store):
        return inspection.inspect_task(find_task(source, store).read, options)
    return inspection.inspect_data(source, options, labels)


def _is_task(name: str, store: Registry | None) -> bool:
    """Tell whether a task is meant; a file that is there wins over a name."""
    if name.lower().endswith(TASK_FILE):
        return True
    names = [*entry_points.plugin_names("task"), *(store.tasks() if store else ())]
    return name in names and not Path(name).exists()


def _base(name: str | None, store: Registry | None, on_progress: OnProgress) -> BaseSource:
    """The base whose tokenizer counts: the one asked for, else the registry's, else mini."""
    from swereg.adapters.bases import sources

    stored = None if name or store is None else store.default_base
    recorded = f"{stored.name}@{stored.revision}" if stored and stored.revision else ""
    spec = name or recorded or (stored.name if stored else sources.PACKAGED)
    try:
        return sources.resolve(spec, weights=False)
    except NotFound as missing:
        if name:
            raise
        on_progress(Notice(f"Tokens are those of {sources.PACKAGED}, as {missing.what}."))
        return sources.resolve(sources.PACKAGED)


def _limit(max_length: int | None, source: BaseSource) -> int:
    limit = max_length or min(Recipe.max_length, source.max_length)
    if not 3 <= limit <= source.max_length:
        raise UsageError(
            f"--max-length cannot be {limit}",
            why=f"It is 3 to {source.max_length} here.",
            code="recipe.value",
        )
    return limit


def _lengths(dataset: Dataset, source: BaseSource, limit: int) -> Lengths:
    from swereg.adapters import tokens
    from swereg.api.data.report import Lengths

    tokenizer = source.tokenizer()
    parts = {name: texts(dataset.split(name)) for name in SPLITS}
    return Lengths.of(
        {name: tokens.lengths(tokenizer, part) for name, part in parts.items()}, limit
    )

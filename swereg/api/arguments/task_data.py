"""Which task and which examples are meant: an installed task, a task file, data, the registry."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.errors import NotFound, SweregError, UsageError
from swereg.plugins import entry_points
from swereg.records import refs
from swereg.records.dataset import SPLITS, Dataset, ReadOptions, Task

if TYPE_CHECKING:
    from swereg.registry import Registry

DataSource = str | Path | Sequence[str | Path]
TASK_FILE = ".toml"
_NONE_YET = ("registry.missing", "storage.empty")  # codes of errors


def task_and_data(
    task: str | Task | None,
    data: DataSource | None,
    read: ReadOptions,
    registry: Registry | str | Path | None,
) -> tuple[Task, Dataset]:
    """Find a task and read its examples, checked.

    Without ``data``, an installed task or a task file reads its own; of any other task the newest
    dataset in the registry is taken. A task's labels, where it names any or has been trained on
    the same ones, give their order.

    Raises:
        NotFound: there is no such task, or its texts are not in the registry.
        DataError: the examples cannot be trained on.
    """
    from swereg.datasets.checks import check_dataset
    from swereg.datasets.reading import read_data

    with existing(registry) as store:
        if data is not None:
            described = of_data(task, data)
            dataset = _in_known_order(read_data(data, read, described.labels), described, store)
        elif task is not None:
            described = find_task(task, store)
            dataset = check_dataset(described.read(), read)
        else:
            raise UsageError(
                "nothing was said to train",
                hint="Name a task (swereg tasks lists them) or give --data FILE.",
                code="train.nothing",
            )
    return replace(
        described, labels=dataset.labels, source=dataset.source or described.source
    ), dataset


@contextmanager
def existing(registry: Registry | str | Path | None) -> Iterator[Registry | None]:
    """Give an open registry, or None where there is none yet."""
    from swereg.registry import Registry

    if isinstance(registry, Registry):
        yield registry
        return
    store = None
    try:
        store = Registry.open(registry)
    except SweregError as fault:
        if fault.code not in _NONE_YET:
            raise
    if store is None:  # not in the clause above: a fault of the caller's has nothing to do with it
        yield None
        return
    with store:
        yield store


def find_task(task: str | Task, store: Registry | None) -> Task:
    """Give a task by its name, or by the TOML file that it is written in.

    An installed task wins over one of that name in the registry, which reads its newest dataset
    as long as the registry is open.

    Raises:
        NotFound: there is no such task.
    """
    if isinstance(task, Task):
        return task
    if task.lower().endswith(TASK_FILE):
        from swereg.datasets.tasks.toml_files import read_task

        return read_task(task)
    stored = store.tasks() if store else []
    name = unicodedata.normalize("NFC", task)
    if store is None or name not in stored or task in entry_points.plugin_names("task"):
        installed: Task = entry_points.find_plugin("task", task, also=stored)
        return installed
    return replace(store.task(name), read=partial(_newest, store, name))


def of_data(task: str | Task | None, data: DataSource) -> Task:
    """Give data a task: the one that is given or in a TOML file, else a new one of that name."""
    from swereg.datasets.hub.spec import spec_in

    if isinstance(task, Task) or (task or "").lower().endswith(TASK_FILE):
        return find_task(task or "", None)
    spec = spec_in(data)
    first = Path(spec.name if spec else data if isinstance(data, str | Path) else data[0])
    file_name = first.name if spec else first.stem
    name = refs.check_name(task or file_name.lower(), noun="task name")
    return Task(name, read=_no_reader, source=first.name)


def _in_known_order(dataset: Dataset, task: Task, store: Registry | None) -> Dataset:
    """Keep the order that these labels had in the task's last training."""
    if task.labels or store is None or task.name not in store.tasks():
        return dataset
    recorded = store.task(task.name).labels
    return replace(dataset, labels=recorded) if set(recorded) == set(dataset.labels) else dataset


def _newest(store: Registry, task: str) -> Dataset:
    """Read the dataset that a task was first trained on last."""
    newest = next((d for d in store.datasets(task=task) if d.sizes["train"]), None)
    if newest is None:
        raise NotFound(
            f"the registry has no training data of {task}",
            why="Its entries were imported.",
            hint="Give the data: --data FILE",
            code="dataset.missing",
        )
    if not newest.kept:
        raise NotFound(
            f"the texts of the newest dataset of {task}, {newest.short}, are not in the registry",
            why="They were not kept (--no-keep-data), or have been removed (swereg data rm).",
            hint="Give the data again with --data FILE.",
            code="dataset.missing",
        )
    sizes = ", ".join(f"{newest.sizes[name]:,} {name}" for name in SPLITS)
    notice = (
        f"The data are dataset {newest.short} in the registry, the newest of {task}, "
        f"first used {newest.created[:10]}: {sizes}."
    )
    return replace(store.dataset(newest.digest), notices=(notice,), source=newest.source)


def _no_reader() -> Dataset:
    raise UsageError(
        "this task brings no data of its own",
        hint="Give its data: --data FILE",
        code="task.no-data",
    )

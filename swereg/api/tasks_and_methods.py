"""Tasks and methods: what is installed, from where, and what is broken."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from swereg.plugins.entry_points import Plugin


@dataclass(frozen=True)
class InstalledTask:
    """A task that is installed.

    Attributes:
        name: as in ``--task``.
        origin: the package that it comes from.
        target: what its entry point names.
        description: one sentence.
        labels: in their order.
        needs_hub: whether its data are fetched from the Hugging Face Hub.
        fault: what is wrong with it; ``""`` for nothing.
    """

    name: str
    origin: str
    target: str
    description: str = ""
    labels: tuple[str, ...] = ()
    needs_hub: bool = False
    fault: str = ""


@dataclass(frozen=True)
class InstalledMethod:
    """A method that is installed.

    Attributes:
        name: as in ``--method``.
        origin: the package that it comes from.
        target: what its entry point names.
        description: one sentence.
        settings: with their defaults.
        learning_rate: its default; None where it has none.
        needs_base: whether it changes a base.
        fault: what is wrong with it; ``""`` for nothing.
    """

    name: str
    origin: str
    target: str
    description: str = ""
    settings: dict[str, Any] | None = None
    learning_rate: float | None = None
    needs_base: bool = True
    fault: str = ""


def tasks() -> list[InstalledTask]:
    """List the tasks that are installed, by name. One that is broken says what is wrong."""
    from swereg.plugins import entry_points

    return [_inspect_task(plugin) for plugin in entry_points.installed_plugins("task")]


def methods() -> list[InstalledMethod]:
    """List the methods that are installed, by name. One that is broken says what is wrong."""
    from swereg.plugins import entry_points

    return [_inspect_method(plugin) for plugin in entry_points.installed_plugins("method")]


def _inspect_task(plugin: Plugin) -> InstalledTask:
    from swereg.plugins import entry_points
    from swereg.records.dataset import Task

    task = InstalledTask(plugin.name, plugin.origin, plugin.target)
    if fault := entry_points.fault_of(plugin):
        return replace(task, fault=fault)
    try:
        loaded = entry_points.load_plugin(plugin)
        if not isinstance(loaded, Task):
            raise TypeError(f"it is not a Task, but a {type(loaded).__name__}")
        return replace(
            task,
            description=loaded.description,
            labels=tuple(loaded.labels),
            needs_hub=loaded.needs_hub,
        )
    except Exception as strange:  # a plugin is other people's code: whatever it raises is caught
        return replace(task, fault=f"{type(strange).__name__}: {strange}")


def _inspect_method(plugin: Plugin) -> InstalledMethod:
    from swereg.adapters.kinds import kind_of_method
    from swereg.plugins import entry_points

    method = InstalledMethod(plugin.name, plugin.origin, plugin.target)
    if fault := entry_points.fault_of(plugin):
        return replace(method, fault=fault)
    try:
        loaded = entry_points.load_plugin(plugin)
        needs_base = kind_of_method(loaded).has_base
        return replace(
            method,
            description=loaded.description,
            settings=asdict(loaded.settings()),
            learning_rate=loaded.learning_rate if needs_base else None,
            needs_base=needs_base,
        )
    except Exception as strange:  # a plugin is other people's code: whatever it raises is caught
        return replace(method, fault=f"{type(strange).__name__}: {strange}")

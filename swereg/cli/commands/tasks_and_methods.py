"""swereg tasks and methods: what is installed, from where, and what is broken."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from swereg.cli import options, output
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.plugins.entry_points import Kind, Plugin


@dataclass(frozen=True)
class Found:
    """A plugin, what it says of itself, and what is wrong with it (``""``: nothing)."""

    name: str
    origin: str
    target: str
    description: str = ""
    labels: tuple[str, ...] = ()
    settings: dict[str, Any] | None = None
    learning_rate: float | None = None
    needs_base: bool = True
    needs_hub: bool = False
    fault: str = ""


def _columns(title: str, detail: Column[Found]) -> tuple[Column[Found], ...]:
    return (
        Column("name", title, lambda f: f.name, keep=9, style="bold"),
        Column("description", "description", _description, keep=4, least=16),
        detail,
        Column("origin", "from", lambda f: f.origin, keep=2),
        Column("fault", "", str, lambda f: f.fault),
    )


def _description(found: Found) -> str:
    need = "needs the Hugging Face Hub" if found.needs_hub else ""
    need = need or ("" if found.needs_base else "needs no base")
    if found.description and need:
        return f"{found.description} ({need})"
    return found.description or need or "-"


def _settings(found: Found) -> str:
    settings = found.settings or {}
    return ", ".join(f"{key}={formatting.plain(value)}" for key, value in settings.items())


TASKS = _columns(
    "task", Column("labels", "labels", lambda f: ", ".join(f.labels), keep=3, least=16)
)
METHODS = _columns(
    "method",
    Column("settings", "settings", lambda f: _settings(f), keep=3, least=16),
)


OF_TASKS = ("labels", "needs_hub")
OF_METHODS = ("settings", "learning_rate", "needs_base")


@click.command(cls=options.Command)
@options.as_json("Print them as JSON.")
def tasks(as_json: bool) -> None:
    """List the tasks there are, with their labels."""
    found = _installed("task")
    if as_json:
        output.as_json({"tasks": [_facts(one, *OF_METHODS) for one in found]})
    else:
        _show(TASKS, found)


@click.command(cls=options.Command)
@options.as_json("Print them as JSON.")
def methods(as_json: bool) -> None:
    """List the methods there are, with their settings."""
    found = _installed("method")
    if as_json:
        output.as_json({"methods": [_facts(one, *OF_TASKS) for one in found]})
    else:
        _show(METHODS, found)


def _facts(found: Found, *without: str) -> dict[str, Any]:
    return {key: value for key, value in asdict(found).items() if key not in without}


def _show(columns: tuple[Column[Found], ...], found: list[Found]) -> None:
    tables.show(columns, found)
    for one in found:
        if one.fault:
            output.say(f"broken: {one.name} from {one.origin}: {one.fault}", style="red")


def _installed(kind: Kind) -> list[Found]:
    from swereg.plugins import entry_points

    return [_look(plugin) for plugin in entry_points.installed(kind)]


def _look(plugin: Plugin) -> Found:
    """Ask a plugin about itself. Whatever it does, it harms only its own line."""
    from swereg.plugins import entry_points

    found = Found(plugin.name, plugin.origin, plugin.target)
    fault = entry_points.fault(plugin)
    if fault:
        return replace(found, fault=fault)
    try:
        thing = entry_points.load(plugin)
        return replace(found, **(_task(thing) if plugin.kind == "task" else _method(thing)))
    except Exception as strange:  # a plugin is other people's code: whatever it raises is caught
        return replace(found, fault=f"{type(strange).__name__}: {strange}")


def _task(thing: Any) -> dict[str, Any]:
    from swereg.records.dataset import Task

    if not isinstance(thing, Task):
        raise TypeError(f"it is not a Task, but a {type(thing).__name__}")
    return {
        "description": thing.description,
        "labels": tuple(thing.labels),
        "needs_hub": thing.needs_hub,
    }


def _method(thing: Any) -> dict[str, Any]:
    from swereg.adapters.standalone.method import Standalone

    alone = isinstance(thing, Standalone)
    return {
        "description": thing.description,
        "settings": asdict(thing.settings()),
        "learning_rate": None if alone else thing.learning_rate,
        "needs_base": not alone,
    }

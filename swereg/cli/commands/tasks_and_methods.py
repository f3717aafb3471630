"""swereg tasks and methods: what is installed, from where, and what is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

import swereg
from swereg.cli import options, output
from swereg.cli.display import tables
from swereg.cli.display.tables import Column
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.api.tasks_and_methods import InstalledMethod, InstalledTask


def _columns(
    title: str, need: Callable[[Any], str], detail: Column[Any]
) -> tuple[Column[Any], ...]:
    def description(plugin: Any) -> str:
        if plugin.description and need(plugin):
            return f"{plugin.description} ({need(plugin)})"
        return plugin.description or need(plugin) or "-"

    return (
        Column("name", title, lambda plugin: plugin.name, keep=9, style="bold"),
        Column("description", "description", description, keep=4, least=16),
        detail,
        Column("origin", "from", lambda plugin: plugin.origin, keep=2),
        Column("fault", "", str, lambda plugin: plugin.fault),
    )


def _need_of_task(task: InstalledTask) -> str:
    return "needs the Hugging Face Hub" if task.needs_hub else ""


def _need_of_method(method: InstalledMethod) -> str:
    return "" if method.needs_base else "needs no base"


def _settings(method: InstalledMethod) -> str:
    settings = method.settings or {}
    return ", ".join(f"{key}={formatting.plain(value)}" for key, value in settings.items())


TASKS = _columns(
    "task",
    _need_of_task,
    Column("labels", "labels", lambda task: ", ".join(task.labels), keep=3, least=16),
)
METHODS = _columns(
    "method", _need_of_method, Column("settings", "settings", _settings, keep=3, least=16)
)


@click.command(cls=options.Command)
@options.as_json("Print them as JSON.")
def tasks(as_json: bool) -> None:
    """List the tasks there are, with their labels."""
    installed = swereg.tasks()
    if as_json:
        output.as_json({"tasks": [asdict(task) for task in installed]})
    else:
        _show(TASKS, installed)


@click.command(cls=options.Command)
@options.as_json("Print them as JSON.")
def methods(as_json: bool) -> None:
    """List the methods there are, with their settings."""
    installed = swereg.methods()
    if as_json:
        output.as_json({"methods": [asdict(method) for method in installed]})
    else:
        _show(METHODS, installed)


def _show(columns: Sequence[Column[Any]], plugins: Sequence[Any]) -> None:
    tables.show(columns, plugins)
    for plugin in plugins:
        if plugin.fault:
            output.say(f"broken: {plugin.name} from {plugin.origin}: {plugin.fault}", style="red")

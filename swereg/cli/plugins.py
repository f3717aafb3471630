"""swereg tasks and methods: what is installed, from where, and what is broken."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import click

import swereg
from swereg import plugins as door
from swereg.cli import output
from swereg.cli.output import Column
from swereg.plugins import Plugin


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def tasks(as_json: bool) -> None:
    """List the tasks there are."""
    _show("tasks", swereg.tasks(), as_json)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def methods(as_json: bool) -> None:
    """List the methods there are, with their settings."""
    _show("methods", swereg.methods(), as_json)


def _show(what: str, found: list[Plugin], as_json: bool) -> None:
    rows = [_facts(plugin) for plugin in found]
    if as_json:
        output.as_json({what: rows})
        return
    details = "labels" if what == "tasks" else "settings"
    columns = [
        Column("name", keep=9), Column("description", keep=5), Column(details, keep=4),
        Column("from", keep=1),
    ]  # fmt: skip
    sound = [row for row in rows if not row["fault"]]
    output.table(
        columns, [[row["name"], row["description"], row[details], row["from"]] for row in sound]
    )
    for row in rows:
        if row["fault"]:
            output.say(f"broken: {row['name']} from {row['from']}: {row['fault']}")


def _facts(plugin: Plugin) -> dict[str, str]:
    """What a plugin says of itself, or what is wrong with it."""
    facts = {"name": plugin.name, "from": plugin.origin, "target": plugin.target}
    fault = door.fault(plugin)
    said: dict[str, str] = {}
    if not fault:
        try:
            said = _said(door.load(plugin))
        except (AttributeError, TypeError) as strange:
            fault = f"it is not what it should be: {strange}"
    return facts | {"description": "", "labels": "", "settings": ""} | said | {"fault": fault}


def _said(plugin: Any) -> dict[str, str]:
    if hasattr(plugin, "settings"):
        settings = {field.name: field.default for field in fields(plugin.settings)}
        return {
            "description": plugin.description,
            "settings": ", ".join(f"{key}={value}" for key, value in settings.items()),
        }
    return {"description": plugin.description, "labels": ", ".join(plugin.labels)}

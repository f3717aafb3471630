"""tasks and methods: what is installed, and what is broken."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from swereg.plugins import entry_points
from swereg.plugins.entry_points import Plugin, PluginBroken
from tests.cli.conftest import Run


def test_the_built_in_ones_are_listed(cli: Run) -> None:
    tasks = json.loads(cli("tasks", "--json").out)["tasks"]
    assert {"sentiment", "errand"} <= {task["name"] for task in tasks}
    methods = {m["name"]: m for m in json.loads(cli("methods", "--json").out)["methods"]}
    assert methods["lora"]["settings"]["r"] == 4
    assert methods["lora"]["learning_rate"] == 1e-4
    assert not any(plugin["fault"] for plugin in [*tasks, *methods.values()])
    shown = cli("methods", tty=True, width=120).out
    assert "r=4, alpha=8, dropout=0.2, targets=query+value" in shown


def test_a_broken_plugin_is_one_line(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(plugin: Plugin) -> Any:
        if plugin.name == "gone":
            raise PluginBroken("no", why="ImportError: no module named 'gone'")
        return SimpleNamespace()

    installed = [Plugin("method", name, "other 1.0", "other:X") for name in ("gone", "odd")]
    monkeypatch.setattr(entry_points, "installed_plugins", lambda kind: installed)
    monkeypatch.setattr(entry_points, "load_plugin", load)
    for command in ("tasks", "methods"):
        done = cli(command, tty=True)
        assert done.code == 0
        assert "broken: gone from other 1.0: ImportError" in done.err
        assert "broken: odd from other 1.0" in done.err
        assert "gone" in done.out

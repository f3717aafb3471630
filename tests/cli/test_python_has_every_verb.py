"""Every verb of the command line is a function of swereg, with the same words for its options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import click
import pytest

import swereg
from swereg.cli.app import app
from swereg.records.dataset import ReadOptions
from swereg.records.training import OPTIONS

PYTHON_NAMES = {"import": "import_"}  # words that Python keeps for itself
# How a person sees the answer, or is asked beforehand: a program has the answer itself.
OF_THE_TERMINAL = {"as_json", "as_csv", "form", "quiet", "yes", "fail_if", "only_list", "dry_run"}
# What a program says by another means: of a verb, or of all verbs (*).
OTHERWISE = {
    ("*", "everything"): "no limit, or no reference",
    ("train", "more_data"): "data is a list",
    ("train", "rank"): "settings={'r': 4}",
    ("train", "resume"): "swereg.resume",
    ("sweep", "rank"): "over={'r': [2, 4]}",
    ("sweep", "lr"): "over={'learning_rate': [1e-4]}",
    ("sweep", "varied"): "over",
    ("sweep", "plot"): "swereg.plot_sweep",
    ("show", "errors"): "swereg.examine",
    ("show", "confusion"): "swereg.examine",
    ("show", "calibration"): "swereg.examine",
    ("show", "per_label"): "swereg.examine",
    ("show", "split"): "swereg.examine",
    ("show", "limit"): "swereg.examine",
    ("show", "plot"): "swereg.plot",
    ("compare", "plot"): "swereg.plot",
    ("recover", "discard"): "swereg.discard",
    ("load", "encoders"): "swereg.Banks",
    ("load", "capacity"): "swereg.Banks",
    ("predict", "path"): "texts",
    ("predict", "arguments"): "texts",
    ("tag", "pairs"): "tags",
    ("data show", "rows"): "swereg.data.sample",
    ("data diff", "limit"): "the whole difference",
}
RENAMED = {  # of options that would hide a word of their module
    ("report", "target"): "output",
    ("data export", "target"): "output",
    ("export", "no_data"): "keep_data",
}
ONLY_HERE = {"completion"}  # for a shell


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name."""

    def walk(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from walk(command, f"{prefix}{name} ")
            else:
                yield f"{prefix}{name}", command

    yield from walk(app, "")


COMMANDS = {name: command for name, command in commands() if name not in ONLY_HERE}


def function_of(name: str) -> Callable[..., Any]:
    function: Any = swereg
    for word in name.split():
        function = getattr(function, PYTHON_NAMES.get(word, word))
    assert callable(function)
    return function  # type: ignore[no-any-return]


def keywords_of(function: Callable[..., Any]) -> set[str]:
    """The names of a function's parameters, with those of a recipe behind ``**options``."""
    parameters = inspect.signature(function).parameters
    options = {option.name for option in OPTIONS} if "options" in parameters else set()
    return {*parameters, *options}


@pytest.mark.parametrize("name", COMMANDS)
def test_it_is_a_function_with_the_same_options(name: str) -> None:
    keywords = keywords_of(function_of(name))
    reading = {field.name for field in fields(ReadOptions)} | {"split_seed"}
    for option in COMMANDS[name].params:
        word = str(option.name)
        if word in OF_THE_TERMINAL or {("*", word), (name, word)} & OTHERWISE.keys():
            continue
        if word in reading and word not in keywords:
            assert "read" in keywords, word
            continue
        accepted = {word, word.removeprefix("no_"), RENAMED.get((name, word), word)}
        if word == "refs":
            accepted |= {"ref"}
        assert accepted & keywords, f"{word} of swereg {name} is not in {sorted(keywords)}"
    assert name in ("tasks", "methods", "doctor", "db path") or "registry" in keywords


def test_what_is_said_otherwise_is_still_an_option() -> None:
    for name, word in OTHERWISE:
        where = COMMANDS.values() if name == "*" else [COMMANDS[name]]
        assert any(option.name == word for command in where for option in command.params)

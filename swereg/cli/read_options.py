"""How data files are read: the options of every command that reads some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import click

from swereg.cli.options import option
from swereg.records.dataset import ReadOptions

READ = {field.name for field in fields(ReadOptions)} - {"seed"}


_OPTIONS: dict[str, dict[str, Any]] = {
    "--text": {
        "metavar": "COLUMN",
        "help": "The column of the texts.  [default: found by name]",
    },
    "--label": {
        "metavar": "COLUMN",
        "help": "The column of the labels.  [default: found by name]",
    },
    "--delimiter": {"metavar": "CHAR", "help": "Of a table: ; or , or \\t.  [default: found]"},
    "--encoding": {"metavar": "NAME", "help": "Such as utf-8 or cp1252.  [default: found]"},
    "--split-seed": {
        "type": int,
        "metavar": "N",
        "help": "Of the split of a single file.  [default: 42, whatever --seed is]",
    },
    "--skip-bad-rows": {
        "type": click.IntRange(min=0),
        "metavar": "N",
        "help": "Leave out up to N rows with a wrong number of fields.  [default: 0]",
    },
    "--drop-empty": {"is_flag": True, "help": "Leave out rows without a text or label."},
    "--repair-mojibake": {"is_flag": True, "help": "Mend texts with Ã¥ for å and the like."},
    "--normalise-labels": {
        "is_flag": True,
        "help": "Join labels that differ in case or spaces.",
    },
    "--dedupe": {
        "is_flag": True,
        "help": "Leave out training texts that are also in validation or test.",
    },
}


def options(section: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add them under a heading."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for name, settings in reversed(_OPTIONS.items()):
            command = option(name, section=section, **settings)(command)
        return command

    return decorate


def taken(values: Mapping[str, Any]) -> ReadOptions:
    """What of it was said, as one value."""
    read = {key: values[key] for key in READ if values[key] is not None}
    seed = {} if values["split_seed"] is None else {"seed": values["split_seed"]}
    return ReadOptions(**read, **seed)

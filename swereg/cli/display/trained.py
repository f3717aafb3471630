"""What is said at the end of a training, of one entry or of one for each seed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from swereg.api.values import ordered_settings
from swereg.cli import output
from swereg.cli.commands.show import scores
from swereg.cli.display import tables
from swereg.home import locations
from swereg.records import formatting
from swereg.records.entry import Entry
from swereg.records.metrics import titles

if TYPE_CHECKING:
    from swereg.api.values import SeedRun

Facts = list[tuple[str, str]]


def refs(result: Entry | SeedRun) -> list[str]:
    """The references of what was trained."""
    return [entry.ref for entry in ([result] if isinstance(result, Entry) else result.entries)]


def tell_trained(result: Entry | SeedRun, registry: str | None) -> None:
    """Tell a person what was trained; give a program the references, and the words to stderr."""
    stored = ("stored in", locations.without_password(registry or locations.registry_location()))
    facts = [stored, *(_summary(result) if isinstance(result, Entry) else _spreads(result))]
    if output.is_terminal():
        tables.facts([(", ".join(refs(result)), facts)])
    else:
        for ref in refs(result):
            output.data(ref)
        output.say("\n".join(f"{name}: {value}" for name, value in facts))
    if isinstance(result, Entry):
        output.say(f'try it: swereg predict {result.ref} "..."')


def _what(entry: Entry) -> Facts:
    settings = ordered_settings(entry.method, entry.recipe.settings)
    return [
        ("base", str(entry.base or formatting.NO_BASE)),
        ("method", f"{entry.method} ({settings})" if settings else entry.method),
        ("trainable", formatting.trainable(entry.trainable, entry.total)),
    ]


def _summary(entry: Entry) -> Facts:
    """What a person wants to know of a new entry."""
    return [
        *_what(entry),
        ("size", formatting.size(entry.weights_size)),
        *([("best epoch", f"{entry.best_epoch} of {len(entry.epochs)}")] if entry.epochs else []),
        *scores(entry),
        ("time", formatting.known(entry.seconds, formatting.duration)),
    ]


def _spreads(run: SeedRun) -> Facts:
    """The means over the seeds, each with the standard deviation between them."""
    sign = output.plus_minus(sys.stdout if output.is_terminal() else sys.stderr)
    names = {"val_loss": "val loss"}
    for metric, name in titles().items():
        names[metric] = f"{formatting.SPLITS[run.split]} {name}"
    facts: Facts = []
    for key, spread in run.spreads.items():
        write = formatting.loss if key == "val_loss" else formatting.share
        value = write(spread.mean)
        if spread.deviation is not None:
            value += f" {sign} {write(spread.deviation)}"
        facts.append((names[key], value))
    seeds = ", ".join(map(str, run.seeds))
    return [
        *_what(run.entries[0]),
        ("seeds", f"{seeds}; what follows is their mean {sign} standard deviation"),
        *facts,
        ("time", formatting.duration(sum(entry.seconds or 0 for entry in run.entries))),
    ]

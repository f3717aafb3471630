"""swereg reproduce."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output
from swereg.cli.completion import references
from swereg.cli.display import progress, tables
from swereg.cli.display.tables import Column
from swereg.cli.options import Session, option
from swereg.errors import CheckFailed
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg.api.values import Part, Reproduction

WORDS = {"identical": "the same bits", "close": "equal within", "different": "different"}
STYLES = {"identical": "green", "close": "green", "different": "red"}


def _off(part: Part) -> str:
    if part.text:
        return part.text
    return f"off by {part.off:.2g}" if part.off else ""


COLUMNS: tuple[Column[Part], ...] = (
    Column("part", "part", lambda part: part.name, keep=2),
    Column("verdict", "again", lambda part: part.verdict, keep=3),
    Column("off", "", _off, lambda part: part.off),
    Column("text", "difference", _off, lambda part: part.text, keep=1, least=24),
)


@click.command(cls=options.Command)
@click.argument("ref", shell_complete=references)
@option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Compute with N threads.  [default: as many as it was trained with]",
)
@option("--store", is_flag=True, help="Keep the new training as the model's next version.")
@options.base()
@option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    help="Where to train.  [default: what it was trained on]",
)
@options.as_json("Print every difference as JSON.")
@options.quiet("Show no progress.")
@click.pass_obj
def reproduce(
    session: Session,
    ref: str,
    threads: int | None,
    store: bool,
    base: str | None,
    device: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train the entry REF again, and see whether it comes out equal.

    Recipe, base and texts are those that were recorded. Losses, metrics, outputs and weights are
    held against the stored ones; nothing is stored. Exit code 4 means that something differs by
    more than 1e-5 of its size (absolute below 1).

    \b
    swereg reproduce sentiment
    swereg reproduce sentiment@prod --threads 1 --json
    """
    with progress.display(quiet=quiet or as_json) as display:
        reproduction = swereg.reproduce(
            ref,
            base=base,
            device=device,
            threads=threads,
            store=store,
            registry=session.registry,
            on_progress=display,
        )
    session.stored = reproduction.stored or ""
    if as_json:
        output.as_json(reproduction.to_json())
    else:
        _print(reproduction)
    if not reproduction.equal:
        raise click.exceptions.Exit(CheckFailed.exit_code)


def _print(reproduction: Reproduction) -> None:
    tables.show(COLUMNS, [*reproduction.parts, *reproduction.tensors])
    for change in reproduction.environment:
        output.say(f"{change.name}: then {_value(change.a)}, now {_value(change.b)}")
    for reason in reproduction.reasons:
        output.note(reason)
    if reproduction.stored:
        output.say(f"stored {reproduction.stored}")
    words = WORDS[reproduction.verdict]
    if reproduction.verdict == "close":
        words += f" {reproduction.tolerance:g}"
    output.say(f"{reproduction.ref} trained again: {words}", style=STYLES[reproduction.verdict])


def _value(value: object) -> str:
    return formatting.UNKNOWN if value is None else str(value)

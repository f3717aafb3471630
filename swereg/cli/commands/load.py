"""swereg load."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

import swereg
from swereg.api.arguments.opening import open_reader
from swereg.cli import options, output, sentences
from swereg.cli.completion import references
from swereg.cli.options import Session, option
from swereg.errors import NotFound, UsageError
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg import Bank, Banks, Registry
    from swereg.api.values import Reader
    from swereg.records.entry import Entry
    from swereg.records.training import BaseInfo


@click.command(cls=options.Command)
@click.argument("refs", nargs=-1, metavar="[REF]...", shell_complete=references)
@option(
    "--all",
    "everything",
    is_flag=True,
    help="Load every model on the registry's own base, or on none, as far as there is room.",
)
@option(
    "--encoders",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many full fine-tunes may be in memory; each brings a whole encoder.",
)
@option(
    "--capacity",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many entries may be in memory.  [default: no limit]",
)
@options.base()
@options.device()
@options.precision()
@click.pass_obj
def load(
    session: Session,
    refs: tuple[str, ...],
    everything: bool,
    encoders: int,
    capacity: int | None,
    base: str | None,
    device: str,
    precision: str,
) -> None:
    """Put entries on their base and answer sentences.

    Sentences come from a prompt (Ctrl-D ends it), or a line each from a pipe. Every entry
    answers every sentence, in the order of the references; entries of one base share it in
    memory, and both limits are for each base.

    \b
    swereg load sentiment errand
    swereg load --all
    echo "Maten var underbar" | swereg load sentiment
    """
    if everything == bool(refs):
        raise click.UsageError("Name entries, or give --all.")

    places: dict[str, Any] = {"base": base, "device": device, "precision": precision}
    limits: dict[str, Any] = {"encoders": encoders, "capacity": capacity}
    with open_reader(session.registry) as registry:
        if everything:
            loaded: Banks | Bank = _load_all(session, registry, **places, **limits)
        else:
            loaded = _load_named(session, registry, refs, **places, **limits)
        for notice in loaded.notices():
            output.note(notice)
        if output.is_terminal(sys.stdin):
            output.say("Type a sentence and press Enter; Ctrl-D ends.", style="dim")
            lines = sentences.typed()
        else:
            lines = sentences.as_they_come()
        for sentence in filter(None, lines):
            _answer(loaded, sentence)


def _load_named(
    session: Session,
    registry: Registry | Reader,
    refs: Iterable[str],
    *,
    base: str | None,
    **options: Any,
) -> Banks:
    """Load all of these entries or none, and say what was loaded."""
    entries = list({entry.ref: entry for entry in map(registry.get, refs)}.values())
    if base is not None and not any(entry.bases for entry in entries):
        entries[0].require_base()  # refuses
    seconds: dict[str, float] = {}
    try:
        banks = swereg.Banks(
            entries,
            base=base,
            registry=registry,
            on_loaded=lambda entry, took: seconds.update({entry.ref: took}),
            **options,
        )
    except UsageError as fault:
        if fault.code == "bank.capacity":
            fault.hint = "Ask for fewer, or raise --encoders or --capacity."
        raise
    for entry in entries:
        _say_loaded(entry, f", {1000 * seconds[entry.ref]:,.0f} ms")
    return banks


def _load_all(
    session: Session,
    registry: Registry | Reader,
    *,
    encoders: int,
    capacity: int | None,
    **options: Any,
) -> Bank:
    """Load what fits; say what was loaded, what was left out, and why.

    Raises:
        NotFound: nothing was loaded.
    """
    began = time.perf_counter()
    bank = swereg.Bank(encoders=encoders, capacity=capacity, registry=registry, **options)
    entries = bank.load_all()
    took = time.perf_counter() - began
    for entry in entries:
        _say_loaded(entry)
    every = [registry.get(name) for name in registry.names()]
    room = (
        f"no room within --capacity {capacity}"
        if len(entries) == capacity
        else f"no room for more than {formatting.several(encoders, 'full fine-tune')}; "
        "--encoders N makes more"
    )
    _say_left_out([entry for entry in every if entry.ref not in bank], registry.default_base, room)
    if not entries:
        raise NotFound(
            "there is no entry to load", hint="See what there is: swereg list", code="load.nothing"
        )
    output.say(f"loaded {formatting.several(len(entries), 'model')} in {1000 * took:,.0f} ms")
    return bank


def _say_loaded(entry: Entry, took: str = "") -> None:
    where = "".join(f" on {base}" for base in entry.bases)
    output.say(
        f"{entry.ref}: {entry.method}, {entry.trainable:,} parameters{where}{took}; "
        f"labels {', '.join(entry.labels)}"
    )


def _say_left_out(entries: Sequence[Entry], base: BaseInfo | None, room: str) -> None:
    """Say which entries were left out, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for entry in entries:
        elsewhere = f"on another base, {entry.base_label}; name them to load them"
        reason = room if entry.suits_base(base) else elsewhere
        reasons.setdefault(reason, []).append(entry.ref)
    for reason, refs in reasons.items():
        output.note(f"left out {', '.join(refs)}: {reason}")


def _answer(loaded: Banks | Bank, sentence: str) -> None:
    """Print each entry's answer: aligned for a person; with the sentence for a program."""
    wide = max(len(entry.ref) for entry in loaded.entries)
    labels = max(len(label) for entry in loaded.entries for label in entry.labels)
    answers = loaded.predict_all([sentence])
    for entry in loaded.entries:
        (answer,) = answers[entry.ref]
        if output.is_terminal():
            label = f"{output.clean(answer.label):<{labels}}"
            output.data(f"  {entry.ref:<{wide}}  {label}  {answer.score:.4f}")
        else:
            output.cells((entry.ref, answer.label, f"{answer.score:.6f}", sentence))
        if answer.truncated:
            output.note(f"{entry.ref} read only the first {entry.recipe.max_length} tokens")

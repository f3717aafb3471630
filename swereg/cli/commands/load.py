"""swereg load."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output
from swereg.cli import sentences as texts
from swereg.cli.completion import references
from swereg.cli.options import Session, option
from swereg.errors import NotFound, UsageError
from swereg.records import formatting

if TYPE_CHECKING:
    from swereg import Bank
    from swereg.records.entry import Entry
    from swereg.records.prediction import Prediction
    from swereg.records.training import BaseInfo


@dataclass(frozen=True)
class Loaded:
    """Entries in memory.

    Attributes:
        entries: in the order in which they answer.
        banks: the bank of each entry, by its reference; entries of one base have the same.
    """

    entries: Sequence[Entry]
    banks: Mapping[str, Bank]

    def predict(self, wanted: Sequence[str]) -> list[tuple[Prediction, ...]]:
        """Answer every text with every entry, in the order of both."""
        found: dict[str, list[Prediction]] = {}
        for bank in dict.fromkeys(self.banks.values()):
            found |= bank.predict_all(wanted, _of_bank(self.banks, bank))
        return list(zip(*(found[entry.ref] for entry in self.entries), strict=True))


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

    def new_bank() -> Bank:
        return swereg.Bank(
            encoders=encoders,
            capacity=capacity,
            base=base,
            registry=session.registry,
            device=device,
            precision=precision,
        )

    if everything:
        loaded = _load_all(session, new_bank, encoders=encoders, capacity=capacity)
    else:
        loaded = _load_named(named(session, refs, base), new_bank)
    say_if_slow(loaded, device, precision)
    if output.is_terminal(sys.stdin):
        output.say("Type a sentence and press Enter; Ctrl-D ends.", style="dim")
        sentences = texts.typed()
    else:
        sentences = texts.as_they_come()
    for sentence in filter(None, sentences):
        _answer(loaded, sentence)


def named(session: Session, refs: Iterable[str], base: str | None) -> list[Entry]:
    """Return the entries that references mean, each of them once.

    Raises:
        NotFound: one of them means none.
        UsageError: it was said where their base is, but none of them has one.
    """
    with swereg.Registry.open(session.registry) as registry:
        found = list({entry.ref: entry for entry in map(registry.get, refs)}.values())
    if base is not None and not any(entry.base for entry in found):
        found[0].require_base()
    return found


def in_banks(
    entries: Sequence[Entry],
    new_bank: Callable[[], Bank],
    on_loaded: Callable[[Entry, float], object] = lambda entry, seconds: None,
) -> Loaded:
    """Put entries on their bases, each base in a bank of its own; one is for those without.

    Args:
        on_loaded: called with each entry and the seconds that it took.

    Raises:
        UsageError: those of one base are more than its bank may hold.
    """
    of_base: dict[str, Bank] = {}
    banks: dict[str, Bank] = {}
    for entry in entries:
        began = time.perf_counter()
        fingerprint = entry.base.fingerprint if entry.base else ""
        if fingerprint not in of_base:
            of_base[fingerprint] = new_bank()
        banks[entry.ref] = of_base[fingerprint]
        banks[entry.ref].load(entry.ref)
        on_loaded(entry, time.perf_counter() - began)
    for bank in of_base.values():
        bank.load(*_of_bank(banks, bank))  # refuses them if some had to leave
    return Loaded(entries, banks)


def say_if_slow(loaded: Loaded, device: str, precision: str) -> None:
    """Say it where a precision makes answers slower."""
    if precision != "bf16" or not any(entry.base for entry in loaded.entries):
        return
    from swereg.adapters import products
    from swereg.adapters.devices import choose_device

    if choose_device(device).type == "cpu" and products.bf16_is_slow():
        output.note(products.SLOW_BF16)


def _of_bank(banks: Mapping[str, Bank], bank: Bank) -> list[str]:
    return [ref for ref, one in banks.items() if one is bank]


def _load_named(entries: Sequence[Entry], new_bank: Callable[[], Bank]) -> Loaded:
    """Load all of these entries or none, and say what was loaded."""
    seconds: dict[str, float] = {}
    try:
        loaded = in_banks(entries, new_bank, lambda entry, took: seconds.update({entry.ref: took}))
    except UsageError as fault:
        if fault.code == "bank.capacity":
            fault.hint = "Ask for fewer, or raise --encoders or --capacity."
        raise
    for entry in entries:
        _say_loaded(entry, f", {1000 * seconds[entry.ref]:,.0f} ms")
    return loaded


def _load_all(
    session: Session, new_bank: Callable[[], Bank], *, encoders: int, capacity: int | None
) -> Loaded:
    """Load what fits; say what was loaded, what was left out, and why.

    Raises:
        NotFound: nothing was loaded.
    """
    began = time.perf_counter()
    bank = new_bank()
    entries = bank.load_all()
    took = time.perf_counter() - began
    for entry in entries:
        _say_loaded(entry)
    with swereg.Registry.open(session.registry) as registry:
        base = registry.default_base
        every = [registry.get(name) for name in registry.names()]
    room = (
        f"no room within --capacity {capacity}"
        if len(entries) == capacity
        else f"no room for more than {formatting.several(encoders, 'full fine-tune')}; "
        "--encoders N makes more"
    )
    _say_left_out([entry for entry in every if entry.ref not in bank], base, room)
    if not entries:
        raise NotFound(
            "there is no entry to load", hint="See what there is: swereg list", code="load.nothing"
        )
    output.say(f"loaded {formatting.several(len(entries), 'model')} in {1000 * took:,.0f} ms")
    return Loaded(entries, {entry.ref: bank for entry in entries})


def _say_loaded(entry: Entry, took: str = "") -> None:
    where = f" on {entry.base}" if entry.base else ""
    output.say(
        f"{entry.ref}: {entry.method}, {entry.trainable:,} parameters{where}{took}; "
        f"labels {', '.join(entry.labels)}"
    )


def _say_left_out(entries: Sequence[Entry], base: BaseInfo | None, room: str) -> None:
    """Say which entries were left out, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for entry in entries:
        here = entry.base is None or base is None or entry.base.fingerprint == base.fingerprint
        reason = room if here else f"on another base, {entry.base}; name them to load them"
        reasons.setdefault(reason, []).append(entry.ref)
    for reason, refs in reasons.items():
        output.note(f"left out {', '.join(refs)}: {reason}")


def _answer(loaded: Loaded, sentence: str) -> None:
    """Print each entry's answer: aligned for a person; with the sentence for a program."""
    wide = max(len(entry.ref) for entry in loaded.entries)
    labels = max(len(label) for entry in loaded.entries for label in entry.labels)
    (answers,) = loaded.predict([sentence])
    for entry, answer in zip(loaded.entries, answers, strict=True):
        if output.is_terminal():
            label = f"{output.clean(answer.label):<{labels}}"
            output.data(f"  {entry.ref:<{wide}}  {label}  {answer.score:.4f}")
        else:
            output.cells((entry.ref, answer.label, f"{answer.score:.6f}", sentence))
        if answer.truncated:
            output.note(f"{entry.ref} read only the first {entry.recipe.max_length} tokens")

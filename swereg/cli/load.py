"""swereg load."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import commands, output, texts
from swereg.cli.commands import Session

if TYPE_CHECKING:
    from swereg import Classifier


@click.command(cls=commands.Command)
@click.argument("refs", nargs=-1, required=True, metavar="REF...")
@commands.base()
@commands.device()
@click.pass_obj
def load(session: Session, refs: tuple[str, ...], base: str | None, device: str) -> None:
    """Put entries on their base and answer sentences.

    Sentences come from a prompt (Ctrl-D ends it), or a line each from a pipe. Every entry
    answers every sentence; entries of one base share it in memory.

    \b
    swereg load sentiment errand
    echo "Maten var underbar" | swereg load sentiment
    """
    loaded = [_loaded(session, ref, base, device) for ref in refs]
    if output.is_terminal(sys.stdin):
        output.say("Type a sentence and press Enter; Ctrl-D ends.", style="dim")
        sentences = texts.typed()
    else:
        sentences = texts.as_they_come()
    for sentence in filter(None, sentences):
        _answer(loaded, sentence)


def _loaded(session: Session, ref: str, base: str | None, device: str) -> Classifier:
    """Load one entry and say what was loaded."""
    began = time.perf_counter()
    classifier = swereg.load(ref, base=base, registry=session.registry, device=device)
    took = 1000 * (time.perf_counter() - began)
    entry = classifier.entry
    output.say(
        f"{entry.ref}: {entry.method}, {classifier.parameters:,} parameters on {entry.base}, "
        f"{took:,.0f} ms; labels {', '.join(classifier.labels)}"
    )
    return classifier


def _answer(loaded: Sequence[Classifier], sentence: str) -> None:
    """Print each entry's answer: aligned for a person; with the sentence for a program."""
    wide = max(len(classifier.ref) for classifier in loaded)
    labels = max(len(label) for classifier in loaded for label in classifier.labels)
    for classifier in loaded:
        (answer,) = classifier.predict([sentence])
        if output.is_terminal():
            label = f"{output.clean(answer.label):<{labels}}"
            output.data(f"  {classifier.ref:<{wide}}  {label}  {answer.score:.4f}")
        else:
            output.cells((classifier.ref, answer.label, f"{answer.score:.6f}", sentence))
        if answer.truncated:
            longest = classifier.entry.recipe.max_length
            output.note(f"{classifier.ref} read only the first {longest} tokens")

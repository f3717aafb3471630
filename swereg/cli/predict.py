"""swereg predict."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import commands, figures, output, tables, texts
from swereg.cli.commands import Session, option
from swereg.cli.tables import Column
from swereg.errors import UsageError

if TYPE_CHECKING:
    from swereg import Classifier, Prediction

PIECE = 256  # texts answered at once

Answer = tuple[str, "Prediction"]

COLUMNS: tuple[Column[Answer], ...] = (
    Column("label", "label", lambda a: a[1].label, keep=3, style="bold"),
    Column("score", "score", lambda a: figures.loss(a[1].score), keep=2, right=True),
    Column("text", "text", lambda a: a[0], keep=1, least=20),
)


@click.command(cls=commands.Command)
@click.argument("ref")
@click.argument("given", nargs=-1, metavar="[TEXT]...")
@option("--file", "path", type=click.Path(path_type=Path), metavar="FILE",
        help="Read the texts from this file, a line each.")  # fmt: skip
@commands.base()
@commands.device()
@commands.as_json("Print the scores of all labels as JSON.")
@option("--csv", "as_csv", is_flag=True,
        help="Print label, score and text as CSV, safe to open in a spreadsheet.")  # fmt: skip
@click.pass_obj
def predict(
    session: Session,
    ref: str,
    given: tuple[str, ...],
    path: Path | None,
    base: str | None,
    device: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Predict the label of each text.

    Texts are given here, in a file, or a line each from a pipe.

    \b
    swereg predict sentiment "Maten var underbar"
    swereg predict sentiment@prod --file reviews.txt --csv > answers.csv
    """
    if as_json and as_csv:
        raise click.UsageError("Choose --json or --csv.")
    wanted = _wanted(ref, given, path)
    classifier = swereg.load(ref, base=base, registry=session.registry, device=device)
    answers = list(zip(wanted, _predicted(classifier, wanted), strict=True))
    if as_json:
        output.as_json({"ref": classifier.ref, "predictions": list(map(_facts, answers))})
    elif as_csv:
        output.as_csv(("label", "score", "text"), map(_cells, answers))
    elif output.is_terminal() and answers:
        tables.show(COLUMNS, answers)
    else:
        for answer in answers:
            output.cells(_cells(answer))
    cut = sum(answer.truncated for _, answer in answers)
    if cut:
        longest = classifier.entry.recipe.max_length
        output.note(f"{cut:,} of {figures.several(len(answers), 'text')} cut at {longest} tokens")


def _wanted(ref: str, given: tuple[str, ...], path: Path | None) -> list[str]:
    """Collect the texts; blank ones are left out, and their number is said."""
    if given and path:
        raise click.UsageError("Give texts or --file, not both.")
    if not given and path is None and output.is_terminal(sys.stdin):
        raise UsageError(
            "there is no text to predict",
            hint=f'Give one: swereg predict {ref} "Maten var underbar"; or ask for a prompt: '
            f"swereg load {ref}",
            code="predict.nothing",
        )
    found = list(given) if given else texts.of_file(path) if path else texts.of_pipe()
    wanted = [text.strip() for text in found if text.strip()]
    blank = len(found) - len(wanted)
    if blank:
        output.note(f"left out {figures.several(blank, 'blank line')}")
    return wanted


def _predicted(classifier: Classifier, wanted: Sequence[str]) -> list[Prediction]:
    """Answer in pieces, with a bar where that takes more than one."""
    pieces = [wanted[start : start + PIECE] for start in range(0, len(wanted), PIECE)]
    if len(pieces) < 2 or not output.is_lively():
        return [answer for piece in pieces for answer in classifier.predict(piece)]
    from rich.progress import track

    bar = track(
        pieces, "predicting", console=output.console(stderr=True), transient=True,
        refresh_per_second=5,
    )  # fmt: skip
    return [answer for piece in bar for answer in classifier.predict(piece)]


def _cells(answer: Answer) -> tuple[str, str, str]:
    text, prediction = answer
    return prediction.label, f"{prediction.score:.6f}", text


def _facts(answer: Answer) -> dict[str, object]:
    text, prediction = answer
    return {
        "text": text,
        "label": prediction.label,
        "score": prediction.score,
        "scores": dict(prediction.scores),
        "truncated": prediction.truncated,
    }

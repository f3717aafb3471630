"""swereg predict."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

import swereg
from swereg.api.arguments.opening import open_reader
from swereg.cli import options, output, sentences
from swereg.cli.completion import references
from swereg.cli.display import tables
from swereg.cli.display.progress import Counting
from swereg.cli.display.tables import Column
from swereg.cli.options import Session, option
from swereg.errors import UsageError
from swereg.records import formatting
from swereg.records.entry import Entry
from swereg.records.prediction import Prediction
from swereg.records.progress import Answered, Notice, Progress

Answer = tuple[Entry, str, Prediction]

REF: Column[Answer] = Column("ref", "entry", lambda a: a[0].ref, keep=4)
COLUMNS: tuple[Column[Answer], ...] = (
    Column("label", "label", lambda a: a[2].label, keep=3, style="bold"),
    Column(
        "score",
        "score",
        lambda a: formatting.loss(a[2].score),
        lambda a: f"{a[2].score:.6f}",
        keep=2,
        right=True,
    ),
    Column("text", "text", lambda a: a[1], keep=1, least=20),
)


@click.command(cls=options.Command)
@click.argument("ref", metavar="REF[,REF]...", shell_complete=references)
@click.argument("arguments", nargs=-1, metavar="[TEXT]...")
@option(
    "--file",
    "path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the texts from this file, a line each.",
)
@options.base()
@options.device()
@options.precision()
@options.as_json("Print the scores of all labels as JSON.")
@option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="Print label, score and text as CSV, safe to open in a spreadsheet.",
)
@click.pass_obj
def predict(
    session: Session,
    ref: str,
    arguments: tuple[str, ...],
    path: Path | None,
    base: str | None,
    device: str,
    precision: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Predict the label of each text.

    Texts are given here, in a file, or a line each from a pipe.

    References with commas between them all answer each text, in their order. Every row then
    begins with the entry's reference, and so does every object of "predictions" in --json.

    \b
    swereg predict sentiment "Maten var underbar"
    swereg predict sentiment,errand "Hålet på Storgatan är kvar"
    swereg predict sentiment@prod --file reviews.txt --csv > answers.csv
    """
    if as_json and as_csv:
        raise click.UsageError("Choose --json or --csv.")
    refs = ref.split(",")
    texts = _collect_texts(refs, arguments, path)
    with open_reader(session.registry) as registry, Counting() as bar:
        entries = list({entry.ref: entry for entry in map(registry.get, refs)}.values())
        predictions = swereg.predict(
            entries,
            texts,
            base=base,
            device=device,
            precision=precision,
            registry=registry,
            on_progress=partial(_show_progress, bar),
        )
    answers = [
        (entry, text, predictions[entry.ref][number])
        for number, text in enumerate(texts)
        for entry in entries
    ]
    columns = COLUMNS if len(refs) == 1 else (REF, *COLUMNS)
    if as_json:
        output.as_json(_facts(entries, answers, several=len(refs) > 1))
    elif as_csv:
        output.as_csv([column.key for column in columns], _rows(columns, answers))
    elif output.is_terminal() and answers:
        tables.show(columns, answers)
    else:
        for row in _rows(columns, answers):
            output.cells(row)
    _note_cut_texts(entries, answers)


def _show_progress(bar: Counting, event: Progress) -> None:
    if isinstance(event, Notice):
        output.note(event.text)
    elif isinstance(event, Answered):
        bar(event.done, event.of, "texts")


def _collect_texts(refs: Sequence[str], words: tuple[str, ...], path: Path | None) -> list[str]:
    """Collect the texts; blank ones are left out, and their number is said."""
    if words and path:
        raise click.UsageError("Give texts or --file, not both.")
    if not words and path is None and output.is_terminal(sys.stdin):
        raise UsageError(
            "there is no text to predict",
            hint=f'Give one: swereg predict {",".join(refs)} "Maten var underbar"; or ask '
            f"for a prompt: swereg load {' '.join(refs)}",
            code="predict.nothing",
        )
    lines = list(words) if words else sentences.of_file(path) if path else sentences.of_pipe()
    texts = [line.strip() for line in lines if line.strip()]
    blank = len(lines) - len(texts)
    if blank:
        output.note(f"left out {formatting.several(blank, 'blank line')}")
    return texts


def _rows(columns: Sequence[Column[Answer]], answers: Sequence[Answer]) -> list[list[object]]:
    return [[(column.value or column.cell)(answer) for column in columns] for answer in answers]


def _facts(
    entries: Sequence[Entry], answers: Sequence[Answer], *, several: bool
) -> dict[str, object]:
    """Everything for a program: one entry once, several with each of their answers."""
    predictions = [
        {
            **({"ref": entry.ref} if several else {}),
            "text": text,
            "label": prediction.label,
            "score": prediction.score,
            "scores": dict(prediction.scores),
            "truncated": prediction.truncated,
        }
        for entry, text, prediction in answers
    ]
    named = {"refs": [entry.ref for entry in entries]} if several else {"ref": entries[0].ref}
    return {**named, "predictions": predictions}


def _note_cut_texts(entries: Sequence[Entry], answers: Sequence[Answer]) -> None:
    """Say how many texts were cut, for each entry where there are several."""
    for entry in entries:
        cut = [answer.truncated for answering, _, answer in answers if answering.ref == entry.ref]
        if any(cut):
            whose = f"{entry.ref}: " if len(entries) > 1 else ""
            longest = entry.recipe.max_length
            total = formatting.several(len(cut), "text")
            output.note(f"{whose}{sum(cut):,} of {total} cut at {longest} tokens")

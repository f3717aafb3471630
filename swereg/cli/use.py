"""swereg load and predict."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import output
from swereg.cli.output import Column
from swereg.errors import NotFound, UsageError

if TYPE_CHECKING:
    from swereg import Classifier, Prediction

_PIECE = 256  # texts answered at once from a file or pipe


@click.command()
@click.argument("refs", nargs=-1, required=True, metavar="REF...")
@click.option("--base", metavar="BASE", help="Where the base is now, if it has moved.")
@click.option("--device", default="auto", metavar="NAME", show_default=True,
              help="cpu, cuda or mps; auto takes the best there is.")  # fmt: skip
@click.pass_obj
def load(registry: str | None, refs: tuple[str, ...], base: str | None, device: str) -> None:
    """Put entries on their base and answer sentences.

    Sentences are read from a prompt, or a line each from a pipe. Every entry answers each.
    """
    loaded = [_load(ref, base, registry, device) for ref in refs]
    prompt = output.is_terminal(sys.stdin)
    if prompt:
        output.say("Type a sentence and press return; end with Ctrl-D.")
    for text in _typed() if prompt else _lines(sys.stdin):
        for classifier in loaded:
            (answer,) = classifier.predict([text])
            _note_cut([answer], classifier)
            line = [classifier.ref, answer.label, f"{answer.score:.4f}"]
            output.data("  ".join(line) if prompt else "\t".join([*line, text]))


def _load(ref: str, base: str | None, registry: str | None, device: str) -> Classifier:
    began = time.perf_counter()
    classifier = swereg.load(ref, base=base, registry=registry, device=device)
    took = 1000 * (time.perf_counter() - began)
    output.say(
        f"{classifier.ref}: {classifier.entry.method} on {classifier.entry.base}, "
        f"{classifier.parameters:,} parameters, {took:,.0f} ms; "
        f"labels {', '.join(classifier.labels)}"
    )
    return classifier


def _typed() -> Iterator[str]:
    while True:
        click.echo("> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            output.say("")
            return
        if line.strip():
            yield line.strip()


def _lines(stream: Iterable[str]) -> Iterator[str]:
    for line in stream:
        if line.strip():
            yield line.strip()


@click.command()
@click.argument("ref")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--file", "path", type=click.Path(path_type=Path), metavar="FILE",
              help="Texts from a file, a line each.")  # fmt: skip
@click.option("--base", metavar="BASE", help="Where the base is now, if it has moved.")
@click.option("--device", default="auto", metavar="NAME", show_default=True,
              help="cpu, cuda or mps; auto takes the best there is.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print every label's score as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print text, label and score as CSV.")
@click.pass_obj
def predict(
    registry: str | None,
    ref: str,
    texts: tuple[str, ...],
    path: Path | None,
    base: str | None,
    device: str,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Predict the label of each text: from arguments, --file, or a line each from a pipe."""
    wanted = _wanted(texts, path)
    classifier = swereg.load(ref, base=base, registry=registry, device=device)
    answers: list[Prediction] = []
    for start in range(0, len(wanted), _PIECE):
        answers += classifier.predict(wanted[start : start + _PIECE])
    _note_cut(answers, classifier)
    rows = [
        [answer.label, f"{answer.score:.4f}", text]
        for answer, text in zip(answers, wanted, strict=True)
    ]
    if as_json:
        found = [
            {"text": text, "label": a.label, "score": a.score, "scores": dict(a.scores),
             "truncated": a.truncated}
            for a, text in zip(answers, wanted, strict=True)
        ]  # fmt: skip
        output.as_json({"ref": classifier.ref, "predictions": found})
    elif as_csv:
        output.as_csv(["text", "label", "score"], [[text, *rest] for *rest, text in rows])
    elif output.is_terminal():
        columns = [
            Column("label", keep=3),
            Column("score", right=True, keep=1),
            Column("text", keep=2),
        ]
        output.table(columns, rows)
    else:
        for row in rows:
            output.data("\t".join(row))


def _wanted(texts: tuple[str, ...], path: Path | None) -> list[str]:
    """Collect the texts; blank ones are left out, and it is said how many."""
    if texts and path:
        raise UsageError("give texts or --file, not both", code="predict.texts")
    if texts:
        found = list(texts)
    elif path:
        found = _file(path)
    elif output.is_terminal(sys.stdin):
        raise UsageError(
            "there is nothing to predict",
            hint='Give a text: swereg predict sentiment "Maten var underbar"',
            code="predict.texts",
        )
    else:
        found = sys.stdin.read().splitlines()
    kept = [text.strip() for text in found if text.strip()]
    if len(kept) < len(found):
        output.note(f"{len(found) - len(kept)} blank lines are left out")
    return kept


def _file(path: Path) -> list[str]:
    from swereg.tasks.decoding import decode

    if not path.is_file():
        raise NotFound(f"there is no file {path}", code="predict.file")
    text, notices = decode(path)
    for said in notices:
        output.note(said)
    return text.splitlines()


def _note_cut(answers: list[Prediction], classifier: Classifier) -> None:
    cut = sum(answer.truncated for answer in answers)
    if cut:
        longest = classifier.entry.recipe.max_length
        output.note(f"{cut} of {len(answers)} texts are cut at {longest} tokens")

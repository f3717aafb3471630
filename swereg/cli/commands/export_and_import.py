"""swereg export and swereg import."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

import swereg
from swereg.api.values import ordered_settings
from swereg.cli import options, output
from swereg.cli.commands.show import scores
from swereg.cli.completion import models, references, tasks
from swereg.cli.display import progress, tables
from swereg.cli.options import Session, option
from swereg.records import formatting
from swereg.records.dataset import ReadOptions
from swereg.records.entry import Entry

READ = (
    "text",
    "label",
    "delimiter",
    "encoding",
    "drop_empty",
    "repair_mojibake",
    "normalise_labels",
)

about_entry = partial(option, section="What")
reading = partial(option, section="Reading --data")
result = partial(option, section="Result")


@click.command(cls=options.Command)
@click.argument("refs", nargs=-1, required=True, metavar="REF...", shell_complete=references)
@option(
    "-o",
    "--output",
    "file",
    metavar="FILE.swereg",
    help="Write the entries into one file, with all that is known of them; swereg import takes it.",
)
@option(
    "--no-data", is_flag=True, help="Leave the texts out of the file; their digest and counts stay."
)
@option(
    "--peft",
    metavar="DIR",
    help="Write an adapter that PEFT loads on its base, with a "
    "model card. For lora, rslora, dora, ia3, vera and peft.",
)
@option(
    "--merged",
    metavar="DIR",
    help="Write a whole model that transformers loads, with its tokenizer. For every method.",
)
@option("--force", is_flag=True, help="Replace an earlier export in that folder.")
@options.base()
@click.pass_obj
def export(
    session: Session,
    refs: tuple[str, ...],
    file: str | None,
    no_data: bool,
    peft: str | None,
    merged: str | None,
    force: bool,
    base: str | None,
) -> None:
    """Write entries into a file, or one for PEFT or as a plain model.

    The file or folder is written whole or not at all, and its path is printed.

    \b
    swereg export sentiment errand/2 -o both.swereg
    swereg export sentiment --peft sentiment-adapter
    swereg export sentiment@prod --merged sentiment-model
    """
    written = swereg.export(
        *refs,
        file=file,
        keep_data=not no_data,
        peft=peft,
        merged=merged,
        base=base,
        force=force,
        registry=session.registry,
    )
    output.data(output.clean(str(written)))


def _labels(_: click.Context, __: click.Parameter, value: str | None) -> list[str] | None:
    """Read labels with commas between them, or as a JSON list if they have commas in them."""
    if value is None:
        return None
    if not value.lstrip().startswith("["):
        return [label.strip() for label in value.split(",")]
    try:
        labels = json.loads(value)
    except ValueError as fault:
        raise click.BadParameter(f"it is no JSON list: {fault}") from fault
    if not all(isinstance(label, str) for label in labels):
        raise click.BadParameter("it is no JSON list of texts.")
    return list(labels)


@click.command("import", cls=options.Command)
@click.argument("source", metavar="FILE|DIR")
@about_entry(
    "--name",
    shell_complete=models,
    metavar="NAME",
    help="Of the model that gets a new version.  [default: of a file, the names in it]",
)
@about_entry(
    "--labels",
    metavar="A,B,...",
    callback=_labels,
    help="In the order of the head's outputs; "
    "a JSON list if they have commas.  [default: what the folder says, if swereg wrote it]",
)
@about_entry(
    "--task",
    shell_complete=tasks,
    metavar="NAME",
    help="What it was trained for.  [default: what the folder says, else the name]",
)
@about_entry(
    "--base",
    metavar="BASE",
    help="mini, a Hub id, id@revision, or a folder.  [default: the "
    "recorded one where the folder names it, else the registry's own]",
)
@about_entry(
    "--max-length",
    type=int,
    metavar="N",
    help="Tokens per text; the rest of a text is cut.  [default: what the folder says, else 256]",
)
@about_entry(
    "--data",
    metavar="PATH",
    multiple=True,
    help="Score it on these examples: the test part "
    "of several files or of a folder, or all of one file.",
)
@about_entry(
    "--no-keep-data",
    is_flag=True,
    help="Keep no texts of --data in the registry, only their digest and counts.",
)
@about_entry("--note", metavar="TEXT", default="", help="Your own words, kept with the entry.")
@reading("--text", metavar="COLUMN", help="The column of the texts.  [default: found by name]")
@reading("--label", metavar="COLUMN", help="The column of the labels.  [default: found by name]")
@reading("--delimiter", metavar="CHAR", help="Of a table: ; or , or \\t.  [default: found]")
@reading("--encoding", metavar="NAME", help="Such as utf-8 or cp1252.  [default: found]")
@reading("--drop-empty", is_flag=True, help="Leave out rows without a text or label.")
@reading("--repair-mojibake", is_flag=True, help="Mend texts with Ã¥ for å and the like.")
@reading("--normalise-labels", is_flag=True, help="Join labels that differ in case or spaces.")
@result("--json", "as_json", is_flag=True, help="Print all facts of the entry as JSON.")
@result("-q", "--quiet", is_flag=True, help="Print the reference alone.")
@click.pass_obj
def import_(
    session: Session,
    /,
    source: str,
    name: str | None,
    data: tuple[str, ...],
    no_keep_data: bool,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> None:
    """Store entries from a file, or an adapter in PEFT's format.

    A file comes from swereg export -o; each of its entries gets the next number of its name, all
    of them or none. From a folder, LoRA, rsLoRA, DoRA, (IA)³ and VeRA with a linear head are
    understood; whatever else would change the computation is refused by name. Nothing that comes
    in is run, unpickled or fetched.

    \b
    swereg import both.swereg
    swereg import sentiment-adapter --name sentiment-lab
    swereg import checkpoint-120 --name ton --labels glad,arg --data test.csv
    """
    read = ReadOptions(**{key: value for key in READ if (value := values.pop(key)) is not None})
    with progress.Quiet() as display:
        entries = swereg.import_(
            source,
            name=name,
            data=list(data) or None,
            read=read if read != ReadOptions() else None,
            keep_data=not no_keep_data,
            registry=session.registry,
            on_progress=display,
            **values,
        )
    session.stored = ", ".join(entry.ref for entry in entries)
    if not as_json:
        _tell(entries, quiet=quiet)
    elif Path(source).is_dir():
        output.as_json(entries[0].to_json())
    else:
        output.as_json({"entries": [entry.to_json() for entry in entries]})


def _tell(entries: Sequence[Entry], *, quiet: bool) -> None:
    if quiet or not output.is_terminal():
        for entry in entries:
            output.data(entry.ref)
    else:
        tables.facts([(entry.ref, _summary(entry)) for entry in entries])
    if not quiet and len(entries) == 1:
        output.say(f'try it: swereg predict {entries[0].ref} "..."')


def _summary(entry: Entry) -> list[tuple[str, str]]:
    """What a person wants to know of an imported entry."""
    settings = ordered_settings(entry.method, entry.recipe.settings)
    return [
        ("base", _base(entry)),
        ("method", f"{entry.method} ({settings})" if settings else entry.method),
        ("labels", ", ".join(entry.labels)),
        ("trainable", formatting.trainable(entry.trainable, entry.total)),
        ("size", formatting.size(entry.weights_size)),
        *(scores(entry) or [("scores", formatting.UNKNOWN)]),
    ]


def _base(entry: Entry) -> str:
    claim = f" ({entry.origin['base']})" if "base" in entry.origin else ""
    return f"{entry.base_label}{claim}"

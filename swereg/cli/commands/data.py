"""swereg data: the datasets that entries learnt from, and files before they are trained on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

import swereg
from swereg.cli import options, output, read_options
from swereg.cli.commands.list import NO_REGISTRY
from swereg.cli.completion import references, tasks
from swereg.cli.display import data_check, datasets, progress, tables
from swereg.cli.options import Session, option
from swereg.errors import SweregError

if TYPE_CHECKING:
    from swereg.records.dataset import StoredDataset

REFUSED = 4  # the exit code of a check that found something


@click.group(cls=options.Group)
def data() -> None:
    """Look at, compare, export, check and remove data.

    A dataset is named by the beginning of its digest (6 digits or more), or by a reference to an
    entry that used it, such as complaints, complaints/3 or complaints@prod.
    """


@data.command("list")
@option("--task", shell_complete=tasks, metavar="NAME", help="Only datasets of this task.")
@options.as_json("Print all that is known of each as JSON.")
@options.quiet("Print digests alone.")
@click.pass_obj
def list_(session: Session, task: str | None, as_json: bool, quiet: bool) -> None:
    """List the datasets, the one that was first used last at the top."""
    listed, nothing = _datasets(session, task)
    if as_json:
        output.as_json({"datasets": [dataset.to_json() for dataset in listed]})
    elif quiet:
        for dataset in listed:
            output.data(dataset.digest)
    elif listed:
        tables.show(datasets.COLUMNS, listed)
    else:
        output.say(nothing)


def _datasets(session: Session, task: str | None) -> tuple[tuple[StoredDataset, ...], str]:
    """Fetch datasets, and what to say if there is none. No registry yet counts as an empty one."""
    try:
        stored = swereg.data.list(task=task, registry=session.registry)
    except SweregError as missing:
        if missing.code not in NO_REGISTRY:
            raise
        return (), f"{missing.what[:1].upper()}{missing.what[1:]}. {missing.hint}"
    if task:
        return stored, f"There is no dataset of the task {task}."
    return stored, "There is no dataset yet. Training keeps one: swereg train --task sentiment"


@data.command()
@click.argument("dataset", shell_complete=references)
@option(
    "--rows",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    metavar="N",
    help="How many rows to show, from all over it.",
)
@options.as_json("Print it as JSON.")
@click.pass_obj
def show(session: Session, dataset: str, rows: int, as_json: bool) -> None:
    """Show what a dataset has in it, and which entries used it.

    \b
    swereg data show complaints
    swereg data show 9f3ac1 --rows 20
    """
    stored = swereg.data.show(dataset, registry=session.registry)
    shown = (
        swereg.data.sample(stored.digest, rows, registry=session.registry) if stored.kept else []
    )
    if as_json:
        output.as_json({**stored.to_json(), "rows": [row._asdict() for row in shown]})
    else:
        datasets.draw_dataset(stored, shown)


@data.command()
@click.argument("dataset", shell_complete=references)
@option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    default="-",
    show_default=True,
    help="Where to write it; - is stdout.",
)
@option(
    "--format",
    "form",
    type=click.Choice(["csv", "tsv", "jsonl"]),
    help="How to write it.  [default: what FILE ends in, else csv]",
)
@option(
    "--spreadsheet",
    is_flag=True,
    help="Write for Excel: UTF-8 with a mark, semicolons, and "
    "an apostrophe before what would be a formula. Such texts are others when read again.",
)
@option("--force", is_flag=True, help="Replace the file if it is there.")
@click.pass_obj
def export(
    session: Session, dataset: str, target: str, form: str | None, spreadsheet: bool, force: bool
) -> None:
    """Write a dataset to a file that can be read again.

    The file has the columns split, text and label, and gives the same dataset when it is read:
    the same digest, under the same task.

    \b
    swereg data export complaints -o complaints.csv
    swereg data export 9f3ac1 --format jsonl > complaints.jsonl
    """
    path = None if target == "-" else Path(target)
    exported = swereg.data.export(
        dataset, path, form=form, spreadsheet=spreadsheet, force=force, registry=session.registry
    )
    if path is None:
        output.content(exported.text)
    else:
        output.data(output.clean(str(path)))
    for note in datasets.notes(exported):
        output.note(note)


@data.command()
@click.argument("before", shell_complete=references)
@click.argument("after", shell_complete=references)
@option(
    "--limit",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="The most rows of each kind to show a person.",
)
@options.as_json("Print counts and all rows as JSON.")
@click.pass_obj
def diff(session: Session, before: str, after: str, limit: int, as_json: bool) -> None:
    """Show the rows that were added, removed, relabelled or moved to another split.

    \b
    swereg data diff complaints/1 complaints/2
    """
    difference = swereg.data.diff(before, after, registry=session.registry)
    if as_json:
        output.as_json(difference.to_json())
    else:
        datasets.draw_difference(difference, limit)


@data.command()
@click.argument("dataset", shell_complete=references)
@option("--yes", is_flag=True, help="Do not ask.")
@options.as_json("Print what was done as JSON.")
@click.pass_obj
def rm(session: Session, dataset: str, yes: bool, as_json: bool) -> None:
    """Erase the texts of a dataset, for good.

    Its digest and counts stay, and so do the entries that used it, with their scores and outputs.
    """
    stored = swereg.data.show(dataset, registry=session.registry)
    _ask(f"Erase {datasets.texts_of(stored)} of dataset {stored.short}, for good?", yes)
    forgotten = swereg.data.rm(stored.digest, registry=session.registry)
    if as_json:
        output.as_json(datasets.forgotten(forgotten))
        return
    output.data(forgotten.dataset.digest)
    output.say(datasets.farewell(forgotten))


def _is_asked() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty()


def _ask(question: str, yes: bool) -> None:
    """Ask a person; a program has to say --yes."""
    if yes:
        return
    if not _is_asked():
        raise click.UsageError("There is nobody to ask; say --yes.")
    output.say(question + " [y/N]")
    if sys.stdin.readline().strip().casefold() not in ("y", "yes", "j", "ja"):
        raise click.Abort


@data.command()
@click.argument("data", nargs=-1, required=True, metavar="FILE...")
@option(
    "--task",
    shell_complete=tasks,
    metavar="NAME",
    help="What it would be trained as; a TOML file's labels are those that the data have to have.",
)
@option(
    "--base",
    metavar="BASE",
    help="Whose tokenizer counts: mini, a Hub id, or a folder.  "
    "[default: the registry's own, else mini]",
)
@option(
    "--max-length",
    type=int,
    metavar="N",
    help="Tokens per text; the rest would be cut.  [default: 256]",
)
@read_options.options("Reading files")
@option("--json", "as_json", is_flag=True, section="Result", help="Print the report as JSON.")
@click.pass_context
def check(
    ctx: click.Context,
    /,
    data: Sequence[str],
    task: str | None,
    base: str | None,
    max_length: int | None,
    as_json: bool,
    **values: object,
) -> None:
    """Say what training would say about data: what it refuses, balance, lengths, twins.

    FILE is what --data takes: a file, two or three, a folder, or hub:ORG/NAME; or it is the name
    or the TOML file of a task. Nothing is stored, and torch is not needed. The exit code is 4 if
    training would refuse the data.

    \b
    swereg data check complaints.csv
    swereg data check train.jsonl test.jsonl --dedupe
    """
    session: Session = ctx.obj
    with progress.Quiet() as display:
        report = swereg.data.check(
            data[0] if len(data) == 1 else list(data),
            task=task,
            base=base,
            max_length=max_length,
            read=read_options.taken(values),
            registry=session.registry,
            on_progress=display,
        )
    if as_json:
        output.as_json(report.to_json())
    else:
        data_check.draw_data_check(report)
    if not report.accepted:
        ctx.exit(REFUSED)

"""swereg train."""

from __future__ import annotations

from typing import Any

import click

import swereg
from swereg.cli import output
from swereg.cli.progress import Display
from swereg.records import Entry, ReadOptions, Recipe

_READ = ("text", "label", "delimiter", "encoding", "skip_bad_rows", "drop_empty",
         "repair_mojibake", "normalise_labels", "dedupe")  # fmt: skip
_RECIPE = ("learning_rate", "batch_size", "epochs", "patience", "seed", "max_length", "dropout",
           "weight_decay", "clip", "precision", "device")  # fmt: skip


def _settings(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    """Read KEY=VALUE options."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE, such as r=8.")
        settings[key.strip()] = value.strip()
    return settings


@click.command()
@click.option("--task", metavar="NAME", help="What to learn; see: swereg tasks.")
@click.option(
    "--data",
    metavar="PATH",
    multiple=True,
    help="Your own data: a CSV, TSV or JSONL file (split 80/10/10), up to three files "
    "(train, val, test), or a folder with them.",
)
@click.option(
    "--method",
    metavar="SPEC",
    default="lora",
    show_default=True,
    help='How to adapt the base: lora, full, head, or with settings "lora[r=8,alpha=16]"; '
    "see: swereg methods.",
)
@click.option(
    "-o",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_settings,
    help="A setting of the method, such as r=8; may be repeated.",
)
@click.option("--rank", type=int, metavar="N", help="Short for -o r=N.  [default: the method's, 4]")
@click.option(
    "--learning-rate",
    "--lr",
    type=float,
    metavar="RATE",
    help="Peak learning rate.  [default: the base's advice, else lora 1e-4, full 1e-5, head 1e-3]",
)
@click.option(
    "--batch-size",
    type=int,
    metavar="N",
    help=f"Examples per step.  [default: {Recipe.batch_size}]",
)
@click.option("--epochs", type=int, metavar="N", help=f"Most epochs.  [default: {Recipe.epochs}]")
@click.option(
    "--patience",
    type=int,
    metavar="N",
    help=f"Stop after N epochs without a better validation loss.  [default: {Recipe.patience}]",
)
@click.option(
    "--seed",
    type=int,
    metavar="N",
    help=f"Of initialisation, order, dropout and split.  [default: {Recipe.seed}]",
)
@click.option(
    "--max-length",
    type=int,
    metavar="N",
    help=f"Tokens per text; longer texts are cut.  [default: {Recipe.max_length}, or less if the "
    "base takes less]",
)
@click.option(
    "--dropout",
    type=float,
    metavar="P",
    help=f"In the encoder and before the head.  [default: {Recipe.dropout}]",
)
@click.option(
    "--weight-decay", type=float, metavar="X", help=f"Of AdamW.  [default: {Recipe.weight_decay}]"
)
@click.option(
    "--clip", type=float, metavar="X", help=f"Largest gradient norm.  [default: {Recipe.clip}]"
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16"]),
    help=f"Of the arithmetic.  [default: {Recipe.precision}]",
)
@click.option("--device", metavar="NAME", help="cpu, cuda or mps.  [default: the best there is]")
@click.option(
    "--base",
    metavar="BASE",
    help="mini, a Hub id, id@revision, or a folder.  [default: the registry's own; a new "
    "registry takes KB/bert-base-swedish-cased where it can be had, else mini]",
)
@click.option(
    "--name",
    metavar="NAME",
    help="Of the model.  [default: the task, followed by the method if not lora]",
)
@click.option("--note", default="", metavar="TEXT", help="Your own words, kept with the entry.")
@click.option(
    "--text",
    default="",
    metavar="COLUMN",
    help="Column of the texts.  [default: found by its name]",
)
@click.option(
    "--label",
    default="",
    metavar="COLUMN",
    help="Column of the labels.  [default: found by its name]",
)
@click.option(
    "--delimiter", default="", metavar="CHAR", help="Of a table: ; , or \\t.  [default: found]"
)
@click.option(
    "--encoding", default="", metavar="NAME", help="Such as utf-8 or cp1252.  [default: found]"
)
@click.option(
    "--skip-bad-rows",
    type=int,
    default=0,
    metavar="N",
    show_default=True,
    help="Leave out up to N rows with a wrong number of fields.",
)
@click.option("--drop-empty", is_flag=True, help="Leave out rows without a text or label.")
@click.option("--repair-mojibake", is_flag=True, help="Mend texts with Ã¥ for å and the like.")
@click.option(
    "--normalise-labels", is_flag=True, help="Join labels that differ only in case or spaces."
)
@click.option(
    "--dedupe", is_flag=True, help="Drop training texts that are also in validation or test."
)
@click.option("--json", "as_json", is_flag=True, help="Print the entry as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print the reference alone.")
@click.pass_obj
def train(
    registry: str | None,
    /,
    task: str | None,
    data: tuple[str, ...],
    method: str,
    settings: dict[str, str],
    rank: int | None,
    base: str | None,
    name: str | None,
    note: str,
    as_json: bool,
    quiet: bool,
    **said: Any,
) -> None:
    """Train an entry and store it.

    \b
    swereg train --task sentiment                     LoRA on a built-in task
    swereg train --task sentiment --method full       the baseline
    swereg train --task complaints --data mail.csv    your own data
    """
    if rank is not None:
        settings = settings | {"r": str(rank)}
    read = {key: said[key] for key in _READ}
    recipe = {key: said[key] for key in _RECIPE if said[key] is not None}
    if "seed" in recipe:
        read["seed"] = recipe["seed"]
    with Display(quiet=quiet or as_json) as display:
        entry = swereg.train(
            task,
            data=list(data) if data else None,
            read=ReadOptions(**read),
            method=method,
            settings=settings,
            base=base,
            name=name,
            note=note,
            registry=registry,
            on_progress=display,
            **recipe,
        )
    if as_json:
        output.as_json(entry.to_json())
    elif quiet or not output.is_terminal():
        output.data(entry.ref)
    if not (as_json or quiet):
        _summary(entry)


def _summary(entry: Entry) -> None:
    """Say what was trained and what to do next."""
    split = "test" if "test" in entry.scores else "val"
    scores = entry.scores[split]
    output.say(
        f"{entry.ref} is stored: {entry.trainable:,} of {entry.total:,} parameters "
        f"({entry.trainable_percent:.4f} %), {output.size(entry.weights_size)}, on {entry.base}"
    )
    output.say(
        f"best epoch {entry.best_epoch} of {len(entry.epochs)}, validation loss "
        f"{entry.val_loss:.4f}; {split} accuracy {scores['accuracy']:.3f}, "
        f"macro-F1 {scores['macro_f1']:.3f}; {output.duration(entry.seconds)}"
    )
    output.say(f'try it: swereg predict {entry.ref} "..."')

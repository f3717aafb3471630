"""swereg train."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

import swereg
from swereg.cli import options as commands
from swereg.cli import output, read_options
from swereg.cli.completion import methods, models, tasks
from swereg.cli.display import progress, trained
from swereg.cli.options import Session, option
from swereg.plugins.settings import recommended
from swereg.records import formatting
from swereg.records.entry import Entry
from swereg.records.training import Recipe

if TYPE_CHECKING:
    from swereg.evaluation.statistics import SeedRun

RECIPE = {field.name for field in fields(Recipe)} - {"method", "settings"}

what = partial(option, section="What")
how = partial(option, section="How", default=None)
result = partial(option, section="Result")


def usual(text: str, field: str) -> str:
    """A help text with the recipe's default."""
    return f"{text}  [default: {formatting.plain(getattr(Recipe, field))}]"


def _settings(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    """Read KEY=VALUE pairs."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE, such as r=8.")
        settings[key.strip()] = value.strip()
    return settings


def _seeds(
    _: click.Context, __: click.Parameter, value: str | None
) -> int | tuple[int, ...] | None:
    """Read a number of seeds, or the seeds with commas between them."""
    if value is None:
        return None
    try:
        return tuple(map(int, value.split(","))) if "," in value else int(value)
    except ValueError:
        why = f"{value!r} is neither a number nor seeds such as 1,2,3."
        raise click.BadParameter(why) from None


class Train(commands.Command):
    """The command with what its defaults are on a base that recommends others."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the settings that bases recommend."""
        for base, advised in recommended().items():
            with formatter.section(f"Defaults on the base {base}, where they differ"):
                formatter.write_dl(list(advised.items()))
        super().format_epilog(ctx, formatter)


@click.command(cls=Train)
@click.argument("more_data", nargs=-1, metavar="")
@what(
    "--task",
    shell_complete=tasks,
    metavar="NAME",
    help="What to learn: a name ('swereg tasks' lists them) or a "
    "TOML file; with --data any name. Without --data, a task that is not installed is trained "
    "on its newest dataset in the registry; an installed one reads its own.  [default: with "
    "--data the name of the file]",
)
@what(
    "--data",
    metavar="PATH",
    multiple=True,
    help="Your own data: a CSV, TSV, JSONL, Excel "
    "or Parquet file (split 80/10/10), up to three files (train, val, test), a folder with them, "
    "or a dataset on the Hub: hub:ORG/NAME.",
)
@what(
    "--base",
    metavar="BASE",
    help="mini, a Hub id, id@revision, or a folder.  [default: the "
    "registry's own; a new registry takes KB/bert-base-swedish-cased where it can be had, else "
    "mini]",
)
@what(
    "--name",
    shell_complete=models,
    metavar="NAME",
    help="Of the model.  [default: the task, followed by the method if that is not lora]",
)
@what("--note", metavar="TEXT", default="", help="Your own words, kept with the entry.")
@what(
    "--no-keep-data",
    is_flag=True,
    help="Keep no texts in the registry, only their digest and "
    "counts. Texts that it has already stay.",
)
@how(
    "--method",
    shell_complete=methods,
    metavar="SPEC",
    default="lora",
    show_default=True,
    help='How to adapt the base: lora, full, head, or with settings "lora[r=8,alpha=16]"; '
    "tfidf and majority need none. 'swereg methods' lists them.",
)
@how(
    "-o",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_settings,
    help="A setting of the method, such as r=8. May be repeated.",
)
@how("--rank", type=int, metavar="N", help="Short for -o r=N.  [default: the method's: lora 4]")
@how(
    "--learning-rate",
    "--lr",
    type=float,
    metavar="X",
    help="At the start; it decays to 0."
    "  [default: the method's: lora 1e-4, full 1e-5; a base may recommend another, see below]",
)
@how("--batch-size", type=int, metavar="N", help=usual("Examples per step.", "batch_size"))
@how("--epochs", type=int, metavar="N", help=usual("The most epochs.", "epochs"))
@how(
    "--patience",
    type=int,
    metavar="N",
    help=usual("Stop after N epochs without a better validation loss.", "patience"),
)
@how("--seed", type=int, metavar="N", help=usual("Of initialisation, order and dropout.", "seed"))
@how(
    "--seeds",
    metavar="N",
    callback=_seeds,
    help="Train with N seeds, from --seed on, or with the seeds 1,2,3; store each entry when it "
    "is ready, and tell how much the seed changes.",
)
@how(
    "--max-length",
    type=int,
    metavar="N",
    help=usual("Tokens per text; the rest of a text is cut.", "max_length"),
)
@how(
    "--dropout",
    type=float,
    metavar="P",
    help=usual("In the encoder and before the head.", "dropout"),
)
@how("--weight-decay", type=float, metavar="X", help=usual("Of AdamW.", "weight_decay"))
@how("--clip", type=float, metavar="X", help=usual("The largest norm of the gradient.", "clip"))
@how(
    "--precision",
    type=click.Choice(["fp32", "bf16"]),
    help=usual("Of the arithmetic.", "precision"),
)
@how(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    help=usual("Where to train; auto takes the best there is.", "device"),
)
@read_options.options("Reading --data")
@result(
    "--resume",
    metavar="RUN",
    help="Go on with a training that was interrupted, from its last "
    "epoch, and nothing else; see swereg recover --list.",
)
@result(
    "--no-checkpoints",
    is_flag=True,
    help="Keep nothing after each epoch, so that what is interrupted begins anew.",
)
@result("--json", "as_json", is_flag=True, help="Print all facts of each entry as JSON.")
@result("-q", "--quiet", is_flag=True, help="Print references alone; show no progress.")
@click.pass_obj
def train(
    session: Session,
    /,
    task: str | None,
    data: tuple[str, ...],
    more_data: tuple[str, ...],
    method: str,
    settings: dict[str, str],
    rank: int | None,
    base: str | None,
    name: str | None,
    note: str,
    no_keep_data: bool,
    resume: str | None,
    no_checkpoints: bool,
    as_json: bool,
    quiet: bool,
    seeds: int | tuple[int, ...] | None,
    **said: Any,
) -> None:
    """Train an entry and store it.

    \b
    swereg train --task sentiment                      LoRA, the default method
    swereg train --task sentiment --method full        the baseline
    swereg train --task complaints --data mail.csv     your own data
    swereg train --task sentiment --method tfidf       a bag of words, no base
    swereg train --task sentiment --seeds 5            how much is chance
    swereg train --task complaints --method full       the same data again
    """
    paths, settings = _data(data, more_data), _with_rank(settings, rank)
    with progress.display(quiet=quiet or as_json) as display:
        options: dict[str, Any] = {
            "data": paths,
            "read": read_options.taken(said),
            "method": method,
            "settings": settings,
            "base": base,
            "name": name,
            "note": note,
            "keep_data": not no_keep_data,
            "checkpoints": not no_checkpoints,
            "registry": session.registry,
            "on_progress": display,
            **{key: said[key] for key in RECIPE if said[key] is not None},
        }
        if resume:
            _refuse_with_resume()
            found: Entry | SeedRun = swereg.resume(
                resume, registry=session.registry, on_progress=display
            )
        elif seeds is None:
            found = swereg.train(task, **options)
        else:
            options["on_progress"] = progress.remembering(session, display)
            found = swereg.train_seeds(task, seeds=seeds, **options)
    refs = trained.refs(found)
    session.stored = ", ".join(refs)
    if as_json:
        output.as_json(found.to_json())
    elif quiet:
        for ref in refs:
            output.data(ref)
    else:
        trained.tell(found, session.registry)


def _refuse_with_resume() -> None:
    """Refuse what would change a training that has begun."""
    context = click.get_current_context()
    for name in context.params:
        said = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if said and name not in ("resume", "as_json", "quiet"):
            option = "--" + name.replace("_", "-")
            raise click.UsageError(f"--resume goes on with what was begun; leave out {option}.")


def _data(data: tuple[str, ...], more: tuple[str, ...]) -> list[str] | None:
    """The paths after --data, whether the option is repeated for each or not."""
    if more and not data:
        word = more[0]
        raise click.UsageError(f"Got an unexpected argument ({word}); is --task {word} meant?")
    if len(data) + len(more) > 3:
        raise click.UsageError("--data takes three files at most: train, val and test.")
    return [*data, *more] or None


def _with_rank(settings: dict[str, str], rank: int | None) -> dict[str, str]:
    if rank is None:
        return settings
    if settings.get("r", str(rank)) != str(rank):
        raise click.UsageError(f"--rank {rank} and -o r={settings['r']} contradict each other.")
    return settings | {"r": str(rank)}

"""swereg train."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

import swereg
from swereg.api.values import recommended_settings
from swereg.cli import options as commands
from swereg.cli import output, read_options
from swereg.cli.completion import methods, models, tasks
from swereg.cli.display import progress, trained
from swereg.cli.options import Session, option
from swereg.records import formatting
from swereg.records.entry import Entry
from swereg.records.training import OPTIONS

if TYPE_CHECKING:
    from swereg.api.values import SeedRun

SHORT = {"learning_rate": "--lr"}  # other names of options

about_entry = partial(option, section="What")
how = partial(option, section="How", default=None)
about_result = partial(option, section="Result")


def recipe_options(short: Mapping[str, str]) -> Callable[[Callable[..., Any]], Any]:
    """Make an option of each field of a recipe that has a help text.

    Args:
        short: second names, by field.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for field in reversed(OPTIONS):
            names = ["--" + field.name.replace("_", "-"), *filter(None, [short.get(field.name)])]
            choices, metavar = field.metadata["choices"], field.metadata["metavar"]
            value_type = click.Choice(choices) if choices else type(field.default)
            text = field.metadata["help"]
            if "[default:" not in text:
                text += f"  [default: {formatting.plain(field.default)}]"
            add = how(*names, type=value_type, metavar=metavar or None, help=text)
            command = add(command)
        return command

    return decorate


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
        for base, advised in recommended_settings().items():
            with formatter.section(f"Defaults on the base {base}, where they differ"):
                formatter.write_dl(list(advised.items()))
        super().format_epilog(ctx, formatter)


@click.command(cls=Train)
@click.argument("more_data", nargs=-1, metavar="")
@about_entry(
    "--task",
    shell_complete=tasks,
    metavar="NAME",
    help="What to learn: a name ('swereg tasks' lists them) or a "
    "TOML file; with --data any name. Without --data, a task that is not installed is trained "
    "on its newest dataset in the registry; an installed one reads its own.  [default: with "
    "--data the name of the file]",
)
@about_entry(
    "--data",
    metavar="PATH",
    multiple=True,
    help="Your own data: a CSV, TSV, JSONL, Excel "
    "or Parquet file (split 80/10/10), up to three files (train, val, test), a folder with them, "
    "or a dataset on the Hub: hub:ORG/NAME.",
)
@about_entry(
    "--base",
    metavar="BASE",
    help="mini, a Hub id, id@revision, or a folder.  [default: the "
    "registry's own; a new registry takes KB/bert-base-swedish-cased where it can be had, else "
    "mini]",
)
@about_entry(
    "--name",
    shell_complete=models,
    metavar="NAME",
    help="Of the model.  [default: the task, followed by the method if that is not lora]",
)
@about_entry("--note", metavar="TEXT", default="", help="Your own words, kept with the entry.")
@about_entry(
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
@recipe_options(SHORT)
@how(
    "--seeds",
    metavar="N",
    callback=_seeds,
    help="Train with N seeds, from --seed on, or with the seeds 1,2,3; store each entry when it "
    "is ready, and tell how much the seed changes.",
)
@read_options.options("Reading --data")
@about_result(
    "--resume",
    metavar="RUN",
    help="Go on with a training that was interrupted, from its last "
    "epoch, and nothing else; see swereg recover --list.",
)
@about_result(
    "--no-checkpoints",
    is_flag=True,
    help="Keep nothing after each epoch, so that what is interrupted begins anew.",
)
@about_result("--json", "as_json", is_flag=True, help="Print all facts of each entry as JSON.")
@about_result("-q", "--quiet", is_flag=True, help="Print references alone; show no progress.")
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
    **values: Any,
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
            "read": read_options.taken(values),
            "method": method,
            "settings": settings,
            "base": base,
            "name": name,
            "note": note,
            "keep_data": not no_keep_data,
            "checkpoints": not no_checkpoints,
            "registry": session.registry,
            "on_progress": display,
            **{o.name: values[o.name] for o in OPTIONS if values[o.name] is not None},
        }
        if resume:
            _refuse_with_resume()
            result: Entry | SeedRun = swereg.resume(
                resume, registry=session.registry, on_progress=display
            )
        else:
            if seeds is not None:
                options["seeds"] = seeds
                options["on_progress"] = progress.remembering(session, display)
            result = swereg.train(task, **options)
    refs = trained.refs(result)
    session.stored = ", ".join(refs)
    if as_json:
        output.as_json(result.to_json())
    elif quiet:
        for ref in refs:
            output.data(ref)
    else:
        trained.tell_trained(result, session.registry)


def _refuse_with_resume() -> None:
    """Refuse what would change a training that has begun."""
    context = click.get_current_context()
    for name in context.params:
        is_typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_typed and name not in ("resume", "as_json", "quiet"):
            option = "--" + name.replace("_", "-")
            raise click.UsageError(f"--resume goes on with what was begun; leave out {option}.")


def _data(data: tuple[str, ...], extra: tuple[str, ...]) -> list[str] | None:
    """The paths after --data, whether the option is repeated for each or not."""
    if extra and not data:
        word = extra[0]
        raise click.UsageError(f"Got an unexpected argument ({word}); is --task {word} meant?")
    if len(data) + len(extra) > 3:
        raise click.UsageError("--data takes three files at most: train, val and test.")
    return [*data, *extra] or None


def _with_rank(settings: dict[str, str], rank: int | None) -> dict[str, str]:
    if rank is None:
        return settings
    if settings.get("r", str(rank)) != str(rank):
        raise click.UsageError(f"--rank {rank} and -o r={settings['r']} contradict each other.")
    return settings | {"r": str(rank)}

"""swereg sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import swereg
from swereg.cli import options as commands
from swereg.cli import output, read_options
from swereg.cli.completion import methods, models, tasks
from swereg.cli.display import leaderboard
from swereg.cli.display.progress import remembering
from swereg.cli.display.sweep import describe_given_up, display_sweep
from swereg.cli.options import Session, option
from swereg.records import formatting

if TYPE_CHECKING:
    pass

SHOWN = 30  # rows of the live table: those around the one that learns
Values = dict[str, list[str]]


def _listed(_: click.Context, param: click.Parameter, value: str | None) -> list[str] | None:
    if value is None:
        return None
    parts = [part.strip() for part in value.split(",")]
    if not all(parts):
        raise click.BadParameter("write values with commas between them: 4,8,16", param=param)
    return parts


def _varied(_: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> Values:
    values_of: Values = {}
    for pair in pairs:
        key, equals, values = pair.partition("=")
        if not equals or not all(values.split(",")) or key in values_of:
            raise click.BadParameter(f"{pair!r} is not KEY=V1,V2", param=param)
        values_of[key] = values.split(",")
    return values_of


@click.command(cls=commands.Command)
@option("--task", metavar="NAME", shell_complete=tasks, help="What to learn, as for train.")
@option("--data", metavar="PATH", multiple=True, help="Your own data, as for train.")
@option("--base", metavar="BASE", help="mini, a Hub id, or a folder, as for train.")
@option("--name", metavar="NAME", shell_complete=models, help="Of the model, as for train.")
@option(
    "--method",
    metavar="SPEC",
    default="lora",
    show_default=True,
    shell_complete=methods,
    help="How to adapt the base; settings in brackets hold for all.",
)
@option("--rank", metavar="R,R,...", callback=_listed, help="Ranks; short for -o r=R,R,...")
@option("--lr", metavar="X,X,...", callback=_listed, help="Learning rates.")
@option(
    "-o",
    "varied",
    metavar="KEY=V,V,...",
    multiple=True,
    callback=_varied,
    help="Values of a setting of the method, or of batch_size, epochs, dropout and the like; "
    "one value holds for all.",
)
@option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Train each combination with so many seeds.",
)
@option(
    "--halving",
    is_flag=True,
    help="Give up early on what falls behind: after a share of the "
    "epochs the worse half by validation loss, later half of the rest.",
)
@option(
    "--together",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many learn at once, in one pass over the base; on a GPU one after the other anyway.",
)
@option("--dry-run", is_flag=True, help="Only list the combinations.")
@option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Where to train.")
@option(
    "--plot",
    metavar="FILE",
    help="Draw the test score over the first key that varies, into "
    "a .png, .svg or .pdf. Needs matplotlib: pip install 'swereg[plot]'.",
)
@read_options.options("Reading --data")
@commands.as_json("Print all facts as JSON.")
@commands.quiet("Print references alone; show no progress.")
@click.pass_obj
def sweep(
    session: Session,
    /,
    task: str | None,
    data: tuple[str, ...],
    base: str | None,
    name: str | None,
    method: str,
    rank: list[str] | None,
    lr: list[str] | None,
    varied: Values,
    seeds: int,
    halving: bool,
    together: int,
    dry_run: bool,
    device: str | None,
    plot: str | None,
    as_json: bool,
    quiet: bool,
    **reading: Any,
) -> None:
    """Train all combinations of some values, and compare them.

    \b
    swereg sweep --task sentiment --rank 1,2,4,8,16 --lr 5e-5,1e-4,2e-4 --seeds 3
    swereg sweep --task sentiment --rank 2,4,8,16 --halving

    Each is an entry as soon as it is ready. The same sweep once more trains what is missing.
    """
    over: Values = {"r": rank} if rank else {}
    over |= {"learning_rate": lr} if lr else {}
    over |= varied
    from swereg.api.sweeping.plan import combinations

    if dry_run:
        every = combinations(over, range(42, 42 + seeds))
        for combination in every:
            output.data(str(combination))
        output.say(formatting.several(len(every), "training"))
        return
    options: dict[str, Any] = {
        "data": list(data) or None,
        "read": read_options.taken(reading),
        "method": method,
        "base": base,
        "name": name,
        "registry": session.registry,
    }
    with display_sweep(quiet=quiet or as_json) as display:
        if device:
            options["device"] = device
        result = swereg.sweep(
            task,
            over=over,
            seeds=seeds,
            halving=halving,
            together=together,
            on_progress=remembering(session, display),
            **options,
        )
    if as_json:
        output.as_json(result.to_json())
    elif quiet:
        for entry in result.entries:
            output.data(entry.ref)
    else:
        _tell(result, session)
    if plot:
        key = next((k for k, values in over.items() if len(values) > 1), "r")
        path = swereg.plot_sweep(result, key, output=plot)
        output.say(f"drawn: {path}")


def _tell(run: swereg.SweepRun, session: Session) -> None:
    compared = swereg.compare(
        task=run.task, where=[f"tag=sweep={run.name}"], registry=session.registry
    )
    leaderboard.draw_leaderboard(compared, "")
    if run.before:
        output.say(f"{len(run.before)} of them had been trained before")
    for training in run.given_up:
        output.say(describe_given_up(training))
    if run.best is not None:
        output.say(f"best by validation loss: {run.best.ref}")
    output.say(f"see them again: swereg compare --task {run.task} --filter tag=sweep={run.name}")

"""swereg report."""

from __future__ import annotations

import click

import swereg
from swereg.cli import options, output
from swereg.cli.completion import references, tasks
from swereg.cli.options import Session, option
from swereg.records.metrics import METRICS


@click.command(cls=options.Command)
@click.argument("refs", nargs=-1, metavar="[REF]...", shell_complete=references)
@option(
    "--task",
    shell_complete=tasks,
    metavar="NAME",
    help="All entries of this task, the best one first.",
)
@option(
    "-o",
    "--output",
    "target",
    required=True,
    metavar="FILE",
    help="Write the page here. An earlier report is replaced, anything else is not.",
)
@options.where()
@option(
    "--metric",
    type=click.Choice(list(METRICS)),
    metavar="NAME",
    default="accuracy",
    show_default=True,
    help=f"By which score to judge: {', '.join(METRICS)}.",
)
@option("--no-texts", is_flag=True, help="Quote no examples: they may be about people.")
@click.pass_obj
def report(
    session: Session,
    refs: tuple[str, ...],
    task: str | None,
    target: str,
    where: tuple[str, ...],
    metric: str,
    no_texts: bool,
) -> None:
    """Write one HTML page about the entries of a task, to read, print or send.

    It has the leaderboard with intervals, learning curves, calibration, confusion, the figures of
    each label, the most confident mistakes, and the facts of data, base and recipes. The page
    needs no network, no script and no other file.

    \b
    swereg report --task errand -o errand.html
    swereg report errand/3 errand-full/1 -o two.html --no-texts
    """
    path = swereg.report(
        *refs,
        task=task,
        output=target,
        where=where,
        metric=metric,
        texts=not no_texts,
        registry=session.registry,
    )
    output.data(output.clean(str(path)))

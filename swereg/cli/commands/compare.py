"""swereg compare."""

from __future__ import annotations

import click

import swereg
from swereg.api.values import import_numpy
from swereg.cli import options, output
from swereg.cli.completion import references, tasks
from swereg.cli.display import leaderboard, pair
from swereg.cli.fail_if import check_comparison
from swereg.cli.options import Session, option
from swereg.records.metrics import METRICS, comparison_sorts


@click.command(cls=options.Command)
@click.argument("refs", nargs=-1, metavar="[REF]...", shell_complete=references)
@option(
    "--task",
    shell_complete=tasks,
    metavar="NAME",
    help="All entries of this task, the best one first.",
)
@options.where()
@option(
    "--metric",
    type=click.Choice(list(METRICS)),
    metavar="NAME",
    help=f"By which score to judge: {', '.join(METRICS)}.  [default: the task's own, else "
    "accuracy]",
)
@option("--seeds", is_flag=True, help="A row for each seed, instead of one for all of a recipe.")
@option(
    "--sort",
    type=click.Choice(comparison_sorts()),
    metavar="KEY",
    help=f"By what to sort, the best first: {', '.join(comparison_sorts())}.  [default: val_loss]",
)
@option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="The most rows of a task, the best ones; the baseline and the best by the metric "
    "come on top.",
)
@option("--all", "everything", is_flag=True, help="All rows of a task, as with --fail-if.")
@option(
    "--fail-if",
    "fail_if",
    multiple=True,
    metavar="CONDITION",
    help="End with exit code 4 if this holds of a row, such as accuracy<0.8, or cannot be "
    "known. Of two entries also: worse, which is the second against the first.",
)
@options.plot()
@options.forms("Print all figures and differences as JSON.")
@click.pass_obj
def compare(
    session: Session,
    refs: tuple[str, ...],
    task: str | None,
    where: tuple[str, ...],
    metric: str | None,
    seeds: bool,
    sort: str | None,
    limit: int,
    everything: bool,
    fail_if: tuple[str, ...],
    plot: str | None,
    form: str,
) -> None:
    """Put entries of one task side by side, with what the test examples leave open.

    Two references are compared in every detail: what differs between them, every metric on the
    examples that both were tested on, and whether the second is better or worse than the first.

    With --task, or more references, the newest full fine-tuning among them is the baseline. The
    best by the metric has a star; those that the examples cannot tell from it have a tilde.
    Limits in brackets are 95 % bootstrap intervals.

    \b
    swereg compare --task sentiment
    swereg compare sentiment@prod sentiment@latest --fail-if worse
    """
    most_rows = None if everything or fail_if else limit
    import_numpy()  # 15 ms of many small products
    comparison = swereg.compare(
        *refs,
        task=task,
        where=where,
        metric=metric,
        seeds=seeds,
        sort=sort,
        limit=most_rows,
        registry=session.registry,
    )
    if form == "json":
        output.as_json(comparison.to_json())
    elif comparison.between and (form == "md" or (not form and output.is_terminal())):
        pair.draw_pair(comparison.between, comparison, form)
    else:
        leaderboard.draw_leaderboard(comparison, form)
    if comparison.more:
        output.say(f"{comparison.more:,} more; see them with --all or --limit N")
    for text in comparison.notices:
        output.note(text)
    if plot:
        path = swereg.plot(
            *refs,
            task=task,
            output=plot,
            where=where,
            metric=comparison.metric,
            seeds=seeds,
            limit=most_rows,
            registry=session.registry,
        )
        output.say(f"drawn: {path}")
    check_comparison(comparison, fail_if)

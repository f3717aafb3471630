"""The group of all commands, in sections by what they are for."""

from __future__ import annotations

import click

import swereg
from swereg.cli import (
    alias,
    collect,
    commands,
    compare,
    data,
    database,
    doctor,
    exchange,
    listing,
    load,
    log,
    plugins,
    predict,
    recover,
    remarks,
    remove,
    report,
    show,
    train,
    verify,
)

SECTIONS: dict[str, list[click.Command]] = {
    "Train": [train.train, recover.recover],
    "See": [listing.list_, show.show, compare.compare, report.report, log.log],
    "Use": [load.load, predict.predict],
    "Keep": [
        alias.alias,
        alias.rollback,
        remarks.note,
        remarks.tag,
        remove.rm,
        remove.restore,
        collect.gc,
    ],
    "Look after": [verify.verify, doctor.doctor, database.backup, database.db],
    "Data": [data.data],
    "Exchange": [exchange.export, exchange.import_],
    "Plugins": [plugins.tasks, plugins.methods],
}
EXAMPLES = """
Examples:
  swereg train --task sentiment
  swereg compare --task sentiment
  swereg predict sentiment "Maten var underbar"
"""


class App(commands.Group):
    """A group that lists its commands in sections."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the sections."""
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands first, then the options."""
        for section, found in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(
                    [(str(c.name), c.get_short_help_str(formatter.width)) for c in found],
                    col_max=28,
                )
        commands.write_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they stand."""
        formatter.write(EXAMPLES)


@click.group(
    cls=App,
    commands=[command for section in SECTIONS.values() for command in section],
    params=commands.global_options(),
    context_settings=commands.CONTEXT,
    invoke_without_command=True,
)
@click.version_option(swereg.__version__, prog_name="swereg", message="%(prog)s %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """One frozen Swedish BERT, every task an adapter, every version in one SQLite file."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())

"""The group of all commands, by what they are for; only the one that is asked for is imported."""

from __future__ import annotations

from importlib import import_module

import click
from click.shell_completion import CompletionItem

import swereg
from swereg.cli import commands

SECTIONS: dict[str, dict[str, str]] = {  # names of commands, and in which modules they are
    "Train": {"train": "train", "sweep": "sweep", "recover": "recover"},
    "See": {"list": "listing", "show": "show", "compare": "compare", "report": "report",
            "log": "log"},
    "Use": {"load": "load", "predict": "predict"},
    "Keep": {"alias": "alias", "rollback": "alias", "note": "remarks", "tag": "remarks",
             "rm": "remove", "restore": "remove", "gc": "collect"},
    "Look after": {"verify": "verify", "reproduce": "reproduce", "doctor": "doctor",
                   "backup": "database", "db": "database"},
    "Data": {"data": "data"},
    "Exchange": {"export": "exchange", "import": "exchange"},
    "Plugins": {"tasks": "plugins", "methods": "plugins", "completion": "completing"},
}  # fmt: skip
MODULES = {name: module for section in SECTIONS.values() for name, module in section.items()}
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
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in MODULES:
            return None
        module = import_module(f"swereg.cli.{MODULES[cmd_name]}")
        found = next(
            thing
            for thing in vars(module).values()
            if isinstance(thing, click.Command) and thing.name == cmd_name
        )
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands without importing them all for their help."""
        found = [CompletionItem(name) for name in MODULES if name.startswith(incomplete)]
        return found or super().shell_complete(ctx, incomplete)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands first, then the options."""
        for section, found in SECTIONS.items():
            with formatter.section(section):
                every = {name: self.get_command(ctx, name) for name in found}
                formatter.write_dl(
                    [(n, c.get_short_help_str(formatter.width)) for n, c in every.items() if c],
                    col_max=28,
                )
        commands.write_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they stand."""
        formatter.write(EXAMPLES)


@click.group(
    cls=App,
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

"""The group of all commands, by what they are for; only the one that is asked for is imported."""

from __future__ import annotations

from importlib import import_module

import click
from click.shell_completion import CompletionItem

import swereg
from swereg.cli import options

SECTIONS: dict[str, tuple[str, ...]] = {  # commands, by what they are for
    "Train": ("train", "sweep", "recover"),
    "See": ("list", "show", "compare", "report", "log"),
    "Use": ("load", "predict"),
    "Keep": ("alias", "rollback", "note", "tag", "rm", "restore", "gc"),
    "Look after": ("verify", "reproduce", "doctor", "backup", "db"),
    "Data": ("data",),
    "Exchange": ("export", "import"),
    "Plugins": ("tasks", "methods", "completion"),
}
NAMES = [name for names in SECTIONS.values() for name in names]
MODULES = {  # of those that share a module with another; all others have one of their own name
    "rollback": "commands.alias",
    "note": "commands.note_and_tag",
    "tag": "commands.note_and_tag",
    "rm": "commands.rm_and_restore",
    "restore": "commands.rm_and_restore",
    "backup": "commands.backup_and_db",
    "db": "commands.backup_and_db",
    "export": "commands.export_and_import",
    "import": "commands.export_and_import",
    "tasks": "commands.tasks_and_methods",
    "methods": "commands.tasks_and_methods",
    "completion": "completion",
}
EXAMPLES = """
Examples:
  swereg train --task sentiment
  swereg compare --task sentiment
  swereg predict sentiment "Maten var underbar"
"""


class App(options.Group):
    """A group that lists its commands in sections."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the sections."""
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in NAMES:
            return None
        module = import_module(f"swereg.cli.{MODULES.get(cmd_name, f'commands.{cmd_name}')}")
        command = next(
            thing
            for thing in vars(module).values()
            if isinstance(thing, click.Command) and thing.name == cmd_name
        )
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands without importing them all for their help."""
        items = [CompletionItem(name) for name in NAMES if name.startswith(incomplete)]
        return items or super().shell_complete(ctx, incomplete)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands first, then the options."""
        for section, names in SECTIONS.items():
            with formatter.section(section):
                every = {name: self.get_command(ctx, name) for name in names}
                formatter.write_dl(
                    [(n, c.get_short_help_str(formatter.width)) for n, c in every.items() if c],
                    col_max=28,
                )
        options.write_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they stand."""
        formatter.write(EXAMPLES)


@click.group(
    cls=App,
    params=options.global_options(),
    context_settings=options.CONTEXT,
    invoke_without_command=True,
)
@click.version_option(swereg.__version__, prog_name="swereg", message="%(prog)s %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """One frozen Swedish BERT, every task an adapter, every version in one SQLite file."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())

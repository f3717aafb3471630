"""The command line. It parses, calls swereg, and prints; nothing else prints."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

import click

import swereg
from swereg.cli import output
from swereg.errors import SweregError

_SECTIONS = {
    "Train": ["train"],
    "See": ["list", "show", "compare", "alias"],
    "Use": ["load", "predict"],
    "Plugins": ["tasks", "methods"],
}
_EXAMPLES = """
Examples:
  swereg train --task sentiment
  swereg compare --task sentiment
  swereg predict sentiment "Maten var underbar"
"""


class Terminated(BaseException):
    """SIGTERM came; like KeyboardInterrupt, nothing below catches it."""


class Commands(click.Group):
    """A group that lists its commands by what they are for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the sections."""
        return [name for names in _SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; all are loaded at the first question."""
        if not self.commands:
            _add_commands(self)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections."""
        for section, names in _SECTIONS.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(section):
                formatter.write_dl(
                    [(name, command.get_short_help_str(60)) for name, command in found if command]
                )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they stand."""
        formatter.write(_EXAMPLES)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(swereg.__version__, prog_name="swereg")
@click.option(
    "--registry",
    metavar="FILE",
    envvar="SWEREG_REGISTRY",
    help="The registry to use; by default $SWEREG_REGISTRY, or registry.db in your data folder.",
)
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.pass_context
def cli(ctx: click.Context, registry: str | None, debug: bool) -> None:
    """One frozen Swedish BERT, every task an adapter, every version in one SQLite file."""
    ctx.obj = registry


def main() -> None:
    """Run the command line and exit: the one place where errors become words and exit codes."""
    output.prepare()
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:  # noqa: C901, PLR0911 - one clause for each way to end
    """Run one command; return its exit code."""
    try:
        cli.main(arguments, prog_name="swereg", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    except (KeyboardInterrupt, click.Abort):
        output.say("interrupted; the registry is as it was")
        return 130
    except Terminated:
        output.say("terminated; the registry is as it was")
        return 143
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SweregError as fault:
        if "--debug" in arguments:
            raise
        output.error(fault, as_json="--json" in arguments)
        return fault.exit_code
    except Exception as fault:  # the last line of defence: no traceback unless asked for
        if "--debug" in arguments:
            raise
        output.error(_unexpected(fault), as_json="--json" in arguments)
        return 1
    return 0


def _unexpected(fault: Exception) -> SweregError:
    return SweregError(
        "something went wrong that swereg did not expect",
        why=f"{type(fault).__name__}: {fault}",
        hint="Run it again with --debug first (swereg --debug ...), and report what it shows.",
        code="unexpected",
    )


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _add_commands(group: click.Group) -> None:
    from swereg.cli import alias, entries, plugins, train, use

    commands: list[Any] = [
        train.train, entries.list_, entries.show, entries.compare, alias.alias, use.load,
        use.predict, plugins.tasks, plugins.methods,
    ]  # fmt: skip
    for command in commands:
        group.add_command(command)

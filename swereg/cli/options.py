"""What every command has: options in sections, the global options, and shared ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
EVERYWHERE = "Everywhere"


@dataclass
class Session:
    """What was said for all commands, and how far this one came.

    Attributes:
        registry: where the registry is, or None for the usual place.
        stored: the references of what has been stored, so that an interrupt is told right.
    """

    registry: str | None = None
    stored: str = ""


class Option(click.Option):
    """An option that is listed under the heading ``section`` in the help."""

    def __init__(self, *declarations: Any, section: str = "Options", **settings: Any) -> None:
        super().__init__(*declarations, **settings)
        self.section = section


class Command(click.Command):
    """A command whose help has sections, and that takes the global options too."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own parameters, then the global options, then --help."""
        params = super().get_params(ctx)
        cut = len(self.params)
        return [*params[:cut], *global_options(), *params[cut:]]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings."""
        write_options(self, ctx, formatter)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


def write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write a command's options under their headings, the global ones last."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for param in command.get_params(ctx):
        record = None if isinstance(param, click.Argument) else param.get_help_record(ctx)
        if record is not None:
            section = param.section if isinstance(param, Option) else EVERYWHERE
            sections.setdefault(section, []).append(record)
    for section, records in sections.items():
        with formatter.section(section):
            formatter.write_dl(records, col_max=28)


def global_options() -> list[click.Parameter]:
    """Build the options that may stand before or after the name of a command."""
    return [
        Option(
            ["--registry"],
            metavar="PATH",
            expose_value=False,
            section=EVERYWHERE,
            callback=_remember_registry,
            default=None,
            help="The registry: a file, or a database URL.  [default: $SWEREG_REGISTRY, else "
            "registry.db in your data folder]",
        ),
        Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            section=EVERYWHERE,
            help="Show where in the program an error comes from.",
        ),
    ]


def _remember_registry(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.ensure_object(Session).registry = value


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(*declarations: str, **settings: Any) -> Decorator:
    """Add an option with a section."""
    return click.option(*declarations, cls=Option, **settings)


def as_json(help_text: str) -> Decorator:
    """Add --json."""
    return option("--json", "as_json", is_flag=True, help=help_text)


def forms(json_help: str) -> Decorator:
    """Add --json, --csv and --md, of which the last one given counts; ``form`` is "" without."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for name, text in (
            ("md", "Print a table in Markdown."),
            ("csv", "Print CSV, safe to open in a spreadsheet."),
            ("json", json_help),
        ):
            command = option(f"--{name}", "form", flag_value=name, default="", help=text)(command)
        return command

    return decorate


def where() -> Decorator:
    """Add --filter."""
    return option(
        "--filter",
        "where",
        multiple=True,
        metavar="CONDITION",
        help="Only entries of which this holds, such as val_loss<0.4, method=lora, r>=8 or "
        "note~pilot. Several must all hold.",
    )


def fail_if() -> Decorator:
    """Add --fail-if."""
    return option(
        "--fail-if",
        "fail_if",
        multiple=True,
        metavar="CONDITION",
        help="End with exit code 4 if this holds of an entry, such as accuracy<0.8, or "
        "cannot be known.",
    )


def plot() -> Decorator:
    """Add --plot."""
    return option(
        "--plot",
        metavar="FILE",
        help="Draw curves and calibration as well, into a .png, .svg or .pdf; a file that is "
        "there is replaced. Needs matplotlib: pip install 'swereg[plot]'.",
    )


def quiet(help_text: str) -> Decorator:
    """Add -q."""
    return option("-q", "--quiet", is_flag=True, help=help_text)


def yes() -> Decorator:
    """Add --yes for a command that asks."""
    return option("-y", "--yes", is_flag=True, help="Do not ask.")


def base() -> Decorator:
    """Add --base for a command that uses entries."""
    return option(
        "--base",
        metavar="BASE",
        help="Where the base is now, if it has moved: a folder, or a Hub id. Its content must be "
        "the one that was trained on.",
    )


def precision() -> Decorator:
    """Add --precision for a command that answers."""
    return option(
        "--precision",
        type=click.Choice(["fp32", "bf16"]),
        default="fp32",
        show_default=True,
        help="Of the base's matrix products. On processors with instructions for bf16 many texts "
        "take about half the time.",
    )


def device() -> Decorator:
    """Add --device for a command that uses entries."""
    return option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda", "mps"]),
        default="auto",
        show_default=True,
        help="Where to compute; auto takes the best there is.",
    )

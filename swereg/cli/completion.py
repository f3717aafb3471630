"""What the shell offers after Tab: names from the registry's file, tasks and methods.

A Tab has to answer at once and never complains, so this reads the file by itself and gives up on
whatever is in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from swereg.cli import options, output
from swereg.cli.options import Session
from swereg.home import locations

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
MOST = 200  # that a shell is offered
PROGRAM, VARIABLE = "swereg", "_SWEREG_COMPLETE"

_MODELS = "SELECT name FROM models ORDER BY name"
_VERSIONS = """
SELECT models.name || '/' || version FROM entries JOIN models ON models.id = entries.model
WHERE models.name = ? AND deleted IS NULL ORDER BY version DESC
"""
_ALIASES = """
SELECT models.name || '@' || alias FROM aliases JOIN models ON models.id = aliases.model
WHERE models.name = ? ORDER BY alias
"""
_TASKS = "SELECT name FROM tasks ORDER BY name"


@click.command("completion", cls=options.Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options and references.

    For bash put eval "$(swereg completion bash)" into ~/.bashrc, for zsh the same with zsh into
    ~/.zshrc; for fish: swereg completion fish > ~/.config/fish/completions/swereg.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the three are click's own
    root = click.get_current_context().find_root().command
    output.data(kind(root, {}, PROGRAM, VARIABLE).source().rstrip())


def references(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer models, and behind a name that is whole its versions and aliases.

    Where several may be given with commas, the last one is completed.
    """
    before, comma, last = incomplete.rpartition(",")
    name = last.partition("/")[0].partition("@")[0]
    if name == last:
        found = _read(ctx, _MODELS)
        if last in found:
            found = [last, *_read(ctx, _VERSIONS, last), *_read(ctx, _ALIASES, last)]
    else:
        query = _VERSIONS if "/" in last else _ALIASES
        found = _read(ctx, query, name)
        if "@" in last:
            found += [f"{name}@best", f"{name}@latest"]
    return _items((before + comma + one for one in found), incomplete)


def models(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of models."""
    return _items(_read(ctx, _MODELS), incomplete)


def tasks(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the registry's tasks and those that are installed."""
    return _items([*_read(ctx, _TASKS), *_installed("swereg.tasks")], incomplete)


def methods(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the methods that are installed."""
    return _items(_installed("swereg.methods"), incomplete)


def _installed(group: str) -> list[str]:
    from importlib.metadata import entry_points

    return sorted({point.name for point in entry_points(group=group)})


def _read(ctx: click.Context, query: str, *values: str) -> list[str]:
    import sqlite3

    session = ctx.find_object(Session)
    location = (session and session.registry) or locations.registry_location()
    try:
        path = Path(location).expanduser().absolute()
        if not path.is_file():
            return []
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.05)) as db:
            return [str(row[0]) for row in db.execute(f"{query} LIMIT {MOST}", values)]
    except (sqlite3.Error, OSError, ValueError):
        return []


def _items(found: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Those that begin so; a name that a terminal would obey is none."""
    kept = dict.fromkeys(one for one in found if one.startswith(incomplete) and one.isprintable())
    return [CompletionItem(one) for one in kept]

"""What the shell offers after Tab: names from the registry, tasks and methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import click
from click.shell_completion import CompletionItem, get_completion_class

from swereg.api import names
from swereg.cli import options, output
from swereg.cli.options import Session

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
MOST = 200  # that a shell is offered
PROGRAM, VARIABLE = "swereg", "_SWEREG_COMPLETE"


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
    registry = _registry(ctx)
    if name == last:
        offers = names.model_names(registry=registry)
        if last in offers:
            versions = names.versions(last, registry=registry)
            offers = [last, *versions, *names.aliases(last, registry=registry)]
    elif "/" in last:
        offers = names.versions(name, registry=registry)
    else:
        computed = [f"{name}@best", f"{name}@latest"]
        offers = [*names.aliases(name, registry=registry), *computed]
    return _items((before + comma + offer for offer in offers), incomplete)


def models(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of models."""
    return _items(names.model_names(registry=_registry(ctx)), incomplete)


def tasks(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the registry's tasks and those that are installed."""
    return _items(names.task_names(registry=_registry(ctx)), incomplete)


def methods(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the methods that are installed."""
    return _items(names.method_names(), incomplete)


def _registry(ctx: click.Context) -> str | None:
    session = ctx.find_object(Session)
    return None if session is None else session.registry


def _items(offers: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Offers that begin so; a name that a terminal would obey is none."""
    fitting = (offer for offer in offers if offer.startswith(incomplete) and offer.isprintable())
    return [CompletionItem(offer) for offer in islice(dict.fromkeys(fitting), MOST)]

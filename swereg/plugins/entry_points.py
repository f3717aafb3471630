"""The plugin door: tasks and methods are entry points, the built-in ones too.

Only the plugin that is asked for is imported. A name that two distributions claim is an error
that names both; a plugin that cannot be imported harms nobody who does not ask for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from swereg.errors import Conflict, NotFound, SweregError, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import Distribution

Kind = Literal["task", "method"]
GROUPS: dict[Kind, str] = {"task": "swereg.tasks", "method": "swereg.methods"}


@dataclass(frozen=True)
class Plugin:
    """One entry point, as installed; nothing is imported to make it.

    Attributes:
        origin: the distribution and its version, such as ``swereg 0.1.0``.
        target: module and object, such as ``swereg.datasets.tasks.sentiment:TASK``.
    """

    kind: Kind
    name: str
    origin: str
    target: str


class PluginBroken(SweregError):
    """A plugin's own code failed."""


def installed_plugins(kind: Kind) -> list[Plugin]:
    """List the installed plugins of a kind, by name. Nothing is imported."""
    from importlib.metadata import entry_points  # takes 20 ms, and most commands need none

    points = {(p.name, p.value): p for p in entry_points(group=GROUPS[kind])}
    origins = {id(point.dist): point.dist for point in points.values()}
    origin_of = {key: _origin(distribution) for key, distribution in origins.items()}
    return [
        Plugin(kind, point.name, origin_of[id(point.dist)], point.value)
        for _, point in sorted(points.items())
    ]


def plugin_names(kind: Kind) -> list[str]:
    """List the names of a kind."""
    return sorted({plugin.name for plugin in installed_plugins(kind)})


def find_plugin(kind: Kind, name: str, *, also: Sequence[str] = ()) -> Any:
    """Import and return the plugin of that name.

    Args:
        also: other names that could have been meant; those of the registry.

    Raises:
        NotFound: there is none; the message lists those there are.
        Conflict: two distributions claim the name.
        PluginBroken: importing it failed.
    """
    claims = [plugin for plugin in installed_plugins(kind) if plugin.name == name]
    if not claims:
        raise _missing(kind, name, also)
    if len(claims) > 1:
        raise Conflict(
            f"the {kind} {name!r} is claimed twice",
            why="\n".join(f"{claim.origin} has {claim.target}" for claim in claims),
            hint="Uninstall one of them.",
            code="plugin.claimed-twice",
        )
    return load_plugin(claims[0])


def load_plugin(plugin: Plugin) -> Any:
    """Import one plugin.

    Raises:
        PluginBroken: importing it failed.
    """
    try:
        from importlib.metadata import EntryPoint

        return EntryPoint(plugin.name, plugin.target, GROUPS[plugin.kind]).load()
    except Exception as fault:  # a plugin is other people's code: whatever it raises is caught
        raise PluginBroken(
            f"the {plugin.kind} {plugin.name!r} cannot be loaded",
            why=f"{plugin.origin} ({plugin.target}): {type(fault).__name__}: {fault}",
            hint="Update or uninstall that package.",
            code="plugin.broken",
        ) from fault


def fault_of(plugin: Plugin) -> str:
    """Import a plugin and return what is wrong with it, or ``""``."""
    twice = [
        claimant for claimant in installed_plugins(plugin.kind) if claimant.name == plugin.name
    ]
    if len(twice) > 1:
        return "claimed twice: " + ", ".join(claimant.origin for claimant in twice)
    try:
        load_plugin(plugin)
    except PluginBroken as broken:
        return broken.why
    return ""


def _missing(kind: Kind, name: str, also: Sequence[str]) -> NotFound:
    installed_names = plugin_names(kind)
    hint = did_you_mean(
        name, [*installed_names, *also], otherwise=f"List them with: swereg {kind}s"
    )
    if kind == "task":
        hint += "" if hint.endswith("?") else "."
        hint += " For data of your own add --data FILE."
    return NotFound(
        f"there is no {kind} named {name!r}",
        why=f"Installed: {', '.join(installed_names) or 'none'}."
        + (f" In the registry: {', '.join(also)}." if also else ""),
        hint=hint,
        code=f"{kind}.unknown",
    )


def _origin(distribution: Distribution | None) -> str:
    """Name a distribution; its metadata take a millisecond to read."""
    if distribution is None:
        return "unknown distribution"
    return f"{distribution.name} {distribution.version}"

"""Aliases: names such as ``sentiment@prod`` that move from version to version, and back.

>>> import swereg
>>> swereg.alias.set("prod", "sentiment/3", message="better on irony")
>>> swereg.alias.list()
{'sentiment@prod': 'sentiment/3'}
>>> swereg.rollback("sentiment@prod")
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from swereg.api.arguments.opening import open_reader, open_registry

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.records.entry import Entry
    from swereg.records.history import Move


def set(alias_name: str, ref: str, *, message: str = "", registry: Place = None) -> Entry:  # noqa: A001
    """Point an alias of a model to one of its entries, wherever it pointed before.

    Args:
        alias_name: such as ``prod``, which is what the model's bare name stands for.
        message: why; kept in the history.

    Returns:
        The entry.

    Raises:
        NotFound: there is no such entry.
        UsageError: the alias cannot be set.
    """
    with open_registry(registry) as store:
        return store.alias(ref, alias_name, message=message)


def list(name: str | None = None, *, registry: Place = None) -> dict[str, str]:  # noqa: A001
    """Return what the aliases of a model, or of all, point to."""
    with open_reader(registry) as store:
        return store.aliases(name)


def log(ref: str | None = None, *, registry: Place = None) -> builtins.list[Move]:
    """Return the moves of one alias, of a model's aliases or of all, the newest first."""
    with open_reader(registry) as store:
        return store.alias_log(ref)


def rm(ref: str, *, message: str = "", registry: Place = None) -> Move:
    """Remove an alias such as ``sentiment@prod``; its history stays.

    Raises:
        NotFound: there is no such alias.
    """
    with open_registry(registry) as store:
        return store.unalias(ref, message=message)


def rollback(ref: str, *, to: str | None = None, message: str = "", registry: Place = None) -> Move:
    """Point an alias to what it pointed to before; once more goes back further.

    Args:
        ref: the alias, such as ``sentiment@prod``; for a bare name it is ``prod``.
        to: a version that it pointed to, instead of the last one before.

    Raises:
        NotFound: it has not pointed to anything else, or not to that.
        Conflict: what it pointed to has been deleted.
    """
    with open_registry(registry) as store:
        return store.rollback(ref, to=to, message=message)

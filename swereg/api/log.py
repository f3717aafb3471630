"""The log: who did what to what, when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swereg.api.arguments.opening import open_reader

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.records.history import Event


def log(ref: str | None = None, *, limit: int | None = None, registry: Place = None) -> list[Event]:
    """Return what happened, the newest first: to everything, or to a model, version or alias.

    Args:
        limit: the most events; by default all.

    Raises:
        NotFound: nothing of that name ever was there.
    """
    with open_reader(registry) as store:
        return store.log(ref, limit=limit)

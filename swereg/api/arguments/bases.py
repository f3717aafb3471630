"""Which base is meant: the one asked for, the registry's, or the default one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swereg.records.progress import Notice, OnProgress

if TYPE_CHECKING:
    from swereg.adapters.bases.sources import BaseSource
    from swereg.registry import Registry


def choose_base(store: Registry, base: str | None, on_progress: OnProgress) -> BaseSource:
    """Choose a base, and pass on what has to be said about it.

    Args:
        base: ``mini``, a Hub id, ``id@revision`` or a folder; None for the registry's own, or, in
            a new registry, KB's model where it can be had and else ``mini``.

    Raises:
        NotFound: it cannot be had.
    """
    from swereg.adapters.bases import sources

    if base is not None:
        source = sources.resolve(base)
    elif (recorded := store.default_base) is not None:
        source = sources.recorded(recorded)
    else:
        source = sources.resolve_default()
    for text in source.notices:
        on_progress(Notice(text))
    return source

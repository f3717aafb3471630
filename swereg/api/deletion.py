"""Delete entries, bring them back, and free their space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swereg.api.arguments.opening import open_registry

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.records.entry import Entry
    from swereg.registry.changes.garbage import Freed


def rm(*refs: str, dry_run: bool = False, registry: Place = None) -> list[Entry]:
    """Delete entries, all or none; ``restore`` brings them back until ``gc`` frees them.

    Args:
        refs: references with a version or an alias; a bare name is refused.
        dry_run: whether only to say what would be deleted.

    Returns:
        The entries.

    Raises:
        NotFound: there is no such entry.
        Conflict: an alias points to one.
    """
    with open_registry(registry) as store:
        if dry_run:
            return list({entry.run: entry for entry in map(store.removable, refs)}.values())
        return store.rm(*refs)


def restore(ref: str, *, registry: Place = None) -> Entry:
    """Bring a deleted entry back, under its number; return it.

    Raises:
        NotFound: it never was there, or its space has been freed.
        UsageError: the reference is no version.
    """
    with open_registry(registry) as store:
        return store.restore(ref)


def gc(
    *, dry_run: bool = False, now: bool = False, compact: bool = False, registry: Place = None
) -> Freed:
    """Free the space of what was deleted over 30 days ago, and of what crashes left behind.

    Args:
        dry_run: whether only to say what would be freed.
        now: whether also to free what was deleted since; it cannot be restored then.
        compact: whether to write the registry's file anew, so that its free space goes back to
            the disk. Others wait meanwhile.
    """
    with open_registry(registry) as store:
        return store.gc(now=now, dry_run=dry_run, compact=compact and not dry_run)

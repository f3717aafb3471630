"""What may change of an entry: its note and its tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from swereg.api.arguments.opening import open_registry

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.records.entry import Entry


def note(ref: str, text: str, *, registry: Place = None) -> Entry:
    """Replace an entry's note; an empty one removes it. Return the entry.

    Raises:
        NotFound: there is no such entry.
    """
    with open_registry(registry) as store:
        return store.note(ref, text)


def tag(
    ref: str,
    tags: Mapping[str, str] | None = None,
    *,
    remove: Iterable[str] = (),
    registry: Place = None,
) -> Entry:
    """Set and remove tags of an entry; return it.

    Args:
        tags: values by key.
        remove: keys to remove.

    Raises:
        NotFound: there is no such entry, or no such tag to remove.
        UsageError: a key or a value cannot be one, or nothing was said.
    """
    with open_registry(registry) as store:
        return store.tag(ref, tags, remove=remove)

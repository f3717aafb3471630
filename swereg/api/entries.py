"""List, count and show entries, without SQLAlchemy, torch or numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from swereg.api.arguments.opening import open_reader
from swereg.records import conditions
from swereg.records.entry import Entry

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place


def list_entries(  # noqa: PLR0913 - one keyword for each thing that may be said
    *,
    task: str | None = None,
    name: str | None = None,
    method: str | None = None,
    tags: Sequence[str] = (),
    deleted: bool = False,
    where: Sequence[str] = (),
    sort: str = "created",
    limit: int | None = None,
    registry: Place = None,
) -> list[Entry]:
    """List entries, the newest first unless sorted otherwise.

    Args:
        tags: those that they must have, as ``"key"`` or ``"key=value"``.
        deleted: whether those that can be restored are wanted, instead of those that are there.
        where: conditions that must all hold, such as ``"val_loss<0.4"`` or ``"r>=8"``.

    Raises:
        UsageError: there is no such sort key, or a condition cannot be read.
    """
    with open_reader(registry) as store:
        entries = store.entries(
            task=task,
            name=name,
            method=method,
            tags=tags,
            deleted=deleted,
            sort=sort,
            limit=None if where else limit,
        )
    return conditions.select_entries(entries, where)[:limit] if where else entries


def count(
    *,
    task: str | None = None,
    name: str | None = None,
    method: str | None = None,
    tags: Sequence[str] = (),
    deleted: bool = False,
    registry: Place = None,
) -> int:
    """Count entries without reading them; the arguments are those of ``list``."""
    with open_reader(registry) as store:
        return store.count(task=task, name=name, method=method, tags=tags, deleted=deleted)


def show(ref: str, *, registry: Place = None) -> Entry:
    """Return one entry with everything stored about it.

    Raises:
        NotFound: there is no such entry.
    """
    with open_reader(registry) as store:
        return store.get(ref)

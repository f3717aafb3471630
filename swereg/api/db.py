"""The registry's file or database: where it is, how large, its schema, and copies of it.

>>> import swereg
>>> swereg.db.path()
>>> swereg.db.status().entries
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from swereg.api.arguments.opening import open_registry
from swereg.home import locations

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.registry.care.backup import Copied
    from swereg.registry.care.status import Status


def path(*, registry: str | Path | None = None) -> str:
    """Return where the registry is, whether it exists or not; of a URL without its password."""
    return locations.without_password(str(registry or locations.registry_location()))


def status(*, registry: Place = None) -> Status:
    """Return how large the registry is, and what is in it."""
    with open_registry(registry) as store:
        return store.status()


def upgrade(*, registry: str | Path | None = None) -> Status:
    """Bring the registry to the newest schema, after a backup beside it; return its status.

    A file is upgraded whenever it is opened; a database on a server only by this.
    """
    from swereg.registry import Registry

    Registry.upgrade(registry)
    return status(registry=registry)


def backup(file: str | Path | None = None, *, registry: Place = None) -> Copied:
    """Copy the whole registry, while others go on using it; every byte of the copy is checked.

    Args:
        file: a file that does not exist, or a folder; by default a new file beside the registry.

    Raises:
        Conflict: the file exists.
        CheckFailed: something in the registry is damaged; there is no copy then.
        StorageError: it cannot be written.
    """
    with open_registry(registry) as store:
        return store.backup(file)

"""Which registry is meant, opened once: for writing, or for reading without SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swereg.registry import Registry
    from swereg.registry.reader import Reader

    Place = Registry | Reader | str | Path | None


@contextmanager
def open_registry(registry: Place, *, create: bool = False) -> Iterator[Registry]:
    """Give a registry to write to, and close it afterwards if it was opened here.

    Args:
        registry: an open one, or where it is; by default the user's own.
        create: whether to make the file where it does not exist.

    Raises:
        NotFound: there is none.
        StorageError, SchemaMismatch: what is there is no registry, or cannot be read.
    """
    from swereg.registry import Registry
    from swereg.registry.reader import Reader

    if isinstance(registry, Registry):
        yield registry
    elif isinstance(registry, Reader):
        yield registry.whole()
    else:
        with Registry.open(registry, create=create) as store:
            yield store


@contextmanager
def open_reader(registry: Place) -> Iterator[Registry | Reader]:
    """Give a registry to read from; SQLAlchemy is imported only where that takes it."""
    if registry is not None and not isinstance(registry, str | Path):
        yield registry
        return
    from swereg.registry.reader import Reader

    with Reader(registry) as reader:
        yield reader

"""Names for a shell to complete: at once, or none at all.

Neither torch nor SQLAlchemy is imported, and nothing is ever complained about.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.home import locations

if TYPE_CHECKING:
    from swereg.registry.sqlite_file import SqliteFile

TIMEOUT = 0.05  # seconds to wait for a writer


def model_names(*, registry: str | Path | None = None) -> list[str]:
    """Return the names of the models that have an entry."""
    return _read("model_names", "{0}", registry)


def versions(name: str, *, registry: str | Path | None = None) -> list[str]:
    """Return the versions of a model, such as ``sentiment/3``, the newest first."""
    return _read("versions", name + "/{0}", registry, name=name)


def aliases(name: str, *, registry: str | Path | None = None) -> list[str]:
    """Return the aliases of a model, such as ``sentiment@prod``."""
    return _read("aliases_of_model", "{0}@{1}", registry, name=name)


def task_names(*, registry: str | Path | None = None) -> list[str]:
    """Return the names of the registry's tasks and of those that are installed."""
    return [*_read("task_names", "{0}", registry), *installed("swereg.tasks")]


def method_names() -> list[str]:
    """Return the names of the methods that are installed."""
    return installed("swereg.methods")


def installed(group: str) -> list[str]:
    """Return the names of the entry points of a group."""
    from importlib.metadata import entry_points

    return sorted({point.name for point in entry_points(group=group)})


def _read(query: str, form: str, registry: str | Path | None, **values: str) -> list[str]:
    """Run a query of the registry's file, and write each row in a form; none where it cannot be."""
    from swereg.registry.sqlite_file import NeedsRegistry, SqliteFile

    def read(file: SqliteFile) -> list[str]:
        with closing(file), file.moment():
            return [form.format(*row) for row in file.rows(query, **values)]

    try:
        path = Path(registry or locations.registry_location()).expanduser().absolute()
        return read(SqliteFile.open(path, TIMEOUT)) if path.is_file() else []
    except (NeedsRegistry, OSError, ValueError):
        return []

"""Looking after a registry: freeing space, copying it whole, checking it, its state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from swereg.records import refs
from swereg.records.entry import Entry
from swereg.registry.care import backup, integrity, status
from swereg.registry.care.backup import Copied
from swereg.registry.care.integrity import Checked, OnChecked
from swereg.registry.care.status import Status
from swereg.registry.changes import garbage
from swereg.registry.changes.garbage import Freed
from swereg.registry.entries.lookup import find_entry
from swereg.registry.entries.weights import Opened


class Care(Opened):
    """What keeps a registry sound."""

    def gc(self, *, now: bool = False, dry_run: bool = False, compact: bool = False) -> Freed:
        """Free the space of entries that have been deleted for 30 days, and of leftovers.

        What anything refers to stays: weights and texts that other entries share, and files that
        may belong to a training that is just being stored.

        Args:
            now: also what was deleted since; it cannot be restored any more.
            dry_run: only work out what would be freed.
            compact: write the file anew, so that its free space goes back to the disk.

        Raises:
            StorageError: a file that nothing needs cannot be removed; the rest is done.
        """
        path, limit = self._database.path, garbage.deletion_limit(now)
        if dry_run:
            with self._database.reading() as connection:
                doomed = garbage.find_doomed(connection, limit)
                in_use = garbage.weights_in_files(connection) - {*doomed.weights}
            paths = dict(garbage.leftover_files(self._weights, path, in_use, doomed.weights))
            return garbage.sum_freed(doomed, paths)
        with self._database.writing() as connection:
            doomed = garbage.find_doomed(connection, limit)
            garbage.delete_rows(connection, doomed)
        with self._database.writing() as connection:  # only now: a crash leaves files, never rows
            in_use = garbage.weights_in_files(connection)
            paths = dict(garbage.leftover_files(self._weights, path, in_use, doomed.weights))
            garbage.remove_files(paths)
        given_back = self._compact() if compact else 0
        return garbage.sum_freed(doomed, paths, given_back)

    def backup(self, target: str | Path | None = None) -> Copied:
        """Copy the whole registry to one moment, while others go on writing.

        Args:
            target: a file that does not exist; by default one beside the registry, named after
                the time. Weights that lie in files go to a folder beside it, so that the copy
                is a registry as it stands.

        Raises:
            Conflict: the file exists.
            CheckFailed: something in the registry is damaged; there is no copy then.
            StorageError: it cannot be written.
        """
        return backup.copy_registry(self._database, self._weights, target)

    def check(self, ref: str | None = None, *, on_checked: OnChecked = integrity.silent) -> Checked:
        """Check that everything is as it was stored: the file, every entry, weights and texts.

        Args:
            ref: one entry instead of everything.
            on_checked: called with how many of how many things have been checked.

        Raises:
            NotFound: there is no such entry.
        """
        if ref is not None:
            with self._database.reading() as connection:
                entries: Sequence[Entry] = [find_entry(connection, refs.parse_ref(ref))]
            return integrity.check_entries(self._database, self._weights, entries, on_checked)
        return integrity.check_all(self._database, self._weights, on_checked)

    def status(self) -> Status:
        """How large the registry is, and what is in it."""
        with self._database.reading() as connection:
            return status.status_of(connection, self._database, self._weights)

    def _compact(self) -> int:
        """Write the file anew; return by how many bytes it became smaller."""
        path = self._database.path
        size = path.stat().st_size if path else 0
        self._database.rewrite()
        return size - path.stat().st_size if path else 0

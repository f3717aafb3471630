"""Carrying entries from one registry to another in files of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from swereg.errors import UsageError
from swereg.home import locations
from swereg.records import refs
from swereg.records.entry import Entry
from swereg.registry.bundles import copying, files
from swereg.registry.bundles.files import Bundle
from swereg.registry.database import tables as t
from swereg.registry.entries import rows
from swereg.registry.entries.lookup import entry_of_run, find_entry
from swereg.registry.entries.queries import Selects
from swereg.registry.entries.rows import Row
from swereg.registry.entries.weights import IN_DATABASE, Opened


class Carrying(Opened):
    """How entries leave a registry whole, and come into another."""

    def export(
        self,
        references: Sequence[str],
        target: str | Path,
        *,
        keep_data: bool = True,
        force: bool = False,
    ) -> Path:
        """Write entries into one file (``.swereg``), which is a registry itself.

        Args:
            references: references; an entry that is named twice is in it once.
            keep_data: whether the texts go with them, or only their digest and counts.
            force: whether an earlier file of entries may be replaced.

        Raises:
            NotFound: there is no such entry; no file is written then.
            Conflict: the file exists.
            CheckFailed: something of an entry is not as it was stored.
            StorageError: the file cannot be written, or weights are too large for one.
        """
        path = Path(target).expanduser().absolute()
        files.check_bundle_free(path, force=force)
        with self._database.reading() as connection:
            entry_of_run = {
                entry.run: entry
                for ref in references
                for entry in [find_entry(connection, refs.parse_ref(ref))]
            }
        if not entry_of_run:
            raise UsageError("nothing was said to export", code="export.what")
        entries = sorted(entry_of_run.values(), key=lambda entry: (entry.name, entry.version))
        files.write_bundle(self._database, self._weights, entries, path, texts=keep_data)
        return path

    @property
    def meant_for(self) -> str:
        """The registry that is to take the training in this one; ``""`` for any other registry."""
        query = sa.select(t.meta.c.value).where(t.meta.c.key == files.MEANT_FOR)
        with self._database.reading() as connection:
            return str(rows.from_json(connection.execute(query).scalar() or '""'))

    def import_(self, source: str | Path, *, name: str | None = None) -> list[Entry]:
        """Store every entry of a file, under the next numbers here; all of them or none.

        An entry that is here already is given as it is here.

        Args:
            name: of the model that gets them; by default each keeps its own.

        Raises:
            NotFound: there is no such file.
            CheckFailed: it is not sound.
            Conflict: a run is here with another content, or was deleted, or a name belongs to
                another task.
            UsageError: one name was said for entries of several models.
        """
        path = Path(source).expanduser().absolute()
        name = name and refs.check_name(name)
        near = self._database.path.parent if self._database.path else locations.data_folder()
        near.mkdir(parents=True, exist_ok=True, mode=0o700)
        with files.open_bundle(path, near) as bundle:
            return self._take(bundle, name, path.name)

    def _take(self, bundle: Bundle, name: str | None, source: str) -> list[Entry]:
        with bundle.database.reading() as inside:
            copies = [copying.read_rows(inside, run) for run in bundle.runs]
            models = {copied.name for copied in copies}
            if name and len(models) > 1:
                raise UsageError(
                    f"the file has entries of {len(models)} models",
                    why=f"They are {', '.join(sorted(models)[:10])}.",
                    hint="Leave out --name; each keeps its own.",
                    code="import.name",
                )

            def weights(digest: str) -> Row:
                return self._weights.row(bundle.weights.read(Selects(inside), digest, source))

            for copied in copies:  # what goes into files is written before the transaction
                if copied.entry["size"] > min(self._weights.largest, IN_DATABASE):
                    weights(copied.entry["weights"])
            with self._database.writing() as target:
                for copied in copies:
                    copying.insert_once(
                        target,
                        copied,
                        weights(copied.entry["weights"]),
                        name=name or copied.name,
                        source=source,
                    )
                stored = [entry_of_run(target, run) for run in bundle.runs]
        return [entry for entry in stored if entry is not None]

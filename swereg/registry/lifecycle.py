"""The life of an entry after it is stored: aliases, notes, tags, deletion, and what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from swereg.errors import UsageError
from swereg.records import refs
from swereg.records.entry import Entry
from swereg.records.history import Event, Move
from swereg.records.refs import Ref
from swereg.registry.changes import aliases as pointing
from swereg.registry.changes import deletion, notes_and_tags
from swereg.registry.entries.lookup import find_entry, settle_ref
from swereg.registry.entries.queries import Selects
from swereg.registry.entries.reading import alias_moves, read_aliases, read_events
from swereg.registry.entries.weights import Opened


class Life(Opened):
    """What may become of an entry. Each change is one transaction, with its event."""

    # --- aliases ----------------------------------------------------------------------------

    def alias(self, ref: str | Ref, alias: str, *, message: str = "") -> Entry:
        """Point an alias of a model to one of its entries; return the entry.

        Raises:
            NotFound: there is no such entry.
            UsageError: the alias cannot be set.
        """
        alias = refs.check_alias(alias)
        notes_and_tags.checked_text(message, "message")
        with self._database.writing() as connection:
            entry = find_entry(connection, refs.parse_ref(ref))
            pointing.point_alias(connection, alias, entry, message)
            return find_entry(connection, Ref(entry.name, entry.version))

    def unalias(self, ref: str | Ref, *, message: str = "") -> Move:
        """Remove an alias such as ``sentiment@prod``; its history stays.

        Raises:
            NotFound: there is no such alias.
        """
        notes_and_tags.checked_text(message, "message")
        with self._database.writing() as connection:
            return pointing.remove_alias(connection, refs.parse_ref(ref), message)

    def rollback(self, ref: str | Ref, *, to: str | Ref | None = None, message: str = "") -> Move:
        """Point an alias to what it pointed to before; once more goes back further.

        Args:
            ref: the alias, such as ``sentiment@prod``; for a bare name it is ``prod``.
            to: a version that it pointed to, instead of the last one before.

        Raises:
            NotFound: it has not pointed to anything else, or not to that.
            Conflict: what it pointed to has been deleted.
        """
        notes_and_tags.checked_text(message, "message")
        target = None if to is None else refs.parse_ref(to)
        with self._database.writing() as connection:
            return pointing.roll_back(connection, refs.parse_ref(ref), target, message)

    def aliases(self, name: str | None = None) -> dict[str, str]:
        """The aliases, such as ``{"sentiment@prod": "sentiment/3"}``."""
        with self._database.reading() as connection:
            return read_aliases(Selects(connection), name)

    def alias_log(self, ref: str | Ref | None = None) -> list[Move]:
        """The moves of one alias, of a model's aliases or of all, the newest first."""
        with self._database.reading() as connection:
            moves = alias_moves(Selects(connection), None if ref is None else refs.parse_ref(ref))
        return moves[::-1]

    # --- notes and tags ---------------------------------------------------------------------

    def note(self, ref: str | Ref, text: str) -> Entry:
        """Replace an entry's note; an empty one removes it. Return the entry.

        Raises:
            NotFound: there is no such entry.
        """
        notes_and_tags.checked_text(text, "note")
        with self._database.writing() as connection:
            entry = find_entry(connection, refs.parse_ref(ref))
            notes_and_tags.set_note(connection, entry, text)
            return find_entry(connection, Ref(entry.name, entry.version))

    def tag(
        self,
        ref: str | Ref,
        tags: Mapping[str, str] | None = None,
        *,
        remove: Iterable[str] = (),
    ) -> Entry:
        """Set and remove tags of an entry; return it.

        Args:
            tags: values by key.
            remove: keys to remove.

        Raises:
            NotFound: there is no such entry, or no such tag to remove.
            UsageError: a key or a value cannot be one, or nothing was said.
        """
        ready = notes_and_tags.checked_tags(tags or {})
        keys = [refs.check_name(key, noun="tag") for key in remove]
        if not ready and not keys:
            raise UsageError(
                "nothing was said to tag",
                hint="Write KEY=VALUE, such as status=pilot.",
                code="tag.nothing",
            )
        with self._database.writing() as connection:
            entry = find_entry(connection, refs.parse_ref(ref))
            notes_and_tags.remove_tags(connection, entry, keys)
            notes_and_tags.set_tags(connection, entry, ready)
            return find_entry(connection, Ref(entry.name, entry.version))

    # --- deletion ---------------------------------------------------------------------------

    def removable(self, ref: str | Ref) -> Entry:
        """Return the entry that ``rm`` would delete, or refuse as it would."""
        with self._database.reading() as connection:
            return deletion.removable_entry(connection, refs.parse_ref(ref))

    def rm(self, *references: str | Ref) -> list[Entry]:
        """Delete entries, all or none; ``restore`` brings them back until ``gc`` frees them.

        Args:
            references: references with a version or an alias; a bare name is refused.

        Raises:
            NotFound: there is no such entry.
            Conflict: an alias points to one.
        """
        with self._database.writing() as connection:
            entries = [
                deletion.removable_entry(connection, refs.parse_ref(ref)) for ref in references
            ]
            once = {entry.run: entry for entry in entries}.values()
            for entry in once:
                deletion.delete_entry(connection, entry)
        return list(once)

    def restore(self, ref: str | Ref) -> Entry:
        """Bring a deleted entry back, under its number; return it.

        Raises:
            NotFound: it never was there, or its space has been freed.
            UsageError: the reference is no version.
        """
        with self._database.writing() as connection:
            return deletion.restore_entry(connection, refs.parse_ref(ref))

    # --- what happened ----------------------------------------------------------------------

    def log(self, ref: str | Ref | None = None, *, limit: int | None = None) -> list[Event]:
        """What happened, the newest first: to everything, or to a model, version or alias.

        Raises:
            NotFound: nothing of that name ever was there.
        """
        with self._database.reading() as connection:
            about = None if ref is None else settle_ref(connection, refs.parse_ref(ref))
            events = read_events(Selects(connection), about, limit)
            if about is not None and not events:
                find_entry(connection, about)  # says what there is
        return events

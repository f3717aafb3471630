"""Notes and tags: the part of an entry that may change. What they were is in the events."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from swereg.errors import NotFound, UsageError
from swereg.records import refs
from swereg.records.entry import Entry
from swereg.registry.database import tables as t
from swereg.registry.entries.events import record_event

_LONGEST = 200  # characters of a tag's value


def set_note(connection: sa.Connection, entry: Entry, text: str) -> None:
    """Replace an entry's note; an empty one removes it."""
    if text == entry.note:
        return
    connection.execute(sa.update(t.entries).where(t.entries.c.run == entry.run).values(note=text))
    record_event(connection, "note", entry.ref, old=entry.note, new=text)


def set_tags(connection: sa.Connection, entry: Entry, tags: Mapping[str, str]) -> None:
    """Set tags, wherever they had another value."""
    number = _number(connection, entry)
    for key, value in tags.items():
        old = entry.tags.get(key)
        if old == value:
            continue
        is_tag = (t.tags.c.entry == number) & (t.tags.c.key == key)
        connection.execute(sa.delete(t.tags).where(is_tag))
        connection.execute(sa.insert(t.tags).values(entry=number, key=key, value=value))
        record_event(connection, "tag", entry.ref, key=key, old=old, new=value)


def remove_tags(connection: sa.Connection, entry: Entry, keys: Iterable[str]) -> None:
    """Remove tags.

    Raises:
        NotFound: the entry has no such tag; none is removed then.
    """
    number = _number(connection, entry)
    for key in keys:
        if key not in entry.tags:
            raise NotFound(
                f"{entry.ref} has no tag {key!r}",
                why=f"Its tags: {', '.join(entry.tags) or 'none'}.",
                code="tag.unknown",
            )
        connection.execute(sa.delete(t.tags).where(t.tags.c.entry == number, t.tags.c.key == key))
        record_event(connection, "untag", entry.ref, key=key, old=entry.tags[key])


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags in NFC, or refuse them.

    Raises:
        UsageError: a key breaks the rule for names, or a value is empty, long or unprintable.
    """
    return {refs.check_name(key, noun="tag"): _checked_value(value) for key, value in tags.items()}


def checked_text(text: str, noun: str) -> str:
    """Return a text of the user's own, or refuse it.

    Raises:
        UsageError: it is not valid Unicode.
    """
    try:
        text.encode()
    except UnicodeEncodeError as fault:
        raise UsageError(
            f"the {noun} is not valid Unicode",
            why=f"{fault.reason}.",
            hint="Write it again, in a terminal or a file that is UTF-8.",
            code="entry.unicode",
        ) from fault
    return text


def _checked_value(value: str) -> str:
    value = unicodedata.normalize("NFC", value.strip())
    if not value or len(value) > _LONGEST or not value.isprintable():
        raise UsageError(
            f"{value[:60]!r} cannot be the value of a tag",
            why=f"It is one line of 1 to {_LONGEST} printable characters.",
            hint="Longer words belong into a note: swereg note REF TEXT",
            code="tag.value",
        )
    return value


def _number(connection: sa.Connection, entry: Entry) -> int:
    query = sa.select(t.entries.c.id).where(t.entries.c.run == entry.run)
    return int(connection.execute(query).scalar_one())

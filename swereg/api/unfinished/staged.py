"""Staging: what was trained is on disk before the registry is asked to take it.

A registry may have become full, locked, read-only or gone while a training took hours. So the
result goes into a file of entries first, durably; it goes away when the entry is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from swereg.api.unfinished import runs
from swereg.errors import NotFound, StorageError, SweregError
from swereg.home import locations
from swereg.records.entry import Entry, NewEntry
from swereg.registry import Registry
from swereg.registry.bundles import files

SAFE = "What was trained is safe. To store it: swereg recover"


@dataclass(frozen=True)
class Staged:
    """A training that is not in its registry yet.

    Attributes:
        run: the training.
        entry: what was trained, or None where the file cannot be read; its number is not final.
        registry: where it was to be stored.
        path: the file.
        fault: why it cannot be read, or ``""``.
    """

    run: str
    entry: Entry | None
    registry: str
    path: Path
    fault: str = ""


def folder() -> Path:
    """Where trainings wait."""
    return locations.data_folder() / "staged"


def store(registry: Registry, new: NewEntry, *, keep_data: bool) -> Entry:
    """Store a training by way of a file, which stays if the registry cannot take it.

    Raises:
        SweregError: as Registry.add; the hint says how nothing is lost.
    """
    created = files.utc_now()
    path = _stage(registry, new, created, keep_data=keep_data)
    try:
        for base in new.bases:
            registry.set_default_base(base)
        entry = registry.add(new, keep_data=keep_data, created=created)
    except SweregError as fault:
        if path is None:
            raise
        hint = f"{fault.hint}\n{SAFE}" if fault.hint else SAFE
        raise type(fault)(fault.what, why=fault.why, hint=hint, code=fault.code) from fault
    except BaseException as fault:
        if path is not None:
            fault.add_note(SAFE)
        raise
    if path is not None:
        path.unlink(missing_ok=True)
    return entry


def _stage(registry: Registry, new: NewEntry, created: str, *, keep_data: bool) -> Path | None:
    """Write the file; None where there is no place for it, though there may be in the registry."""
    path = folder() / f"{new.run}{files.ENDING}"
    try:
        files.stage_entry(new, path, registry.location, created=created, keep_data=keep_data)
    except StorageError:
        return None
    return path


def staged() -> list[Staged]:
    """List the trainings that are not in their registry yet, the oldest first."""
    trainings = [_read(path) for path in folder().glob(f"*{files.ENDING}")]
    return sorted(
        trainings,
        key=lambda training: (training.entry.created if training.entry else "", training.run),
    )


def recover(
    *run_ids: str, name: str | None = None, registry: Registry | str | Path | None = None
) -> list[Entry]:
    """Store what was trained and could not be stored.

    Args:
        run_ids: the runs to store, also if they were meant for another registry; by default all
            that were meant for this one.
        name: of the model that gets them; by default the one that was said to train.

    Raises:
        NotFound: no such training waits.
        SweregError: the registry cannot take it; it goes on waiting.
    """
    if isinstance(registry, Registry):
        return _recover(registry, run_ids, name)
    with Registry.open(registry, create=True) as opened:
        return _recover(opened, run_ids, name)


def discard(run: str) -> None:
    """Delete a training that waits, stored by nobody or interrupted; it cannot be had back.

    Raises:
        NotFound: no such training waits.
    """
    if any(training.run.startswith(run) for training in staged()):
        _find(run).path.unlink()
    else:
        runs.find_run(run).forget()


def _recover(registry: Registry, run_names: tuple[str, ...], name: str | None) -> list[Entry]:
    waiting = [_find(run) for run in run_names] or [
        training for training in staged() if training.registry == registry.location
    ]
    stored = []
    for training in waiting:
        entry = registry.import_(training.path, name=name)[0]
        for base in entry.bases:
            registry.set_default_base(base)
        training.path.unlink()
        runs.forget_run(training.run)
        stored.append(entry)
    return stored


def _find(run: str) -> Staged:
    trainings = staged()
    matching = [training for training in trainings if training.run.startswith(run)] if run else []
    if len(matching) != 1:
        names = ", ".join(training.run for training in trainings[:10])
        raise NotFound(
            f"no training {run!r} waits"
            if not matching
            else f"{run!r} means {len(matching)} trainings",
            why=f"Those that wait: {names or 'none'}.",
            hint="See them: swereg recover --list",
            code="recover.unknown",
        )
    return matching[0]


def _read(path: Path) -> Staged:
    try:
        with Registry.open(path) as inside:
            registry, entries = inside.meant_for, inside.entries()
        if not entries:
            return Staged(path.stem, None, registry, path, "there is nothing in it")
        return Staged(path.stem, entries[0], registry, path)
    except SweregError as fault:
        return Staged(path.stem, None, "", path, fault.what)

"""What is done to a registry, as a table. To add something is to write one function.

An operation yields twice: first the facts that it is going to make (UNKNOWN where only the
registry can say), then, when the registry has returned, what it has promised. state.py reads
the same facts back without swereg.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from swereg.records.dataset import Dataset, Example
from swereg.records.entry import Entry
from swereg.records.training import Weights
from swereg.registry import Registry
from tests.registry import make_entry
from tests.registry.make_entry import DATASET, make
from tests.torture.ledger import UNKNOWN, Facts

IN_DATABASE = 2**22  # of the registries that are tortured; larger weights go to a file
SMALL, SPILLING = 20_000, 3 * 2**20  # bytes; the second does not fit into SQLite's cache
BASE = replace(make_entry.BASE, fingerprint="e" * 64, name="åäö/bas")


@dataclass(frozen=True)
class Turn:
    """One turn of one worker.

    Attributes:
        run: names the turn and seeds whatever is random in it.
        name: the model; workers with the same one compete for version numbers.
    """

    worker: str
    run: str
    name: str

    @property
    def random(self) -> random.Random:
        return random.Random(self.run)

    @property
    def dataset(self) -> Dataset:
        """This worker's own data."""
        return replace(DATASET, train=(Example(f"Åäö av {self.worker}", "ja"), *DATASET.train[1:]))

    def own(self, registry: Registry) -> list[Entry]:
        """What this worker has stored, and not deleted."""
        return self.mine(registry.entries(name=self.name))

    def mine(self, entries: Iterable[Entry]) -> list[Entry]:
        return [entry for entry in entries if entry.run.startswith(f"{self.worker}-")]

    def some(self, registry: Registry) -> Entry:
        return self.random.choice(self.own(registry))


Operation = Callable[[Registry, Turn], Iterator[Facts]]


def _store(registry: Registry, turn: Turn, size: int) -> Iterator[Facts]:
    data = turn.random.randbytes(size)
    new = make(turn.run, name=turn.name, dataset=turn.dataset, weights=Weights.of(data))
    texts = f"texts {turn.dataset.digest}"
    yield {f"entry {turn.run}": UNKNOWN, f"note {turn.run}": new.note, texts: "kept"}
    entry = registry.add(new)
    yield {f"entry {turn.run}": said(entry), f"note {turn.run}": entry.note, texts: "kept"}


def said(entry: Entry) -> str:
    """What an entry is, as state.py reads it."""
    return f"{entry.ref} {entry.weights_digest} {entry.dataset} {'|'.join(entry.labels)}"


def add(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Store an adapter, which lies in the database."""
    yield from _store(registry, turn, SMALL)


def add_spilling(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Store an adapter for which SQLite has to write pages before it commits."""
    yield from _store(registry, turn, SPILLING)


def add_file(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Store weights that go to a file."""
    registry._weights.largest = SMALL
    yield from _store(registry, turn, 2 * SMALL)


def alias(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Move an alias."""
    entry, key = turn.some(registry), f"alias {turn.name}@{turn.worker}"
    yield {key: entry.ref}
    registry.alias(entry.ref, turn.worker, message=turn.run)
    yield {key: entry.ref}


def note(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Replace a note."""
    entry = turn.some(registry)
    facts = {f"note {entry.run}": f"anteckning {turn.run} åäö"}
    yield facts
    registry.note(entry.ref, facts[f"note {entry.run}"])
    yield facts


def tag(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Set two tags at once."""
    entry = turn.some(registry)
    facts = {f"tag {entry.run} {key}": turn.run for key in ("läge", "ägare")}
    yield facts
    registry.tag(entry.ref, {"läge": turn.run, "ägare": turn.run})
    yield facts


def forget(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Erase texts, and write the file anew."""
    facts = {f"texts {turn.some(registry).dataset}": "erased"}
    yield facts
    registry.forget(turn.some(registry).ref)
    yield facts


def rm(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Delete an entry, so that it can be restored."""
    free = [entry for entry in turn.own(registry) if not entry.aliases]
    if not free:
        return
    entry = turn.random.choice(free)
    facts = {f"deleted {entry.run}": "yes"}
    yield facts
    registry.rm(entry.ref)
    yield facts


def restore(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Bring a deleted entry back."""
    gone = turn.mine(registry.entries(name=turn.name, deleted=True))
    if not gone:
        return
    entry = turn.random.choice(gone)
    facts: Facts = {f"deleted {entry.run}": None}
    yield facts
    registry.restore(entry.ref)
    yield facts


def gc(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Free what this and every other worker has deleted; only for one worker at a time."""
    gone = registry.entries(deleted=True)
    facts: Facts = {
        **{f"{kind} {e.run}": None for e in gone for kind in ("entry", "note", "deleted")},
        **{f"tag {e.run} {key}": None for e in gone for key in e.tags},
        **{f"texts {data.digest}": None for data in registry.datasets() if not data.entries},
    }
    yield facts
    registry.gc(now=True, compact=turn.random.random() < 0.3)
    yield facts


def backup(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Copy the whole registry; nothing in it changes."""
    yield {}
    registry.backup(Path(registry.location).with_name(f"copy-{turn.run}.db"))
    yield {}


def default_base(registry: Registry, turn: Turn) -> Iterator[Facts]:
    """Choose the registry's base, which only the first can."""
    chosen = registry.default_base or BASE
    facts = {"default base": chosen.fingerprint}
    yield facts
    registry.set_default_base(chosen)
    yield facts


# Operations, and how often each is done among others.
OPERATIONS: dict[Operation, int] = {
    add: 6,
    add_file: 3,
    add_spilling: 1,
    alias: 2,
    note: 1,
    tag: 1,
    forget: 1,
    rm: 2,
    restore: 1,
    gc: 1,
    backup: 1,
    default_base: 1,
}
ALONE = {gc}  # what makes facts of other workers untrue
BY_NAME: dict[str, Operation] = {operation.__name__: operation for operation in OPERATIONS}

"""Whatever is done in whatever order, the registry says what a few dicts say."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from swereg.errors import Conflict, NotFound
from swereg.records.dataset import Dataset
from swereg.registry import Registry
from tests.registry.make_entry import DATASET, ROWS, loss, make

NAMES = st.sampled_from(["a", "å", "ö-full"])
ALIASES = st.sampled_from(["prod", "prov"])
LOSSES = st.sampled_from([0.25, 0.5, 0.75])
DATASETS = st.sampled_from([DATASET, Dataset(("nej", "ja"), ROWS[:1], ROWS[2:4], ROWS[4:])])
NUMBERS = st.integers(1, 4)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "r.db"
        self.registry = Registry.open(self.path, create=True)
        self.runs: dict[str, str] = {}
        self.versions: dict[str, list[tuple[float, str]]] = {}
        self.aliases: dict[str, str] = {}
        self.past: dict[str, list[str]] = {}  # what rollback goes back along
        self.deleted: set[str] = set()
        self.freed: set[str] = set()

    def teardown(self) -> None:
        self.registry.close()
        shutil.rmtree(self.folder)

    @rule(name=NAMES, value=LOSSES, dataset=DATASETS)
    def add(self, name: str, value: float, dataset: Dataset) -> None:
        run = f"run-{len(self.runs)}"
        entry = self.registry.add(make(run, name=name, scores=loss(value), dataset=dataset))
        self.versions.setdefault(name, []).append((value, dataset.digest))
        assert entry.ref == f"{name}/{len(self.versions[name])}"
        self.runs[run] = entry.ref

    @rule(number=st.integers(0, 20))
    def add_again(self, number: int) -> None:
        run = f"run-{number}"
        ref = self.runs.get(run)
        if ref in self.deleted:
            with pytest.raises(Conflict, match="has been deleted"):
                self.registry.add(make(run, name="b"))
        elif ref is not None and ref not in self.freed:
            assert self.registry.add(make(run, name="b")).ref == ref

    @rule(name=NAMES, number=NUMBERS, alias=ALIASES)
    def alias(self, name: str, number: int, alias: str) -> None:
        ref = f"{name}/{number}"
        if ref not in self.live():
            with pytest.raises(NotFound):
                self.registry.alias(ref, alias)
            return
        assert alias in self.registry.alias(ref, alias).aliases
        self.aliases[f"{name}@{alias}"] = ref
        past = self.past.setdefault(f"{name}@{alias}", [])
        if past[-1:] != [ref]:
            past.append(ref)

    @rule(name=NAMES, alias=ALIASES)
    def unalias(self, name: str, alias: str) -> None:
        at = f"{name}@{alias}"
        if at not in self.aliases:
            with pytest.raises(NotFound):
                self.registry.unalias(at)
            return
        self.registry.unalias(at)
        del self.aliases[at]
        self.past[at].append("")

    @rule(name=NAMES, alias=ALIASES)
    def rollback(self, name: str, alias: str) -> None:
        at = f"{name}@{alias}"
        past = self.past.get(at, [])
        before = [ref for ref in past[:-1] if ref and ref != past[-1]]
        if not before or before[-1] not in self.live():
            with pytest.raises(Conflict if before else NotFound):
                self.registry.rollback(at)
            return
        self.registry.rollback(at)
        self.aliases[at] = before[-1]
        while past[-1] != before[-1]:
            past.pop()

    @rule(name=NAMES, number=NUMBERS)
    def rm(self, name: str, number: int) -> None:
        ref = f"{name}/{number}"
        if ref not in self.live():
            with pytest.raises(NotFound):
                self.registry.rm(ref)
        elif ref in self.aliases.values():
            with pytest.raises(Conflict):
                self.registry.rm(ref)
        else:
            self.registry.rm(ref)
            self.deleted.add(ref)

    @rule(name=NAMES, number=NUMBERS)
    def restore(self, name: str, number: int) -> None:
        ref = f"{name}/{number}"
        if ref in self.live() | self.deleted:
            assert self.registry.restore(ref).ref == ref
            self.deleted.discard(ref)
        else:
            with pytest.raises(NotFound):
                self.registry.restore(ref)

    @rule(now=st.booleans())
    def gc(self, now: bool) -> None:
        freed = self.registry.gc(now=now)
        assert set(freed.entries) == (self.deleted if now else set())
        self.freed |= set(freed.entries)
        self.deleted -= self.freed

    def live(self) -> set[str]:
        return {*self.runs.values()} - self.deleted - self.freed

    def of(self, name: str) -> list[tuple[float, str, int]]:
        """Loss, dataset and number of the versions that are there."""
        found = enumerate(self.versions.get(name, []), 1)
        return [(v, d, n) for n, (v, d) in found if f"{name}/{n}" in self.live()]

    @rule()
    def open_again(self) -> None:
        self.registry.close()
        self.registry = Registry.open(self.path)

    @rule(name=NAMES)
    def get(self, name: str) -> None:
        versions = self.of(name)
        if not versions:
            with pytest.raises(NotFound):
                self.registry.get(name)
            return
        newest = f"{name}/{versions[-1][2]}"
        assert self.registry.get(f"{name}@latest").ref == newest
        assert self.registry.get(name).ref == self.aliases.get(f"{name}@prod", newest)
        here = [(v, n) for v, d, n in versions if d == versions[-1][1]]
        assert self.registry.get(f"{name}@best").ref == f"{name}/{min(here)[1]}"

    @invariant()
    def same(self) -> None:
        assert self.registry.aliases() == self.aliases
        refs = [ref for ref in self.runs.values() if ref in self.live()]
        assert [e.ref for e in self.registry.entries()] == refs[::-1]
        assert {e.ref for e in self.registry.entries(deleted=True)} == self.deleted

    @invariant()
    def sound(self) -> None:
        assert self.registry.check().problems == ()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    derandomize=True, max_examples=15, stateful_step_count=25, deadline=None, database=None
)

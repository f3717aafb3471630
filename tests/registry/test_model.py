"""Whatever is done in whatever order, the registry says what a few dicts say."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from swereg.errors import NotFound
from swereg.records import Dataset
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
        if run in self.runs:
            assert self.registry.add(make(run, name="b")).ref == self.runs[run]

    @rule(name=NAMES, number=NUMBERS, alias=ALIASES)
    def alias(self, name: str, number: int, alias: str) -> None:
        if number > len(self.versions.get(name, [])):
            with pytest.raises(NotFound):
                self.registry.alias(f"{name}/{number}", alias)
        else:
            assert alias in self.registry.alias(f"{name}/{number}", alias).aliases
            self.aliases[f"{name}@{alias}"] = f"{name}/{number}"

    @rule()
    def open_again(self) -> None:
        self.registry.close()
        self.registry = Registry.open(self.path)

    @rule(name=NAMES)
    def get(self, name: str) -> None:
        versions = self.versions.get(name)
        if not versions:
            with pytest.raises(NotFound):
                self.registry.get(name)
            return
        newest = f"{name}/{len(versions)}"
        assert self.registry.get(f"{name}@latest").ref == newest
        assert self.registry.get(name).ref == self.aliases.get(f"{name}@prod", newest)
        here = [(v, n) for n, (v, d) in enumerate(versions, 1) if d == versions[-1][1]]
        assert self.registry.get(f"{name}@best").ref == f"{name}/{min(here)[1]}"

    @invariant()
    def same(self) -> None:
        assert self.registry.aliases() == self.aliases
        assert [e.ref for e in self.registry.entries()] == list(self.runs.values())[::-1]


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    derandomize=True, max_examples=8, stateful_step_count=15, deadline=None, database=None
)

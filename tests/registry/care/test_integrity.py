"""Whatever is changed behind swereg's back is found, and named."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from swereg.errors import CheckFailed
from swereg.records.training import Weights
from swereg.registry import Registry
from tests.registry.make_entry import make


def change(path: Path, *statements: str) -> None:
    """Write into a registry's file as no trigger allows."""
    with closing(sqlite3.connect(path)) as db, db:
        triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)


def test_a_sound_registry_has_no_problems(registry: Registry) -> None:
    for number in (1, 2, 3):
        registry.add(make(f"run-{number}"))
    registry.alias("känslor/2", "prod")
    registry.rm("känslor/1")
    seen: list[tuple[int, int, str]] = []
    checked = registry.check(on_checked=lambda *step: seen.append(step))
    assert checked.problems == ()
    assert checked.entries == ("känslor/1", "känslor/2", "känslor/3")
    assert checked.size > 0
    assert seen[-1][0] == seen[-1][1]
    assert registry.check("känslor@prod").entries == ("känslor/2",)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE weights SET data = zeroblob(size)", "weights.digest"),
        ("UPDATE datasets SET content = substr(content, 1, 40)", "dataset.digest"),
        ("UPDATE datasets SET content = zeroblob(40)", "dataset.digest"),
        ('UPDATE entries SET labels = \'["ja","nej"]\'', "entry.seal"),
        ("UPDATE entries SET accuracy = 0.99", "entry.seal"),
        ("UPDATE entries SET recipe = replace(recipe, '0.001', '0.002')", "entry.seal"),
        ("UPDATE epochs SET val_loss = 0.4 WHERE number = 1", "entry.seal"),
        ("DELETE FROM epochs WHERE number = 1", "entry.seal"),
        ("UPDATE outputs SET logits = zeroblob(16) WHERE split = 'test'", "entry.seal"),
        ("UPDATE models SET next_version = 1", "registry.broken"),
        ("UPDATE models SET name = 'annat'", "entry.seal"),
        ("UPDATE aliases SET entry = 2", "registry.broken"),
        ("DELETE FROM bases", "registry.broken"),
    ],
)
def test_a_change_is_found(statement: str, code: str, registry: Registry, path: Path) -> None:
    for number in (1, 2):
        registry.add(make(f"run-{number}"))
    registry.alias("känslor/1", "prod")
    registry.close()
    change(path, statement)
    with Registry.open(path) as opened:
        problems = opened.check().problems
    assert code in {problem.code for problem in problems}
    assert all(problem.what and problem.hint and problem.subject for problem in problems)


def test_notes_tags_and_deletion_break_no_seal(registry: Registry) -> None:
    registry.add(make(seconds=3, scores={"val": {"loss": 1, "accuracy": 0, "macro_f1": 0}}))
    registry.note("känslor/1", "ny")
    registry.tag("känslor/1", {"a": "b"})
    registry.rm("känslor/1")
    assert registry.check().problems == ()


def test_an_entry_whose_facts_were_changed_is_not_loaded(registry: Registry, path: Path) -> None:
    entry = registry.add(make())
    change(path, 'UPDATE entries SET labels = \'["ja","nej"]\'')
    with pytest.raises(CheckFailed, match="the facts of känslor/1 are not those that were stored"):
        registry.weights(entry)


def test_files_of_weights_are_read(path: Path) -> None:
    with Registry.open(path, create=True, largest_in_database=10) as registry:
        weights = registry.weights(registry.add(make(weights=Weights.of(b"x" * 100))))
        assert weights.path is not None
        assert registry.check().size > 100
        weights.path.write_bytes(b"y" * 100)
        assert [problem.code for problem in registry.check().problems] == ["weights.digest"]
        weights.path.unlink()
        assert [problem.code for problem in registry.check("känslor").problems] == [
            "weights.digest"
        ]


def test_flipped_bits_are_found_or_change_nothing(registry: Registry, path: Path) -> None:
    """Of 60 random single bits, each is found, or the registry's answers are as they were."""
    registry.add(make(weights=Weights.of(bytes(range(256)) * 40)))
    registry.alias("känslor/1", "prod")
    registry.close()
    sound, seed = path.read_bytes(), random.Random(7)

    def facts() -> object:
        with Registry.open(path) as opened:
            entry = opened.get("känslor/1")
            problems = opened.check().problems
            return entry, opened.weights(entry), opened.outputs(entry), problems

    before = facts()
    for _ in range(60):
        at, bit = seed.randrange(len(sound)), seed.randrange(8)
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1 << bit]) + sound[at + 1 :])
        try:
            after = facts()
        except Exception:
            continue  # found at once
        entry, *_, problems = after  # type: ignore[misc]
        assert after == before or problems or entry.note != before[0].note  # type: ignore[index]
    path.write_bytes(sound)
    assert facts() == before

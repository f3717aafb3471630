"""Datasets: which one is meant, what outlives the texts, and that erased texts are gone."""

from __future__ import annotations

import random
import shutil
import sqlite3
import string
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from swereg.errors import NotFound, UsageError
from swereg.records.dataset import Dataset, Example, Task
from swereg.registry import Registry
from tests.registry.make_entry import DATASET, ROWS, make

OTHER = Dataset(DATASET.labels, (*ROWS[:2], Example("ny rad", "ja")), ROWS[2:4], ROWS[4:])


def test_counts_and_source_outlive_the_texts(registry: Registry) -> None:
    registry.add(make(), keep_data=False)
    (found,) = registry.datasets()
    assert not found.kept
    assert found.counts == {
        "train": {"nej": 1, "ja": 1},
        "val": {"nej": 1, "ja": 1},
        "test": {"nej": 1, "ja": 1},
    }
    assert (found.labels, found.sizes["train"], found.source) == (("nej", "ja"), 2, "made up")
    assert (found.tasks, found.entries) == (("känslor",), ("känslor/1",))


def test_texts_come_in_later_and_stay(registry: Registry) -> None:
    registry.add(make(), keep_data=False)
    registry.add(make("run-2"))
    registry.add(make("run-3"), keep_data=False)
    (found,) = registry.datasets(task="känslor")
    assert found.kept
    assert found.entries == ("känslor/1", "känslor/2", "känslor/3")
    assert registry.dataset(found.digest) == DATASET


def test_datasets_are_listed_by_their_first_use(registry: Registry) -> None:
    registry.add(make())
    registry.add(make("run-2", dataset=OTHER))
    registry.add(make("run-3"))
    elsewhere = replace(make("run-4", name="annat").task, name="annat")
    registry.add(make("run-4", name="annat", task=elsewhere))
    digests = [OTHER.digest, DATASET.digest]
    assert [found.digest for found in registry.datasets()] == digests
    assert [found.digest for found in registry.datasets(task="känslor")] == digests
    (found,) = registry.datasets(task="annat")
    assert (found.digest, found.tasks) == (DATASET.digest, ("annat", "känslor"))
    assert registry.datasets(task="inget") == []


def test_what_names_a_dataset(registry: Registry) -> None:
    registry.add(make())
    registry.add(make("run-2", dataset=OTHER))
    registry.alias("känslor/1", "prod")
    for which in (
        DATASET.digest,
        DATASET.digest[:6].upper(),
        "känslor",
        "känslor/1",
        "känslor@prod",
    ):
        assert registry.find_dataset(which).digest == DATASET.digest
    assert registry.find_dataset("känslor@latest").digest == OTHER.digest
    for which, words in (
        ("abcdef0", "no dataset abcdef0"),
        ("annat", "no entry"),
        (DATASET.digest[:5], "no entry"),
    ):
        with pytest.raises(NotFound, match=words):
            registry.find_dataset(which)


def test_an_ambiguous_beginning_is_refused(registry: Registry) -> None:
    registry.add(make())
    twin = DATASET.digest[:8] + "0" * 56
    with registry._database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO datasets SELECT ?, labels, train, val, test, counts, source, NULL, "
            "created FROM datasets",
            (twin,),
        )
    with pytest.raises(UsageError, match="more than one"):
        registry.find_dataset(DATASET.digest[:6])
    assert registry.find_dataset(DATASET.digest[:12]).digest == DATASET.digest


def test_a_digest_that_is_a_name_too_is_refused(registry: Registry) -> None:
    name = DATASET.digest[:8]
    registry.add(make(dataset=OTHER, name=name))
    registry.add(make("run-2"))
    with pytest.raises(UsageError, match="more than one"):
        registry.find_dataset(name)
    assert registry.find_dataset(f"{name}/1").digest == OTHER.digest


def test_the_facts_of_a_task_are_stored_and_shown(registry: Registry) -> None:
    said = Task(
        "känslor",
        lambda: DATASET,
        DATASET.labels,
        "How?",
        "a.csv",
        "CC0-1.0",
        "https://exempel.se",
        "Å. Ö (2026)",
        "macro_f1",
    )
    registry.add(make(task=said))
    first = registry.get("känslor")
    assert first.about == {
        "description": "How?",
        "source": "a.csv",
        "licence": "CC0-1.0",
        "homepage": "https://exempel.se",
        "citation": "Å. Ö (2026)",
        "metric": "macro_f1",
    }
    silent = Task("känslor", lambda: OTHER, DATASET.labels, source="b.csv")
    registry.add(make("run-2", task=silent, dataset=OTHER))
    assert registry.get("känslor/2").about["source"] == "b.csv"
    assert registry.get("känslor/1").about["source"] == "a.csv"
    assert registry.get("känslor/2").about["licence"] == "CC0-1.0"
    task = registry.task("känslor")
    assert (task.labels, task.metric, task.source) == (DATASET.labels, "macro_f1", "b.csv")
    assert registry.tasks() == ["känslor"]
    with pytest.raises(NotFound, match="nothing of a task"):
        registry.task("annat")


# --- forgetting -----------------------------------------------------------------------------


def chance(number: int, length: int) -> Dataset:
    """A dataset of random letters, which hardly compress."""
    rnd = random.Random(number)
    rows = [
        Example("".join(rnd.choices(string.ascii_letters, k=length)), label)
        for label in ("nej", "ja", "nej", "ja", "nej", "ja")
    ]
    return Dataset(("nej", "ja"), tuple(rows[:2]), tuple(rows[2:4]), tuple(rows[4:]))


def traces(path: Path, content: bytes) -> list[str]:
    """The files of a folder with 24 bytes in a row of some content."""
    parts = {content[start : start + 24] for start in range(8, len(content) - 24, 8)}
    return [
        file.name
        for file in sorted(path.parent.iterdir())
        if any(part in file.read_bytes() for part in parts)
    ]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_erased_texts_are_not_in_the_file(journal: str, registry: Registry, path: Path) -> None:
    registry.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA journal_mode = {journal}")
    rnd = random.Random(39)  # one of the few orders after which secure_delete alone is not enough
    sizes = [rnd.choice([30, 60, 150, 300, 600]) for _ in range(14)]
    data = [chance(n, size) for n, size in enumerate(sizes)]
    contents = [zlib.compress(dataset.to_jsonl().encode(), 9) for dataset in data]
    with Registry.open(path) as store:
        for n, dataset in enumerate(data):  # first without texts, so that pages are rearranged
            store.add(make(f"run-{n}", dataset=dataset), keep_data=False)
        for n in rnd.sample(range(14), 14):
            store.add(make(f"again-{n}", dataset=data[n]))
        assert all(traces(path, content) for content in contents)
        *erased, kept = rnd.sample(range(14), 14)
        for n in erased:
            done = store.forget(data[n].digest)
            assert (done.freed, done.dataset.kept) == (len(contents[n]), False)
        assert not any(traces(path, contents[n]) for n in erased)
        assert traces(path, contents[kept])
        assert store.dataset(data[kept].digest) == data[kept]
        entry = store.entries(limit=1)[0]
        assert store.outputs(entry)
        assert entry.scores
        assert store.log(limit=1)[0].verb == "forget"


def test_copies_that_still_have_the_texts_are_named(registry: Registry, path: Path) -> None:
    entry = registry.add(make())
    backup = path.with_name("registry.db.schema1-20260101.bak")
    older = path.with_name("annan kopia")
    shutil.copy(path, backup)
    (path.parent / "inte.db").write_text("SQLite format 3?")
    (path.parent / "trasig.bak").write_bytes(path.read_bytes()[:4000])
    first = registry.forget(entry.ref)
    assert first.copies == (backup,)
    assert first.unread == (path.parent / "trasig.bak",)
    shutil.copy(path, older)
    again = registry.forget(entry.ref)
    assert (again.freed, again.copies) == (0, (backup,))
    with pytest.raises(NotFound, match="have been removed"):
        registry.dataset(DATASET.digest)
    assert registry.get(entry.ref) == entry

"""Entries go in whole and come out as they went in."""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from swereg.errors import CheckFailed, Conflict, NotFound, StorageError, UsageError
from swereg.records.dataset import Dataset, Example, Task
from swereg.records.training import Epoch, Outputs, Recipe, Weights
from swereg.registry import Registry
from tests.registry.make_entry import BASE, DATASET, ROWS, TRUTH, loss, make


def test_every_fact_comes_back(registry: Registry) -> None:
    new = make()
    stored = registry.add(new)
    assert registry.get(stored.ref) == stored
    fitted = new.fitted
    for name in (
        "recipe",
        "trainable",
        "total",
        "epochs",
        "best_epoch",
        "scores",
        "seconds",
        "cut",
        "environment",
        "run",
    ):
        assert getattr(stored, name) == getattr(fitted, name), name
    assert (stored.ref, stored.task, stored.labels) == ("känslor/1", "känslor", ("nej", "ja"))
    assert (stored.base, stored.base.recommended) == (BASE, BASE.recommended)
    assert (stored.note, stored.sizes) == ("anteckning", {"train": 2, "val": 2, "test": 2})
    assert stored.created.endswith("Z")
    assert registry.weights(stored) == fitted.weights
    assert registry.outputs(stored) == fitted.outputs
    assert registry.dataset(stored.dataset) == DATASET


def test_an_entry_needs_no_base(registry: Registry) -> None:
    recipe = Recipe("tfidf", {"C": "3"}, seed=7, learning_rate=9.0)
    new = make("r", base=None, recipe=recipe, epochs=(), best_epoch=None, trainable=9, total=9)
    stored = registry.add(new)
    assert registry.get(stored.ref) == stored
    assert (stored.base, stored.epochs, stored.best_epoch) == (None, (), None)
    assert stored.recipe == Recipe("tfidf", {"C": "3"}, seed=7)  # nothing else of it is known
    assert registry.bases() == []
    assert registry.default_base is None
    other = registry.add(make("s"))
    assert registry.entries(sort="ref") == [other, stored]
    with pytest.raises(UsageError, match="has no base"):
        stored.require_base()


def test_the_same_run_is_stored_once(registry: Registry) -> None:
    first = registry.add(make())
    assert registry.add(make()) == first
    assert registry.count() == 1


def test_versions_count_up_per_name_and_weights_are_kept_once(registry: Registry) -> None:
    same = Weights.of(b"the same")
    refs = [registry.add(make(str(n), weights=same)).ref for n in range(3)]
    refs.append(registry.add(make("x", name="annan", weights=same)).ref)
    assert refs == ["känslor/1", "känslor/2", "känslor/3", "annan/1"]
    with registry._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM weights").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM datasets").scalar() == 1


def test_a_name_belongs_to_one_task(registry: Registry) -> None:
    new = make()
    registry.add(new)
    other = replace(make("run-2"), task=replace(new.task, name="annan"))
    with pytest.raises(Conflict, match="belongs to the task 'känslor'"):
        registry.add(other)
    assert registry.add(make("run-3")).version == 2


def test_texts_may_be_left_out_and_come_in_later(registry: Registry) -> None:
    entry = registry.add(make(), keep_data=False)
    with pytest.raises(NotFound, match="are not in the registry"):
        registry.dataset(entry.dataset)
    registry.add(make("run-2"))
    assert registry.dataset(entry.dataset) == DATASET


NAN = float("nan")


@pytest.mark.parametrize(
    "facts",
    [
        {"seconds": NAN},
        {"scores": {"val": {"loss": float("inf"), "accuracy": 0, "macro_f1": 0}}},
        {"scores": {"val": {"loss": 0.5, "accuracy": 0.5}}},
        {"scores": {**loss(0.5), "test": {"accuracy": 0.5}}},
        {"environment": {"x": NAN}},
        {"epochs": (Epoch(1, NAN, 0.5, 0.5, 1.0),)},
        {"recipe": Recipe(settings={"alpha": NAN})},
        {"base": replace(BASE, recommended={"lora": {"learning_rate": NAN}})},
        {"outputs": (Outputs("val", 2, 2, struct.pack("<4f", 1, 2, 3, NAN), TRUTH),)},
        {"outputs": (Outputs("val", 2, 2, bytes(15), TRUTH),)},
        {"outputs": (Outputs("val", 3, 2, bytes(24), TRUTH),)},
        {"outputs": (Outputs("val", 2, 2, bytes(16), TRUTH[2:]),)},
        {"outputs": (Outputs("val", 2, 2, bytes(16), bytes(4)),)},
        {"outputs": (Outputs("test", 2, 2, bytes(16), TRUTH),) * 2},
    ],
)
def test_what_is_not_sound_is_refused(facts: dict[str, Any], registry: Registry) -> None:
    with pytest.raises(CheckFailed) as caught:
        registry.add(make(**facts))
    assert caught.value.why
    assert caught.value.hint
    assert registry.count() == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"note": "\udcff"},
        {"dataset": Dataset(("nej", "ja"), (Example("\udcff", "ja"),), ROWS[2:4], ROWS[4:])},
        {"name": "Ä"},
        {"task": Task("../x", lambda: DATASET)},
    ],
)
def test_a_text_or_name_that_cannot_be_is_refused(
    facts: dict[str, Any], registry: Registry
) -> None:
    with pytest.raises(UsageError):
        registry.add(make(**facts))
    assert registry.count() == 0


def test_a_decomposed_name_is_the_composed_one(registry: Registry) -> None:
    decomposed = unicodedata.normalize("NFD", "känslor")
    task = replace(make().task, name=decomposed)
    entry = registry.add(make(name=decomposed, task=task))
    assert (entry.ref, entry.task) == ("känslor/1", "känslor")
    assert registry.entries(name=decomposed, task=decomposed) == [entry]
    registry.alias(f"{decomposed}/1", unicodedata.normalize("NFD", "på"))
    assert registry.aliases(decomposed) == {"känslor@på": "känslor/1"}


def test_a_training_without_test_examples_or_epochs_is_stored(registry: Registry) -> None:
    dataset = replace(DATASET, test=())
    entry = registry.add(
        make(dataset=dataset, scores={**loss(0.5), "test": {}}, outputs=(), epochs=())
    )
    assert registry.get(entry.ref) == entry
    assert (entry.sizes["test"], registry.outputs(entry)) == (0, ())


def test_damaged_texts_are_refused(registry: Registry) -> None:
    entry = registry.add(make())
    with registry._database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER texts_are_fixed")
        connection.exec_driver_sql("UPDATE datasets SET content = substr(content, 1, 40)")
    with pytest.raises(CheckFailed, match="not the one that was stored"):
        registry.dataset(entry.dataset)


@pytest.mark.parametrize(
    "deletion",
    [
        ["UPDATE entries SET deleted = '2026-01-01T00:00:00Z' WHERE version = 2"],
        ["UPDATE entries SET deleted = '2026-01-01T00:00:00Z' WHERE version = 2"]
        + [f"DELETE FROM {table} WHERE entry = 2" for table in ("epochs", "outputs")]
        + ["DELETE FROM entries WHERE version = 2"],
    ],
)
def test_a_number_is_not_given_out_again(deletion: list[str], registry: Registry) -> None:
    for number in (1, 2):
        registry.add(make(f"run-{number}"))
    with registry._database.writing() as connection:
        for statement in deletion:
            connection.exec_driver_sql(statement)
    assert [entry.version for entry in registry.entries()] == [1]
    assert registry.get("känslor").version == 1
    with pytest.raises(NotFound):
        registry.get("känslor/2")
    assert registry.add(make("run-3")).version == 3


def test_a_deleted_training_does_not_come_back(registry: Registry) -> None:
    registry.add(make())
    with registry._database.writing() as connection:
        connection.exec_driver_sql("UPDATE entries SET deleted = 'now'")
    with pytest.raises(Conflict, match="has been deleted"):
        registry.add(make())


# --- references -----------------------------------------------------------------------------


def test_what_a_reference_means(registry: Registry) -> None:
    for number, value in enumerate((0.3, 0.2, 0.4), start=1):
        registry.add(make(f"run-{number}", scores=loss(value)))
    assert registry.get("känslor").version == 3
    assert registry.get("känslor@latest").version == 3
    assert registry.get("känslor@best").version == 2
    assert registry.get("känslor:1").version == 1
    registry.alias("känslor/1", "prod")
    assert registry.get("känslor").version == 1
    assert registry.get("känslor@prod").aliases == ("prod",)
    registry.alias("känslor/2", "prod", message="bättre")
    assert registry.get("känslor@prod").version == 2
    assert registry.get("känslor/1").aliases == ()
    assert registry.aliases() == {"känslor@prod": "känslor/2"}
    assert [event.verb for event in registry.log(limit=2)] == ["alias", "alias"]
    assert registry.log(limit=1)[0].detail == {"old": 1, "new": 2, "message": "bättre"}
    registry.alias("känslor/2", "prod")
    assert [event.verb for event in registry.log()] == ["alias"] * 2 + ["add"] * 3


def test_best_is_the_best_on_the_newest_data(registry: Registry) -> None:
    registry.add(make("run-1", scores=loss(0.1)))
    newer = Dataset(("nej", "ja"), ROWS[:1], ROWS[2:4], ROWS[4:])
    registry.add(make("run-2", scores=loss(0.5), dataset=newer))
    assert registry.get("känslor@best").version == 2


@pytest.mark.parametrize(
    ("ref", "why", "hint"),
    [
        ("känslo", "känslor", "Did you mean känslor?"),
        ("annat", "känslor", "swereg list"),
        ("känslor/7", "the versions 1", "swereg list --name känslor"),
        ("känslor@prod", "the versions 1 and the alias prov", "swereg list --name känslor"),
    ],
)
def test_a_miss_says_what_there_is(ref: str, why: str, hint: str, registry: Registry) -> None:
    registry.add(make())
    registry.alias("känslor/1", "prov")
    with pytest.raises(NotFound) as caught:
        registry.get(ref)
    assert why in caught.value.why
    assert hint in caught.value.hint


# --- listing --------------------------------------------------------------------------------


def test_lists_are_filtered_sorted_and_limited(registry: Registry) -> None:
    for number, value in enumerate((0.3, 0.2, 0.4), start=1):
        registry.add(make(f"run-{number}", scores=loss(value)))
    registry.add(make("run-4", name="annan", scores=loss(0.1)))
    assert [e.ref for e in registry.entries()][:2] == ["annan/1", "känslor/3"]
    by_loss = [e.version for e in registry.entries(name="känslor", sort="val_loss")]
    assert by_loss == [2, 1, 3]
    worst = registry.entries(name="känslor", sort="val_loss", descending=True, limit=1)
    assert [e.version for e in worst] == [3]
    assert len(registry.entries(task="känslor", limit=2)) == 2
    assert registry.entries(method="full") == []
    assert registry.entries()[1] == registry.get("känslor/3")
    with pytest.raises(UsageError, match="cannot be sorted"):
        registry.entries(sort="size; DROP TABLE entries")


def test_the_first_base_becomes_the_registrys_own_and_stays(registry: Registry) -> None:
    assert registry.default_base is None
    assert registry.set_default_base(BASE) == BASE
    other = replace(BASE, fingerprint="0" * 64, name="other")
    assert registry.set_default_base(other) == BASE
    assert registry.default_base == BASE


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET trainable = 1",
        "UPDATE entries SET scores = '{}'",
        "UPDATE weights SET data = x'00', size = 1",
        "UPDATE epochs SET val_loss = 0",
        "UPDATE outputs SET split = 'test'",
        "UPDATE datasets SET content = x'00'",
        "UPDATE datasets SET train = 1",
        "UPDATE bases SET hidden_size = 1",
        "UPDATE models SET next_version = 1",
        "UPDATE models SET name = 'x'",
        "DELETE FROM models",
        "UPDATE events SET actor = 'nobody'",
        "DELETE FROM events",
        "DELETE FROM weights",
        "DELETE FROM entries",
        "DELETE FROM bases",
    ],
)
def test_what_is_stored_cannot_be_changed(change: str, registry: Registry) -> None:
    registry.add(make())
    with pytest.raises(StorageError), registry._database.writing() as connection:
        connection.exec_driver_sql(change)


def test_notes_and_deletion_marks_may_change(registry: Registry) -> None:
    registry.add(make())
    with registry._database.writing() as connection:
        connection.exec_driver_sql("UPDATE entries SET note = 'ny'")
    assert registry.get("känslor").note == "ny"


def test_a_list_touches_neither_weights_nor_outputs_nor_texts(registry: Registry) -> None:
    registry.add(make())
    statements: list[str] = []
    listener = (registry._database.engine, "before_cursor_execute")

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(*listener, note)
    for _ in range(2):
        registry.entries()
    sa.event.remove(*listener, note)
    assert not any(f"{part}." in s for s in statements for part in ("weights", "outputs"))
    assert not any("content" in s for s in statements)
    assert len(statements) == 2 * 6  # BEGIN, ids, entries, curves, aliases, tags


def test_an_import_is_stored_without_what_nobody_knows(registry: Registry) -> None:
    unknown = {
        "scores": {},
        "outputs": (),
        "epochs": (),
        "best_epoch": None,
        "seconds": None,
        "cut": {},
        "environment": {},
    }
    with pytest.raises(CheckFailed, match="a score is missing"):
        registry.add(make(dataset=None, **unknown))
    origin = {"base": "unverified", "claims": {"ref": "å/1"}}
    entry = registry.add(make(dataset=None, origin=origin, **unknown))
    assert registry.get(entry.ref) == entry
    assert (entry.labels, entry.origin, entry.dataset) == (DATASET.labels, origin, None)
    assert (entry.sizes, entry.val_loss, entry.seconds) == ({}, None, None)
    with pytest.raises(NotFound, match="best"):
        registry.get("känslor@best")
    trained = registry.add(make("run-2"))
    assert registry.get("känslor@best") == trained
    for descending in (False, True):
        listed = registry.entries(sort="val_loss", descending=descending)
        assert listed == [trained, entry]

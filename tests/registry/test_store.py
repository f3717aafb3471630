"""Entries go in whole and come out as they went in."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from swereg.errors import CheckFailed, Conflict, NotFound, StorageError, UsageError
from swereg.records import Dataset, Weights
from swereg.registry import Registry
from tests.registry.conftest import BASE, DATASET, ROWS, make


def test_every_fact_comes_back(registry: Registry) -> None:
    new = make()
    stored = registry.add(new)
    assert registry.get(stored.ref) == stored
    fitted = new.fitted
    for name in ("recipe", "trainable", "total", "epochs", "best_epoch", "scores", "seconds",
                 "cut", "environment", "run"):  # fmt: skip
        assert getattr(stored, name) == getattr(fitted, name), name
    assert (stored.ref, stored.task, stored.labels) == ("känslor/1", "känslor", ("nej", "ja"))
    assert (stored.base, stored.base.recommended) == (BASE, BASE.recommended)
    assert (stored.note, stored.sizes) == ("anteckning", {"train": 2, "val": 2, "test": 2})
    assert stored.created.endswith("Z")
    assert registry.weights(stored) == fitted.weights
    assert registry.outputs(stored) == fitted.outputs
    assert registry.dataset(stored.dataset) == DATASET


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


def test_large_weights_lie_in_a_file_beside_and_move_along(tmp_path: Path) -> None:
    place = tmp_path / "one" / "r.db"
    with Registry.open(place, create=True, largest_in_database=8) as registry:
        ref = registry.add(make()).ref
        weights = registry.weights(ref)
        assert weights.data is None
        assert weights.path is not None
        assert weights.path.read_bytes() == b"weights of run-1"
    shutil.move(tmp_path / "one", tmp_path / "två")
    with Registry.open(tmp_path / "två" / "r.db") as registry:
        assert registry.weights(ref).path is not None


@pytest.mark.parametrize("largest", [8, 10**6])
@pytest.mark.parametrize("damage", ["change", "gone"])
def test_weights_that_are_not_those_stored_are_refused(
    largest: int, damage: str, tmp_path: Path
) -> None:
    with Registry.open(tmp_path / "r.db", create=True, largest_in_database=largest) as registry:
        ref = registry.add(make()).ref
        path = registry.weights(ref).path
        if path is not None and damage == "gone":
            path.unlink()
        elif path is not None:
            path.write_bytes(b"Weights of run-1")
        else:
            with registry._database.writing() as connection:
                connection.exec_driver_sql("DROP TRIGGER weights_are_fixed")
                data = b"" if damage == "gone" else b"Weights of run-1"
                connection.exec_driver_sql(
                    "UPDATE weights SET data = ?, size = ?", (data, len(data))
                )
        with pytest.raises(CheckFailed, match=ref) as caught:
            registry.weights(ref)
        assert make().fitted.weights.digest in caught.value.why
        assert registry.get(ref).ref == ref


def test_texts_may_be_left_out_and_come_in_later(registry: Registry) -> None:
    entry = registry.add(make(), keep_data=False)
    with pytest.raises(NotFound, match="are not in the registry"):
        registry.dataset(entry.dataset)
    registry.add(make("run-2"))
    assert registry.dataset(entry.dataset) == DATASET


@pytest.mark.parametrize(
    "facts",
    [
        {"seconds": float("nan")},
        {"scores": {"val": {"loss": float("inf"), "accuracy": 0, "macro_f1": 0}}},
        {"environment": {"x": float("nan")}},
    ],
)
def test_a_figure_that_is_not_finite_is_refused(facts: dict[str, Any], registry: Registry) -> None:
    with pytest.raises((UsageError, CheckFailed), match="not finite"):
        registry.add(make(**facts))
    assert registry.count() == 0


def test_weights_with_a_wrong_digest_are_refused(registry: Registry) -> None:
    wrong = replace(Weights.of(b"a"), data=b"b")
    with pytest.raises(CheckFailed):
        registry.add(make(weights=wrong))
    assert registry.count() == 0


# --- references -----------------------------------------------------------------------------


def loss(value: float) -> dict[str, Any]:
    return {"val": {"loss": value, "accuracy": 0.5, "macro_f1": 0.5}}


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
    assert [event.verb for event in registry.events(2)] == ["alias", "alias"]
    assert '"from":1' in registry.events(1)[0].detail


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
        ("känslor@prod", "the versions 1", "swereg list --name känslor"),
    ],
)
def test_a_miss_says_what_there_is(ref: str, why: str, hint: str, registry: Registry) -> None:
    registry.add(make())
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

"""The use cases from Python, on a tiny base."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import swereg
from swereg import Dataset, Entry, Example, Registry, Task
from swereg.errors import CheckFailed, Conflict, NotFound, UsageError
from swereg.records.progress import EpochEnded, Notice, Progress, Started
from swereg.records.training import Epoch, Outputs, Recipe
from swereg.registry.reader import Reader
from swereg.testing import make_base
from tests.registry.make_entry import loss, make

LABELS = ("sol", "regn", "snö")


def read() -> Dataset:
    def rows(place: str) -> tuple[Example, ...]:
        return tuple(Example(f"{label} i {place} {n}", label) for n in range(3) for label in LABELS)

    return Dataset(LABELS, rows("Umeå"), rows("Växjö"), rows("Gävle"))


TASK = Task("väder", read, LABELS)


def train(base: Path, task: str | Task = TASK, **more: Any) -> Entry:
    return swereg.train(task, base=str(base), epochs=1, device="cpu", **more)


def test_a_task_of_ones_own_is_trained_stored_and_loaded(tiny_base: Path) -> None:
    seen: list[Progress] = []
    entry = train(tiny_base, note="först", on_progress=seen.append)
    assert (entry.ref, entry.labels, entry.note) == ("väder/1", LABELS, "först")
    assert {Started, EpochEnded} <= {type(event) for event in seen}
    assert swereg.show("väder") == entry == swereg.list(task="väder")[0]
    classifier = swereg.load("väder")
    (answer, cut) = classifier.predict(["Sol i Malmö", "regn " * 200])
    assert tuple(answer.scores) == LABELS
    assert sum(answer.scores.values()) == pytest.approx(1)
    assert answer.score == max(answer.scores.values()) == answer.scores[answer.label]
    assert (answer.truncated, cut.truncated) == (False, True)
    again = swereg.predict("väder", ["Sol i Malmö"])[0]
    assert again.scores == pytest.approx(answer.scores, abs=1e-6)
    assert classifier.predict([]) == []


def test_entries_of_one_base_share_it_in_memory(tiny_base: Path) -> None:
    train(tiny_base)
    train(tiny_base, method="head")
    one, two = swereg.load("väder"), swereg.load("väder-head")
    assert one.base is two.base
    assert one.predict(["sol"]) != two.predict(["sol"])


def test_what_was_recorded_on_test_is_what_is_loaded(tiny_base: Path) -> None:
    """The stored outputs are those of the loaded entry, for an adapter and for the baseline."""
    import numpy as np

    for method in ("lora", "full", "head"):
        entry = train(tiny_base, method=method)
        with Registry.open() as registry:
            stored = {part.split: part for part in registry.outputs(entry)}
            dataset = registry.dataset(entry.dataset)
        assert dataset == read()
        logits = np.frombuffer(stored["test"].logits, "<f4").reshape(-1, len(LABELS))
        answers = swereg.load(entry).predict([example.text for example in dataset.test])
        assert [answer.label for answer in answers] == [LABELS[i] for i in logits.argmax(axis=1)]


def test_the_first_base_stays_the_registrys_own(tiny_base: Path, tmp_path: Path) -> None:
    first = train(tiny_base)
    other = make_base(tmp_path / "other", seed=1)
    assert train(other).base.name == str(other)
    third = swereg.train(TASK, epochs=1, device="cpu")
    assert third.base == first.base


def test_a_base_that_has_moved_can_be_named(tmp_path: Path) -> None:
    train(make_base(tmp_path / "base"))
    shutil.move(tmp_path / "base", tmp_path / "annan")
    with pytest.raises(NotFound, match="base"):
        swereg.load("väder")
    assert swereg.load("väder", base=str(tmp_path / "annan")).labels == LABELS
    with pytest.raises(CheckFailed, match="not the base"):
        swereg.load("väder", base=str(make_base(tmp_path / "fel", seed=1)))


def test_names_follow_the_task_and_the_method(tiny_base: Path) -> None:
    assert train(tiny_base).name == "väder"
    assert train(tiny_base, method="head").name == "väder-head"
    assert train(tiny_base, name="mitt").ref == "mitt/1"
    with pytest.raises(Conflict, match="belongs to the task"):
        train(tiny_base, task=Task("annat", read, LABELS), name="mitt")
    with pytest.raises(UsageError, match="cannot be used as a name"):
        train(tiny_base, name="Mitt")


def test_data_gets_a_task_of_its_name_or_of_the_files(tiny_base: Path, tmp_path: Path) -> None:
    file = tmp_path / "omdömen.csv"
    lines = [f"{label} {n};{label}" for n in range(10) for label in ("bra", "dåligt")]
    file.write_text("\n".join(["Omdöme;Betyg", *lines]), encoding="utf-8")
    seen: list[Progress] = []
    entry = train(
        tiny_base,
        task="betyg",
        data=file,
        read=swereg.ReadOptions(label="betyg"),
        on_progress=seen.append,
    )
    assert (entry.task, entry.labels) == ("betyg", ("bra", "dåligt"))
    assert any("80/10/10" in event.text for event in seen if isinstance(event, Notice))
    named = swereg.train(
        data=[file], read=swereg.ReadOptions(label="betyg"), epochs=1, device="cpu"
    )
    assert named.ref == "omdömen/1"


def test_nothing_is_stored_where_training_is_refused(tiny_base: Path) -> None:
    for fault in (
        {"method": "lora[r=0]"},
        {"learning_rate": -1.0},
        {"max_length": 9999},
        {"device": "abacus"},
        {"precision": "fp8"},
    ):
        with pytest.raises(UsageError):
            swereg.train(TASK, base=str(tiny_base), **({"device": "cpu"} | fault))  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="there is no task"):
        swereg.train("vädret")
    with pytest.raises(UsageError, match="nothing was said to train"):
        swereg.train()
    with Registry.open() as registry:
        assert registry.count() == 0


def test_a_single_text_is_not_taken_for_a_list(tiny_base: Path) -> None:
    train(tiny_base)
    with pytest.raises(UsageError, match="a list of texts"):
        swereg.predict("väder", "Sol i Malmö")


def test_comparing_needs_something_to_compare() -> None:
    with pytest.raises(UsageError):
        swereg.compare()
    with pytest.raises(NotFound):
        swereg.compare(task="väder")


def test_recipes_are_sorted_by_the_mean_over_their_seeds(tmp_path: Path) -> None:
    """A lucky seed does not lift its recipe."""
    path = tmp_path / "r.db"
    with Registry.open(path, create=True) as registry:
        for rank, losses in ((4, (0.1, 0.9)), (8, (0.4, 0.3))):
            for seed, value in enumerate(losses):
                recipe = Recipe(settings={"r": rank}, seed=seed, device="cpu")
                epochs = (Epoch(1, 0.7, value, 0.5, 1.0),)
                made = make(
                    f"{rank}-{seed}", recipe=recipe, epochs=epochs, best_epoch=1, scores=loss(value)
                )
                registry.add(made)
    rows = swereg.compare(task="känslor", registry=path).rows
    assert [row.figures["val_loss"] for row in rows] == pytest.approx([0.35, 0.5])
    by_seed = swereg.compare(task="känslor", registry=path, seeds=True).rows
    assert [row.ref for row in by_seed] == ["känslor/1", "känslor/4", "känslor/3", "känslor/2"]


def test_only_the_best_rows_are_compared_where_so_many_are_wanted(tmp_path: Path) -> None:
    """With the baseline and the best by the metric; all seeds count, and no repetition."""
    path = tmp_path / "r.db"
    with Registry.open(path, create=True) as registry:
        for rank, seed, value in (
            (1, 0, 0.6),
            (2, 0, 0.2),
            (2, 1, 0.9),
            (4, 0, 0.3),
            (4, 1, 0.4),
            (4, 1, 0.5),
        ):
            recipe = Recipe(settings={"r": rank}, seed=seed, device="cpu")
            scores = loss(value)
            scores["val"]["macro_f1"] += 0.1 * (rank == 2)
            registry.add(make(f"{rank}-{seed}-{value}", recipe=recipe, scores=scores))
        full = Recipe(method="full", device="cpu")
        registry.add(make("full", name="hela", recipe=full, scores=loss(0.8)))

    def compared(limit: int | None, **more: Any) -> tuple[list[str], int]:
        found = swereg.compare(task="känslor", limit=limit, sort="loss", registry=path, **more)
        return [row.ref for row in found.rows], found.more

    everything = ["känslor/4..6", "känslor/2..3", "känslor/1", "hela/1"]
    assert compared(None) == compared(4) == (everything, 0)
    assert compared(1) == (["känslor/4..6", "hela/1"], 2)
    assert compared(1, metric="macro_f1") == (["känslor/4..6", "känslor/2..3", "hela/1"], 1)
    assert compared(1, where=["method=lora"]) == (["känslor/4..6"], 2)
    assert compared(2, seeds=True) == (["känslor/2", "känslor/4", "hela/1"], 4)
    every = swereg.compare(task="känslor", registry=path, sort="loss").rows
    (one, _) = swereg.compare(task="känslor", limit=1, registry=path, sort="loss").rows
    assert (one.refs, one.repeats, one.figures) == (
        every[0].refs,
        every[0].repeats,
        every[0].figures,
    )
    with pytest.raises(UsageError, match="cannot be sorted"):
        swereg.compare(task="känslor", limit=1, sort="beauty", registry=path)
    with pytest.raises(UsageError, match="limit cannot be 0"):
        swereg.compare(task="känslor", limit=0, registry=path)
    assert (
        swereg.compare(task="känslor", where=["r=4"], limit=1, seeds=True, registry=path).between
        is None
    )
    (alone,) = swereg.compare(
        task="känslor", where=["r=2"], limit=1, seeds=True, sort="accuracy", registry=path
    ).rows
    assert alone.ref == "känslor/2"


def test_what_is_deleted_while_a_task_is_ranked_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, outlines = tmp_path / "r.db", Reader.outlines
    with Registry.open(path, create=True) as registry:
        for rank in (1, 2, 3):
            recipe = Recipe(settings={"r": rank}, device="cpu")
            registry.add(make(f"run-{rank}", recipe=recipe, scores=loss(0.1 * rank)))

    def then_deleted(self: Reader, task: str) -> Any:
        found = outlines(self, task)
        with Registry.open(path) as registry:
            registry.rm("känslor/1")
        return found

    monkeypatch.setattr(Reader, "outlines", then_deleted)
    found = swereg.compare(task="känslor", limit=1, sort="loss", registry=path)
    assert [row.ref for row in found.rows] == ["känslor/2"]


def test_what_was_not_stored_is_worked_out_before_rows_are_left_out(tmp_path: Path) -> None:
    """The best by Matthews' correlation has the highest validation loss; it is not stored."""
    path, rng = tmp_path / "r.db", np.random.default_rng(0)
    rows = tuple(Example(f"text {n}", ("nej", "ja")[n % 2]) for n in range(40))
    data = Dataset(("nej", "ja"), rows[:8], rows[8:])
    truth = np.array([n % 2 for n in range(8, 40)], dtype="<u2")
    with Registry.open(path, create=True) as registry:
        for number in range(6):
            noise = rng.normal(size=(32, 2)) * (6 - number)
            logits = (np.eye(2)[truth] * 2 + noise).astype("<f4")
            outputs = (Outputs("val", 32, 2, logits.tobytes(), truth.tobytes()),)
            recipe = Recipe(settings={"r": number + 1}, device="cpu")
            registry.add(
                make(
                    f"run-{number}",
                    recipe=recipe,
                    dataset=data,
                    outputs=outputs,
                    scores=loss(0.1 * (number + 1)),
                )
            )
    for metric, sort in (("mcc", None), ("brier", "brier"), ("accuracy", "mcc")):
        every = swereg.compare(task="känslor", metric=metric, sort=sort, registry=path)
        (best,) = (row.ref for row in every.rows if metric in row.best)
        few = swereg.compare(task="känslor", metric=metric, sort=sort, limit=2, registry=path)
        assert best in [row.ref for row in few.rows if metric in row.best]
        assert [row.ref for row in few.rows][:2] == [row.ref for row in every.rows][:2]
        assert few.more == 6 - len(few.rows)


def test_fewer_rows_are_of_the_same_split(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    with Registry.open(path, create=True) as registry:
        for number in range(4):
            scores = loss(0.1 * (number + 1))
            tested = {"test": scores["val"]} if number < 2 else {}
            recipe = Recipe(settings={"r": number + 1}, device="cpu")
            registry.add(make(f"run-{number}", recipe=recipe, scores=scores | tested))
    for limit in (None, 2):
        found = swereg.compare(task="känslor", seeds=True, limit=limit, registry=path)
        assert (found.split, found.between) == ("val", None)
        assert any("There is no baseline" in text for text in found.notices)

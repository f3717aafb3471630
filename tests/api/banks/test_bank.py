"""The public bank: names, room, and what it promises while others load."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

import swereg
from swereg.errors import CheckFailed, NotFound, UsageError
from swereg.records.dataset import Dataset, Example, Task
from swereg.testing import TEXTS, make_base


def task(name: str, labels: tuple[str, ...]) -> Task:
    def examples(part: str, n: int) -> tuple[Example, ...]:
        return tuple(
            Example(f"{name} {label} {part} {i}", label) for i in range(n) for label in labels
        )

    dataset = Dataset(labels, examples("a", 4), examples("b", 2), examples("c", 2))
    return Task(name, read=lambda: dataset)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, module_base: Path) -> Path:
    """Entries of three tasks, with names that would be traps elsewhere."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"
    for name, labels, method in [
        ("query", ("nej", "ja"), "lora"),
        ("query", ("nej", "ja"), "lora"),
        ("åäö", ("a", "b", "c"), "head"),
        ("v1.2.0", ("x", "y", "z", "å"), "dora"),
        ("layer", ("nej", "ja"), "full"),
        ("score", ("nej", "ja"), "full"),
    ]:
        swereg.train(
            task(name, labels),
            method=method,
            name=name,
            base=str(module_base),
            registry=path,
            epochs=1,
        )
    return path


@pytest.fixture(scope="module")
def module_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base"))


def same(one: swereg.Prediction, two: swereg.Prediction) -> bool:
    return one.label == two.label and one.scores == pytest.approx(two.scores, abs=1e-6)


def test_each_text_is_answered_by_the_entry_it_names(registry: Path) -> None:
    names = ["query", "åäö", "v1.2.0", "layer", "query/1", "åäö", "query@latest", "v1.2.0"]
    bank = swereg.Bank(["query", "åäö"], registry=registry)
    found = bank.predict(TEXTS, names)
    for text, name, answer in zip(TEXTS, names, found, strict=True):
        assert same(answer, swereg.load(name, registry=registry).predict([text])[0]), name
    assert "v1.2.0" in bank
    assert "v1.2.0/1" in bank
    assert len(bank) == 5


def test_one_reference_serves_all_texts_and_all_entries_serve_one_text(registry: Path) -> None:
    bank = swereg.Bank(["query", "åäö", "layer"], registry=registry)
    one = bank.predict(TEXTS, "åäö")
    every = bank.predict_all(TEXTS)
    assert set(every) == {"query/2", "åäö/1", "layer/1"}
    assert all(same(a, b) for a, b in zip(one, every["åäö/1"], strict=True))
    assert list(bank.predict_all(TEXTS[:1], ["layer", "query"])) == ["layer/1", "query/2"]
    assert bank.predict([], []) == []


def test_entries_without_a_base_answer_beside_the_others(registry: Path, tmp_path: Path) -> None:
    own = tmp_path / "registry.db"
    shutil.copy(registry, own)
    for method in ("tfidf", "majority"):
        swereg.train(task("query", ("nej", "ja")), method=method, registry=own)
    names = ["query-tfidf", "åäö", "query-majority", "query-tfidf", "layer", "åäö", "query"]
    names.append("query-majority/1")
    bank = swereg.Bank(["query-tfidf"], registry=own)
    found = bank.predict(TEXTS, names)
    for text, name, answer in zip(TEXTS, names, found, strict=True):
        assert same(answer, swereg.load(name, registry=own).predict([text])[0]), name
    every = bank.predict_all(TEXTS, ["query-majority", "query", "query-tfidf"])
    assert list(every) == ["query-majority/1", "query/2", "query-tfidf/1"]
    assert all(
        same(a, b)
        for a, b in zip(every["query-tfidf/1"], bank.predict(TEXTS, "query-tfidf"), strict=True)
    )
    bank.unload("query-tfidf")
    assert "query-tfidf" not in bank
    assert {entry.ref for entry in swereg.Bank(registry=own).load_all()} == {
        "layer/1",
        "query/2",
        "query-majority/1",
        "query-tfidf/1",
        "v1.2.0/1",
        "åäö/1",
    }
    with pytest.raises(UsageError, match="capacity"):
        swereg.Bank(["query-tfidf", "query-majority"], capacity=1, registry=own)


def test_the_least_recently_used_entry_leaves(registry: Path) -> None:
    bank = swereg.Bank(["query/1", "query/2"], capacity=2, registry=registry)
    bank.predict(["hej"], "query/1")
    bank.load("åäö")
    assert [entry.ref for entry in bank.entries] == ["query/1", "åäö/1"]
    with pytest.raises(UsageError, match="do not fit"):
        bank.load("query/1", "query/2", "åäö")
    assert [entry.ref for entry in bank.entries] == ["query/1", "åäö/1"]
    assert bank.predict(["hej"], "query/2")  # comes back when it is asked for


def test_as_many_full_models_as_the_user_allows(registry: Path) -> None:
    bank = swereg.Bank(["layer", "query"], registry=registry)
    bank.load("score")
    assert {entry.ref for entry in bank.entries} == {"query/2", "score/1"}
    with pytest.raises(UsageError, match="encoders"):
        bank.predict(["a", "b"], ["layer", "score"])
    two = swereg.Bank(["layer", "score"], encoders=2, registry=registry)
    assert len(two.predict(["a", "b"], ["layer", "score"])) == 2


def test_all_that_fits_is_loaded(registry: Path) -> None:
    bank = swereg.Bank(registry=registry)
    assert [entry.ref for entry in bank.load_all()] == ["layer/1", "query/2", "v1.2.0/1", "åäö/1"]
    assert len(swereg.Bank(capacity=2, registry=registry).load_all()) == 2


def test_a_failed_load_leaves_the_old_state(registry: Path) -> None:
    bank = swereg.Bank(["query"], registry=registry)
    before = bank.predict(["hej"], "query")
    with pytest.raises(NotFound, match="nothing"):
        bank.load("åäö", "nothing")
    assert [entry.ref for entry in bank.entries] == ["query/2"]
    assert bank.predict(["hej"], "query") == before


def test_what_is_unloaded_is_gone_until_it_is_asked_for(registry: Path) -> None:
    bank = swereg.Bank(["query", "åäö"], registry=registry)
    bank.unload("query")
    assert "query" not in bank
    with pytest.raises(NotFound, match="not in the bank"):
        bank.unload("query")
    assert bank.predict(["hej"], "query")[0].label in ("nej", "ja")


def test_an_alias_that_moved_is_followed_when_it_is_loaded_again(registry: Path) -> None:
    with swereg.Registry.open(registry) as store:
        store.alias("query/1", "prod")
        bank = swereg.Bank(["query@prod"], registry=registry)
        store.alias("query/2", "prod")
    assert bank.load("query@prod")[0].ref == "query/2"
    assert "query/1" in bank


def test_an_entry_on_another_base_is_refused(registry: Path, tmp_path: Path) -> None:
    other = make_base(tmp_path / "other", seed=5)
    swereg.train(task("annan", ("a", "b")), base=str(other), registry=registry, epochs=1)
    bank = swereg.Bank(["query"], registry=registry)
    with pytest.raises(CheckFailed, match="annan/1 is on another base"):
        bank.load("annan")
    assert "annan/1" not in [entry.ref for entry in swereg.Bank(registry=registry).load_all()]


@pytest.mark.parametrize("wrong", [{"capacity": 0}, {"encoders": 0}])
def test_a_bank_without_room_is_refused(wrong: dict[str, int], registry: Path) -> None:
    with pytest.raises(UsageError):
        swereg.Bank(registry=registry, **wrong)  # type: ignore[arg-type]


def test_a_wrong_number_of_references_is_refused(registry: Path) -> None:
    with pytest.raises(UsageError, match="2 texts, but 1 reference"):
        swereg.Bank(registry=registry).predict(["a", "b"], ["query"])
    with pytest.raises(UsageError, match="list of texts"):
        swereg.Bank(registry=registry).predict("hej", "query")


def test_threads_load_unload_and_predict_at_once(registry: Path) -> None:
    bank = swereg.Bank(["query", "åäö"], capacity=2, registry=registry)
    names = ["query/1", "query/2", "åäö", "v1.2.0"]
    wanted = {name: bank.predict(TEXTS[:3], name) for name in names}
    faults: list[object] = []

    def ask(name: str) -> None:
        try:
            for _ in range(8):
                found = bank.predict(TEXTS[:3], name)
                if not all(same(a, b) for a, b in zip(found, wanted[name], strict=True)):
                    faults.append(name)
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(bank) == 2

"""Entries of several bases, and of none, answer together, from Python as from the command line."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import swereg
from swereg.errors import NotFound, UsageError
from swereg.registry.reader import Reader
from swereg.testing import TEXTS, make_base
from tests.api.banks.test_bank import task
from tests.command_line import here


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Entries on two bases, and one on none."""
    folder = tmp_path_factory.mktemp("mixed")
    path = folder / "registry.db"
    options = {"registry": path, "epochs": 1}
    for name, seed in (("ett", 0), ("två", 1)):
        base = make_base(folder / name, seed=seed)
        swereg.train(task(name, ("nej", "ja")), name=name, base=str(base), **options)  # type: ignore[arg-type]
    swereg.train(task("tre", ("a", "b", "c")), name="tre", method="tfidf", registry=path)
    return path


REFS = ("två", "tre", "ett")


def test_each_answers_as_it_does_alone(mixed: Path) -> None:
    banks = swereg.Banks(REFS, registry=mixed)
    answers = banks.predict_all(TEXTS)
    assert list(answers) == ["två/1", "tre/1", "ett/1"] == [e.ref for e in banks.entries]
    for ref, predictions in answers.items():
        alone = swereg.load(ref, registry=mixed).predict(TEXTS)
        for prediction, other in zip(predictions, alone, strict=True):
            assert prediction.label == other.label
            assert prediction.scores == pytest.approx(other.scores, abs=1e-6)


def test_predict_takes_one_or_a_list(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("numpy", "torch"):
        monkeypatch.setenv("SWEREG_COMPUTE_WITH", library)
        answers = swereg.predict(list(REFS), TEXTS[:3], registry=mixed)
        assert list(answers) == ["två/1", "tre/1", "ett/1"]
        entry = swereg.show("ett", registry=mixed)
        one = swereg.predict(entry, TEXTS[:3], registry=mixed)
        assert [p.label for p in one] == [p.label for p in answers["ett/1"]]


def test_the_registry_is_opened_once(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    init = Reader.__init__

    def count(self: Reader, location: str | Path | None = None) -> None:
        opened.append(str(location))
        init(self, location)

    monkeypatch.setattr(Reader, "__init__", count)
    for library in ("numpy", "torch"):
        monkeypatch.setenv("SWEREG_COMPUTE_WITH", library)
        opened.clear()
        assert len(here("predict", ",".join(REFS), "hej", "--registry", mixed).splitlines()) == 3
        assert len(opened) == 1


def test_faults_are_those_of_a_bank(mixed: Path) -> None:
    with pytest.raises(NotFound):
        swereg.Banks(["ett", "fyra"], registry=mixed)
    base = swereg.show("ett", registry=mixed).require_base().name
    described = task("ett", ("nej", "ja"))
    swereg.train(described, name="ett-två", registry=mixed, epochs=1, base=base)
    with pytest.raises(UsageError, match="do not fit at once"):
        swereg.Banks(["ett", "ett-två"], capacity=1, registry=mixed)


def test_threads_may_ask_a_bank_of_a_path(mixed: Path) -> None:
    bank = swereg.Bank(["ett"], registry=mixed)
    expected = bank.predict(TEXTS, "ett")
    faults: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(3):
                assert [p.label for p in bank.predict(TEXTS, "ett")] == [p.label for p in expected]
                bank.load("tre")
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []

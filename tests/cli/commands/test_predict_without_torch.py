"""predict without torch: what is printed is the same, and torch is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import swereg
from swereg.api.predict import INSIST, MOST_TEXTS
from swereg.records.dataset import Dataset, Example, Task
from swereg.testing import make_base
from tests.cli.conftest import Run
from tests.cli.test_help import loaded_by

HEAVY = {"torch", "transformers", "peft", "accelerate", "sklearn", "scipy"}
METHODS = ["lora", "rslora", "dora", "ia3", "vera", "bitfit", "head", "full", "majority", "peft"]
LONG = "fem ord i en text som är för lång"


def task(labels: tuple[str, ...]) -> Task:
    train, val, test = (
        tuple(Example(f"{label} {part} {i}", label) for i in range(3) for label in labels)
        for part in ("mat", "tåg", "dag")
    )
    return Task("t", read=lambda: Dataset(labels, train, val, test))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with an entry of every method on its base, and one on another."""
    folder = tmp_path_factory.mktemp("shop")
    bases = [make_base(folder / "base"), make_base(folder / "elsewhere", seed=5)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEREG_HOME", str(folder / "home"))
        for number, method in enumerate([*METHODS, "head"]):
            labels = ("negativ", "positiv", "åä", "ö")[: 2 + number % 3]
            settings = {"type": "loha"} if method == "peft" else {}
            on = (
                {}
                if method == "majority"
                else {
                    "base": str(bases[number // len(METHODS)]),
                    "epochs": 1,
                    "max_length": 8,
                }
            )
            swereg.train(
                task(labels),
                method=method,
                settings=settings,
                name=f"m{number}",
                registry=folder / "registry.db",
                **on,
            )
    return folder


@pytest.fixture(autouse=True)
def registry(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let every command use the registry of the shop."""
    monkeypatch.setenv("SWEREG_HOME", str(shop / "home"))
    monkeypatch.setenv("SWEREG_REGISTRY", str(shop / "registry.db"))
    monkeypatch.delenv(INSIST, raising=False)
    return shop / "registry.db"


def both(monkeypatch: pytest.MonkeyPatch, cli: Run, *arguments: str) -> tuple[Any, Any]:
    """What is printed with numpy and with torch."""
    found = []
    for way in ("numpy", "torch"):
        monkeypatch.setenv(INSIST, way)
        done = cli("predict", *arguments)
        assert done.code == 0, done.err
        found.append(done)
    return found[0], found[1]


QUICK = ",".join(f"m{n}" for n, method in enumerate(METHODS) if method != "peft")


@pytest.mark.parametrize("refs", [*QUICK.split(","), QUICK, f"m10,{QUICK}"])
def test_the_scores_are_those_of_torch(
    refs: str, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, wanted = both(monkeypatch, cli, refs, "Maten", "A\u030angra mig", LONG, "--json")
    assert done.err == wanted.err
    found, expected = json.loads(done.raw), json.loads(wanted.raw)
    assert len(found["predictions"]) == 3 * len(refs.split(","))
    for one, other in zip(found.pop("predictions"), expected.pop("predictions"), strict=True):
        assert one.pop("scores") == pytest.approx(other.pop("scores"), abs=1e-5)
        assert one.pop("score") == pytest.approx(other.pop("score"), abs=1e-5)
        assert one == other
    assert found == expected


@pytest.mark.parametrize("form", [[], ["--csv"]])
def test_rows_and_notes_are_those_of_torch(
    form: list[str], cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for refs in ("m0", "m0,m6"):
        done, wanted = both(monkeypatch, cli, refs, "Maten", LONG, *form)
        assert "cut at 8 tokens" in done.err
        assert done.err == wanted.err
        rows, expected = (
            [row.split("\t" if not form else ",") for row in text.splitlines()]
            for text in (done.out, wanted.out)
        )
        assert [[*row[:-2], row[-1]] for row in rows] == [[*r[:-2], r[-1]] for r in expected]


@pytest.mark.parametrize("arguments", [["m0", "Maten"], [f"{QUICK},m10", "Maten", LONG, "--json"]])
def test_a_few_texts_load_no_machine_learning(arguments: list[str]) -> None:
    assert not loaded_by("predict", *arguments) & HEAVY


@pytest.mark.parametrize("arguments", [["m9", "Maten"], ["m0", *["Maten"] * (MOST_TEXTS + 1)]])
def test_whatever_else_goes_through_torch(arguments: list[str]) -> None:
    assert "torch" in loaded_by("predict", *arguments)


def test_numpy_that_is_insisted_on_says_why_it_cannot(
    cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INSIST, "numpy")
    for arguments, why in [
        (["m9", "Maten"], "the method peft lowers tensors of torch."),
        (["m0", "Maten", "--device", "cuda"], "the device is cuda."),
        (["m0", "Maten", "--precision", "bf16"], "the precision is bf16."),
        (["m0", *["Maten"] * 17], "there are more than 16 texts."),
    ]:
        done = cli("predict", *arguments)
        assert done.code == 2
        assert why in done.err
    monkeypatch.setenv(INSIST, "abacus")
    assert cli("predict", "m0", "Maten").code == 2


def test_python_answers_as_the_command_line_does(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for way in ("numpy", "torch"):
        monkeypatch.setenv(INSIST, way)
        found.append(swereg.predict("m2", ["Maten", LONG]))
    for one, other in zip(*found, strict=True):
        assert (one.label, one.truncated) == (other.label, other.truncated)
        assert one.scores == pytest.approx(other.scores, abs=1e-5)
    assert found[0][1].truncated
    assert swereg.predict("m2", []) == []


def test_a_base_that_changed_is_refused(cli: Run, shop: Path, tmp_path: Path) -> None:
    other = str(make_base(tmp_path / "other", seed=7))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(INSIST, "numpy")
        done = cli("predict", "m0", "Maten", "--base", other)
        assert done.code == 4
        assert "is not the base that was recorded" in done.err
        assert cli("predict", "m8", "Maten", "--base", other).code == 2

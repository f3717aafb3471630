"""Several seeds: the same data, an entry each, stored one by one."""

from __future__ import annotations

import inspect
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import swereg
from swereg import Dataset, Example, Task
from swereg.adapters.standalone.method import Learnt
from swereg.api import train as api
from swereg.cli.display import trained
from swereg.errors import TrainingError, UsageError
from swereg.evaluation.statistics import seed_run
from swereg.plugins import entry_points
from swereg.records.progress import Notice, Progress, SeedBegan, Stored
from swereg.records.training import OPTIONS, Recipe, RecipeOptions
from swereg.testing import check_method
from tests.cli.conftest import entry as made
from tests.command_line import as_json, here

LABELS = ("sol", "regn")
PLACES = ("Umeå", "Växjö", "Gävle", "Åre", "Öland", "Skåne", "Bo", "Lund", "Mora", "Falun")


def read() -> Dataset:
    def rows(word: str) -> tuple[Example, ...]:
        return tuple(Example(f"{word} {label} i {p}", label) for p in PLACES for label in LABELS)

    return Dataset(LABELS, rows("mycket"), rows("lite"), rows("ingen"), notices=("ett påpekande",))


TASK = Task("väder", read, LABELS)


def train(base: Path, task: Task = TASK, **more: Any) -> swereg.SeedRun:
    quick = {"seeds": 5, "base": str(base), "method": "head", "epochs": 2, "learning_rate": 0.05}
    return swereg.train(task, **(quick | more))  # type: ignore[arg-type]


def test_each_seed_is_an_entry_on_the_same_data_and_the_spread_is_theirs(tiny_base: Path) -> None:
    run = train(tiny_base, seeds=3)
    assert run.seeds == (42, 43, 44)
    assert [entry.ref for entry in run.entries] == [f"väder-head/{n}" for n in (1, 2, 3)]
    assert {entry.dataset for entry in run.entries} == {read().digest}
    assert len({entry.weights_digest for entry in run.entries}) == 3
    assert run.split == "test"
    losses = [entry.val_loss for entry in run.entries]
    assert run.spreads["val_loss"].values == tuple(losses)
    assert run.spreads["val_loss"].deviation == pytest.approx(statistics.stdev(losses))
    accuracies = [entry.scores["test"]["accuracy"] for entry in run.entries]
    assert run.spreads["accuracy"].mean == pytest.approx(statistics.mean(accuracies))
    assert set(run.spreads) == {"val_loss", "accuracy", "macro_f1"}
    alone = swereg.train(
        TASK, seed=43, base=str(tiny_base), method="head", epochs=2, learning_rate=0.05
    )
    assert alone.weights_digest == run.entries[1].weights_digest


def test_it_takes_every_keyword_of_train() -> None:
    keywords = {
        name
        for name, p in inspect.signature(api.train).parameters.items()
        if p.kind is p.KEYWORD_ONLY
    }
    assert {*api.TrainOptions.__annotations__, "seeds"} == keywords | {o.name for o in OPTIONS}


def test_type_checkers_see_the_fields_of_a_recipe() -> None:
    types = {option.name: option.type for option in OPTIONS}
    seen = inspect.get_annotations(RecipeOptions)
    assert {name: kind.__forward_arg__ for name, kind in seen.items()} == types
    assert {*types, "method", "settings"} == {field.name for field in fields(Recipe)}


def test_the_seeds_may_be_named_and_a_single_one_has_no_deviation(tiny_base: Path) -> None:
    assert train(tiny_base, seeds=[7, 3], epochs=1).seeds == (3, 7)
    single = train(tiny_base, seeds=1, seed=9, epochs=1)
    assert single.seeds == (9,)
    assert single.spreads["accuracy"].deviation is None
    assert "±" not in dict(trained._spreads(single))["val loss"]


def test_data_is_read_once_and_a_notice_is_told_once(tiny_base: Path) -> None:
    reads: list[int] = []

    def counted() -> Dataset:
        reads.append(1)
        return read()

    seen: list[Progress] = []
    train(tiny_base, Task("väder", counted, LABELS), seeds=2, epochs=1, on_progress=seen.append)
    assert len(reads) == 1
    assert seen.count(Notice("ett påpekande")) == 1
    assert [event for event in seen if isinstance(event, SeedBegan | Stored)] == [
        SeedBegan(42, 1, 2),
        Stored("väder-head/1"),
        SeedBegan(43, 2, 2),
        Stored("väder-head/2"),
    ]


def test_an_error_keeps_the_entries_before_it(tiny_base: Path) -> None:
    def fail(event: Progress) -> None:
        if isinstance(event, SeedBegan) and event.number == 3:
            raise TrainingError("the power went")

    with pytest.raises(TrainingError):
        train(tiny_base, seeds=5, epochs=1, on_progress=fail)
    assert [entry.recipe.seed for entry in swereg.list(sort="ref")] == [43, 42]


@pytest.mark.parametrize(
    "said", [{"seeds": 0}, {"seeds": []}, {"seeds": [1, 1]}, {"seeds": [1, 2], "seed": 3}]
)
def test_seeds_that_make_no_sense_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        swereg.train(TASK, **said)
    assert caught.value.code == "seeds.value"


@pytest.mark.parametrize("method", ["tfidf", "majority"])
def test_methods_without_chance_are_refused(method: str) -> None:
    with pytest.raises(UsageError) as caught:
        swereg.train(TASK, method=method, seeds=5)
    assert caught.value.code == "seeds.deterministic"


class Lottery:
    """A method without a base that depends on the seed, and chooses a setting by it."""

    name = "lottery"
    description = "Random shares."
    seeded = True

    @dataclass(frozen=True)
    class settings:
        chosen: int = 0

    def fit(self, dataset: Dataset, settings: Any, *, seed: int, on_progress: Any) -> Learnt:
        shares = np.random.default_rng(seed).random(len(dataset.labels))
        return Learnt({"shares": shares}, len(shares), replace(settings, chosen=seed))

    def answerer(self, tensors: Any, labels: Any, settings: Any) -> Any:
        return lambda texts: np.tile(tensors["shares"], (len(texts), 1))


def test_a_method_without_a_base_may_have_seeds_too(monkeypatch: pytest.MonkeyPatch) -> None:
    find = entry_points.find_plugin
    monkeypatch.setattr(
        entry_points,
        "find_plugin",
        lambda kind, name: Lottery() if name == "lottery" else find(kind, name),
    )
    check_method("lottery")
    run = swereg.train(TASK, method="lottery", seeds=3)
    assert [entry.recipe.settings["chosen"] for entry in run.entries] == [42, 43, 44]
    assert len(set(run.spreads["val_loss"].values)) == 3


def test_without_test_data_the_scores_are_those_of_validation() -> None:
    scores = {"val": {"loss": 0.5, "accuracy": 0.75, "macro_f1": 0.7}}
    run = seed_run([made(scores=scores)])
    assert (run.split, run.spreads["accuracy"].mean) == ("val", 0.75)
    assert "validation accuracy" in dict(trained._spreads(run))


# --- through the command line ---------------------------------------------------------------


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "väder.csv"
    rows = [f"{e.text};{e.label}" for name in ("train", "val", "test") for e in read().split(name)]
    path.write_bytes("\r\n".join(["text;label", *rows]).encode("cp1252"))
    return path


def command(table: Path, base: Path, *more: object) -> list[str]:
    quick = ("--base", base, "--method", "head", "--lr", 0.05, "--epochs", 1)
    said = (sys.executable, "-m", "swereg", "train", "--data", table, *quick, *more)
    return list(map(str, said))


def test_the_command_line_stores_each_and_tells_the_spread(table: Path, tiny_base: Path) -> None:
    done = subprocess.run(
        command(table, tiny_base, "--seeds", 2), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["väder-head/1", "väder-head/2"]
    assert "seed 43, 2 of 2" in done.stderr
    assert "stored väder-head/1" in done.stderr
    assert "val loss: 0." in done.stderr
    assert " ± " in done.stderr
    seeds = command(table, tiny_base, "--seeds", "8,9")[3:]
    assert here(*seeds, "-q").split() == ["väder-head/3", "väder-head/4"]
    facts = as_json(*seeds)
    assert facts["seeds"] == [8, 9]
    assert [entry["recipe"]["seed"] for entry in facts["entries"]] == [8, 9]
    mean, values = facts["spreads"]["accuracy"]["mean"], facts["spreads"]["accuracy"]["values"]
    assert mean == pytest.approx(sum(values) / 2)


def test_an_interrupt_keeps_what_is_ready_and_names_it(table: Path, tiny_base: Path) -> None:
    with subprocess.Popen(
        command(table, tiny_base, "--seeds", 500), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any("stored väder-head/2" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    stored = [entry.ref for entry in swereg.list(sort="created")]
    assert "väder-head/1, väder-head/2" in said
    last = said.strip().splitlines()[-1]
    assert last.startswith("interrupted: väder-head/1")
    assert last.endswith("had been stored")
    named = set(last.removeprefix("interrupted: ").split(" had")[0].split(", "))
    assert named <= set(stored)
    assert len(stored) - len(named) <= 1  # one may have been stored while the signal came

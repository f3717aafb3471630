"""A sweep: every combination is the entry that it would be alone, and nothing is trained twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import swereg
from swereg.api.sweeping import plot as sweep_plot
from swereg.errors import TrainingError, UsageError
from swereg.records.progress import CombinationBegan, EpochEnded, GaveUp, Progress, Stored
from tests.api.test_seeds import TASK, read
from tests.command_line import as_json, here
from tests.command_line import swereg as command

QUICK: dict[str, Any] = {"epochs": 2, "learning_rate": 0.02}


def sweep(base: Path, /, *, over: dict[str, Any], **more: Any) -> swereg.SweepRun:
    return swereg.sweep(TASK, over=over, **(QUICK | {"base": str(base)} | more))


def test_each_entry_is_what_it_would_be_alone(tiny_base: Path) -> None:
    found = sweep(tiny_base, over={"r": [2, 4], "learning_rate": [0.01, 0.02]}, seeds=2)
    assert [str(one) for one in found.combinations] == [
        f"r={r}, learning_rate={rate}, seed {seed}"
        for r in (2, 4)
        for rate in (0.01, 0.02)
        for seed in (42, 43)
    ]
    assert [entry.ref for entry in found.entries] == [f"väder/{n}" for n in range(1, 9)]
    assert found.best is not None
    assert found.best.val_loss == min(entry.val_loss or 9 for entry in found.entries)
    for at in (0, 7):
        said = found.combinations[at].said
        alone = swereg.train(
            TASK,
            base=str(tiny_base),
            epochs=2,
            learning_rate=said["learning_rate"],
            settings={"r": str(said["r"])},
            seed=found.combinations[at].seed,
            name="ensam",
        )
        assert alone.recipe == found.entries[at].recipe
        assert alone.weights_digest == found.entries[at].weights_digest
        assert alone.epochs[-1].val_loss == found.entries[at].epochs[-1].val_loss


@pytest.mark.parametrize("halving", [False, True])
def test_several_at_once_give_the_same_entries_to_rounding(halving: bool, tiny_base: Path) -> None:
    over = {"r": [2, 4], "learning_rate": [0.01, 0.02, 0.03]}
    seen: list[Progress] = []
    first = sweep(
        tiny_base, over=over, halving=halving, together=4, name="samman", on_progress=seen.append
    )
    again = sweep(
        tiny_base,
        over=over,
        halving=halving,
        together=1,
        name="ensam",
        note="igen",
        registry=tiny_base / ".." / f"ensam-{halving}.db",
    )
    assert [str(one) for one in first.combinations] == [str(one) for one in again.combinations]
    for one, other in zip(first.entries, again.entries, strict=True):
        assert one.recipe == other.recipe
        losses = [[epoch.val_loss for epoch in entry.epochs] for entry in (one, other)]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    said = ""
    for event in seen:  # each event comes after the name of whose it is
        if isinstance(event, CombinationBegan):
            said = event.combination
        elif isinstance(event, Stored):
            entry = next(entry for entry in first.entries if entry.ref == event.ref)
            assert said == str(first.combinations[first.entries.index(entry)])


def test_what_is_there_is_not_trained_again(tiny_base: Path) -> None:
    first = sweep(tiny_base, over={"r": [1, 2]})
    seen: list[Progress] = []
    more = sweep(tiny_base, over={"r": [2, 3]}, on_progress=seen.append)
    assert more.before == ("väder/2",)
    assert [entry.ref for entry in more.entries] == ["väder/2", "väder/3"]
    assert [event.combination for event in seen if isinstance(event, CombinationBegan)] == [
        "r=3, seed 42"
    ]
    assert swereg.list(where=[f"tag=sweep={more.name}"], sort="ref")[0].ref == "väder/3"
    again = sweep(tiny_base, over={"r": [1, 2]})
    assert (again.before, again.name) == (("väder/1", "väder/2"), first.name)
    changed = sweep(tiny_base, over={"r": [1, 2]}, epochs=1)
    assert changed.before == ()


def test_halving_gives_up_the_worse_half_after_a_share_of_the_epochs(tiny_base: Path) -> None:
    rates = [1e-6, 3e-4, 1e-3, 0.02]
    seen: list[Progress] = []
    found = sweep(
        tiny_base,
        over={"learning_rate": rates},
        epochs=8,
        patience=8,
        halving=True,
        on_progress=seen.append,
    )
    losses: dict[str, list[float]] = {}
    for event in seen:
        if isinstance(event, CombinationBegan):
            curve = losses.setdefault(event.combination, [])
        elif isinstance(event, EpochEnded):
            curve.append(event.epoch.val_loss)
    early = sorted(losses, key=lambda one: min(losses[one][:2]))
    late = sorted(early[:2], key=lambda one: min(losses[one][:4]))
    assert {one.combination: one.epoch for one in found.given_up} == {
        early[2]: 2,
        early[3]: 2,
        late[1]: 4,
    }
    assert str(found.combinations[0]) == late[0]
    (entry,) = found.entries
    assert len(entry.epochs) == 8
    assert sorted(map(len, losses.values())) == [2, 2, 4, 8]  # nothing is done twice
    assert sum(isinstance(event, GaveUp) for event in seen) == 3
    alone = swereg.train(
        TASK, base=str(tiny_base), epochs=8, patience=8, learning_rate=entry.recipe.learning_rate
    )
    assert alone.weights_digest == entry.weights_digest


def test_a_loss_that_grows_without_end_costs_only_its_own_training(tiny_base: Path) -> None:
    over = {"learning_rate": [0.02, 1e30]}
    found = sweep(tiny_base, over=over, patience=9, epochs=4)
    assert [entry.recipe.learning_rate for entry in found.entries] == [0.02]
    (lost,) = found.given_up
    assert lost.combination == "learning_rate=1e+30, seed 42"
    assert "the loss became" in lost.why
    with pytest.raises(TrainingError) as caught:
        sweep(tiny_base, over={"learning_rate": [1e30, 1e31]})
    assert caught.value.code == "sweep.diverged"


def test_an_error_keeps_the_entries_before_it(tiny_base: Path) -> None:
    def fail(event: Progress) -> None:
        if isinstance(event, Stored) and event.ref == "väder/2":
            raise TrainingError("the power went")

    with pytest.raises(TrainingError):
        sweep(tiny_base, over={"r": [1, 2, 3]}, on_progress=fail)
    found = sweep(tiny_base, over={"r": [1, 2, 3]})
    assert found.before == ("väder/1", "väder/2")


@pytest.mark.parametrize(
    ("over", "more", "code"),
    [
        ({"r": []}, {}, "sweep.values"),
        ({"r": [2, 2]}, {}, "sweep.values"),
        ({"learning_rate": ["fast"]}, {}, "sweep.number"),
        ({"learning_rate": [-1]}, {}, "recipe.value"),
        ({"r": ["x"]}, {}, "method.setting"),
        ({"nope": [1]}, {}, "method.setting"),
        ({"max_features": [1]}, {"method": "tfidf"}, "sweep.method"),
        ({"r": [1]}, {"seeds": 0}, "seeds.value"),
        ({"r": [1]}, {"together": 0}, "sweep.together"),
    ],
)
def test_what_makes_no_sweep_is_refused_before_anything_is_trained(
    over: dict[str, Any], more: dict[str, Any], code: str, tiny_base: Path, home: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        sweep(tiny_base, over=over, **more)
    assert caught.value.code == code
    assert not (home / "registry.db").exists() or swereg.list() == []


def test_the_plot_has_a_line_for_what_else_was_said(tiny_base: Path, tmp_path: Path) -> None:
    found = sweep(tiny_base, over={"r": [16, 2], "dropout": [0, 0.1]}, seeds=2, epochs=1)
    path = sweep_plot.plot_sweep(found, "r", output=tmp_path / "kurva.svg", metric="macro_f1")
    drawn = path.read_text(encoding="utf-8")
    assert all(f">{text}</text>" in drawn for text in ("dropout=0", "dropout=0.1", "2", "16"))
    assert drawn.index(">2</text>") < drawn.index(">16</text>")
    assert "alpha" not in drawn
    with pytest.raises(UsageError) as caught:
        sweep_plot.plot_sweep(found, "learning_rate", output=tmp_path / "kurva.svg")
    assert caught.value.code == "sweep.key"


# --- through the command line ---------------------------------------------------------------


@pytest.fixture
def said(tmp_path: Path, tiny_base: Path) -> list[object]:
    path = tmp_path / "väder.csv"
    rows = [f"{e.text};{e.label}" for name in ("train", "val", "test") for e in read().split(name)]
    path.write_bytes("\r\n".join(["text;label", *rows]).encode("cp1252"))
    return ["sweep", "--data", path, "--base", tiny_base, "-o", "epochs=2"]


def test_the_command_line_trains_all_and_shows_what_varies(said: list[object]) -> None:
    out = command(*said, "--rank", "2,4", "--lr", "0.01", "--seeds", 2)
    head, *rows = (line.split("\t") for line in out.splitlines())
    facts = [dict(zip(head, row, strict=True)) for row in rows]
    assert {row["ref"] for row in facts} == {"väder/1..2", "väder/3..4"}
    assert all("learning_rate=0.01" in row["recipe"] for row in facts)
    again = as_json(*said, "--rank", "2,4", "--lr", "0.01", "--seeds", 2)
    assert len(again["before"]) == 4
    assert again["combinations"][0] == {
        "said": {"r": "2"},
        "fixed": {"learning_rate": "0.01", "epochs": "2"},
        "seed": 42,
    }
    assert here(*said, "--rank", "2,8", "--together", 2, "-q").count("väder/") == 2


def test_a_person_sees_the_rates_beside_the_rows(
    said: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swereg.cli.output.is_terminal", lambda *_: True)
    monkeypatch.setenv("COLUMNS", "160")
    out = here(*said, "--lr", "0.01,0.02")
    assert "lr=0.01" in out
    assert "lr=0.02" in out
    assert "batch_size" not in out


def test_each_of_several_at_once_is_told_with_its_own_epochs(said: list[object]) -> None:
    several = [*map(str, said[:-2]), "-o", "epochs=1,2", "--together", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "swereg", *several], capture_output=True, text=True, check=True
    )
    told = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert told.count("epoch 1/1") == told.count("epoch 1/2") == told.count("epoch 2/2") == 1


def test_a_dry_run_only_lists(said: list[object], home: Path) -> None:
    out = here(*said, "--rank", "1,2", "-o", "batch_size=4,8", "--dry-run")
    assert out.splitlines() == [
        f"r={r}, batch_size={size}, seed 42" for r in (1, 2) for size in (4, 8)
    ]
    assert not home.exists()


@pytest.mark.parametrize(
    "wrong",
    [("--rank", "1,,2"), ("-o", "r"), ("-o", "r=1", "-o", "r=2"), ("--rank", "2,2", "--dry-run")],
)
def test_values_that_cannot_be_read_are_refused(said: list[object], wrong: tuple[str, ...]) -> None:
    assert "error: " in here(*said, *wrong, code=2)


def test_an_interrupted_sweep_goes_on_where_it_was(said: list[object]) -> None:
    values = ("--lr", ",".join(f"{n / 1000:g}" for n in range(1, 200)))
    with subprocess.Popen(
        [sys.executable, "-m", "swereg", *map(str, said), *values],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any("stored väder/2" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        ended = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "väder/1, väder/2" in ended
    found = as_json(*said, "--lr", "0.001,0.002,0.003")
    assert found["before"][:2] == ["väder/1", "väder/2"]

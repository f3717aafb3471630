"""train: what is passed on, what is seen of it, and what is printed at its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import swereg
from swereg.cli.display import progress
from swereg.records.dataset import ReadOptions
from swereg.records.entry import Entry
from swereg.records.progress import EpochEnded, Notice, OnProgress, Started, Stepped
from tests.cli.conftest import Run, entry

TRAINED = entry(version=3)
Calls = list[dict[str, Any]]


def report(on_progress: OnProgress) -> None:
    """Two epochs of two steps, as a training reports them."""
    on_progress(Notice("the file is Windows-1252"))
    on_progress(Started(epochs=50, steps=2, trainable=148_994, total=124_838_404))
    for number, epoch in enumerate(TRAINED.epochs[:2]):
        for step in (1, 2):
            on_progress(Stepped("train", step, 2, 0.5))
        on_progress(EpochEnded(epoch, best=number == 0))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Record what the front door is asked."""
    asked: Calls = []

    def train(task: str | None, **said: Any) -> Entry:
        report(said.pop("on_progress"))
        asked.append({"task": task, **said})
        return TRAINED

    monkeypatch.setattr(swereg, "train", train, raising=False)
    return asked


def test_what_is_not_said_is_not_passed(cli: Run, calls: Calls) -> None:
    assert cli("train", "--task", "sentiment").code == 0
    assert calls == [
        {
            "task": "sentiment",
            "data": None,
            "read": ReadOptions(),
            "method": "lora",
            "settings": {},
            "base": None,
            "name": None,
            "note": "",
            "keep_data": True,
            "checkpoints": True,
            "registry": None,
        }
    ]


def test_everything_that_is_said_is_passed(cli: Run, calls: Calls) -> None:
    done = cli(
        "--registry",
        "a.db",
        "train",
        "--task",
        "t",
        "--data",
        "a.csv",
        "b.csv",
        "--data",
        "c.csv",
        "--method",
        "lora[alpha=16]",
        "-o",
        "r=8",
        "-o",
        "targets=query+key",
        "--lr",
        "1e-3",
        "--batch-size",
        "4",
        "--epochs",
        "5",
        "--patience",
        "1",
        "--seed",
        "7",
        "--max-length",
        "64",
        "--dropout",
        "0",
        "--weight-decay",
        "0.01",
        "--clip",
        "2",
        "--precision",
        "bf16",
        "--device",
        "cpu",
        "--base",
        "mini",
        "--name",
        "n",
        "--note",
        "för åäö",
        "--text",
        "T",
        "--label",
        "L",
        "--delimiter",
        ";",
        "--encoding",
        "cp1252",
        "--skip-bad-rows",
        "2",
        "--drop-empty",
        "--repair-mojibake",
        "--normalise-labels",
        "--dedupe",
        "--split-seed",
        "3",
        "--no-keep-data",
        "--no-checkpoints",
    )
    assert done.code == 0, done.err
    assert calls == [
        {
            "task": "t",
            "data": ["a.csv", "c.csv", "b.csv"],
            "method": "lora[alpha=16]",
            "read": ReadOptions("T", "L", ";", "cp1252", 2, True, True, True, True, 3),
            "settings": {"r": "8", "targets": "query+key"},
            "base": "mini",
            "name": "n",
            "note": "för åäö",
            "keep_data": False,
            "checkpoints": False,
            "registry": "a.db",
            "learning_rate": 1e-3,
            "batch_size": 4,
            "epochs": 5,
            "patience": 1,
            "seed": 7,
            "max_length": 64,
            "dropout": 0.0,
            "weight_decay": 0.01,
            "clip": 2.0,
            "precision": "bf16",
            "device": "cpu",
        }
    ]


def test_rank_is_short_for_r(cli: Run, calls: Calls) -> None:
    cli("train", "--task", "t", "--rank", "8")
    assert calls[0]["settings"] == {"r": "8"}


def test_the_registry_may_be_named_after_the_command(cli: Run, calls: Calls) -> None:
    cli("--registry", "a.db", "train", "--task", "t", "--registry", "b.db")
    assert calls[0]["registry"] == "b.db"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sentiment"], "is --task sentiment meant?"),
        (["--data", "a", "b", "c", "d"], "three files at most"),
        (["--rank", "8", "-o", "r=4"], "contradict"),
        (["-o", "r"], "KEY=VALUE"),
        (["--precision", "fp64"], "fp32"),
        (["--epoch", "3"], "--epochs"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], words: str, cli: Run, calls: Calls
) -> None:
    done = cli("train", *arguments)
    assert done.code == 2
    assert words in done.err
    assert "swereg train --help" in done.err
    assert not calls


def test_a_pipe_gets_the_reference_and_plain_lines(cli: Run, calls: Calls) -> None:
    done = cli("train", "--task", "sentiment")
    assert done.out == "sentiment/3\n"
    lines = done.err.splitlines()
    assert lines[:4] == [
        "note: the file is Windows-1252",
        "training 148,994 of 124,838,404 parameters (0.1193 %), at most 50 epochs of 2 steps",
        "epoch  1/50: train loss 0.7000, validation 0.6100, accuracy 0.800, 3.2 s  * best",
        "epoch  2/50: train loss 0.3500, validation 0.4500, accuracy 0.800, 3.2 s",
    ]
    assert 'swereg predict sentiment/3 "..."' in lines[-1]


def test_a_person_gets_a_summary(cli: Run, calls: Calls) -> None:
    done = cli("--registry", "postgresql://me:secret@host/db", "train", "--task", "t", tty=True)
    for fact in (
        "sentiment/3",
        "148,994 of 124,838,404 parameters (0.1193 %)",
        "3 of 5",
        "599 kB",
        "validation",
        "accuracy 0.880",
        "48 s",
        "mini",
        "me:***@host",
    ):
        assert fact in done.out
    assert "secret" not in done.out


def test_quiet_means_the_reference_alone_and_notices(cli: Run, calls: Calls) -> None:
    done = cli("train", "--task", "sentiment", "-q")
    assert (done.out, done.err) == ("sentiment/3\n", "note: the file is Windows-1252\n")


def test_json_has_all_facts(cli: Run, calls: Calls) -> None:
    facts = json.loads(cli("train", "--task", "sentiment", "--json").out)
    assert facts["ref"] == "sentiment/3"
    assert len(facts["epochs"]) == 5


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_terminal_gets_bars_and_a_line_per_epoch(width: int, cli: Run, calls: Calls) -> None:
    done = cli("train", "--task", "sentiment", tty=True, width=width)
    assert done.code == 0
    said = "".join(done.err.split())
    assert "epoch1/50:trainloss0.7000" in said
    assert "*best" in said
    if width >= 80:
        assert "left" in said


def test_a_dumb_terminal_gets_plain_lines(cli: Run, calls: Calls) -> None:
    done = cli("train", "--task", "sentiment", tty=True, term="dumb")
    assert "left" not in done.err
    assert "epoch  2/50" in done.err


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count how often the bars are drawn."""
    from rich.progress import Progress

    drawn: list[int] = []
    refresh: Callable[[Progress], None] = Progress.refresh

    def counted(self: Progress) -> None:
        drawn.append(1)
        refresh(self)

    monkeypatch.setattr(Progress, "refresh", counted)
    return iter([drawn])


def test_a_fast_training_is_not_slowed_down_by_its_bars(
    cli: Run, monkeypatch: pytest.MonkeyPatch, drawings: Iterator[list[int]]
) -> None:
    def train(task: str | None, on_progress: OnProgress, **_: Any) -> Entry:
        on_progress(Started(epochs=1, steps=5000, trainable=1, total=2))
        for step in range(1, 5001):
            on_progress(Stepped("train", step, 5000, 0.5))
        return TRAINED

    monkeypatch.setattr(swereg, "train", train, raising=False)
    assert cli("train", "--task", "t", tty=True).code == 0
    assert len(next(drawings)) < 30


def test_a_signal_that_got_lost_is_noticed_at_the_next_step(cli: Run) -> None:
    from swereg.cli import exit_codes

    display = progress.display(quiet=True)
    display(Notice("all is well"))
    exit_codes._received.append(15)
    with pytest.raises(KeyboardInterrupt):
        display(Stepped("train", 1, 2, 0.5))

"""swereg export and swereg import, and what list, show and compare say of imported entries."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import swereg
from swereg.evaluation.comparison import compare
from swereg.records.dataset import Dataset, Example, Task
from swereg.records.entry import Entry
from swereg.records.training import Recipe
from tests.cli.conftest import Run, entry, evidence

LABELS = ("negativ", "positiv")


def imported() -> Entry:
    claims = {"ref": "lab/7", "created": "2026-01-01", "scores": {"test": {"accuracy": 0.99}}}
    return entry(
        version=2,
        dataset=None,
        sizes={},
        epochs=(),
        best_epoch=None,
        scores={},
        seconds=None,
        cut={},
        environment={},
        recipe=Recipe("lora", {"r": 8, "alpha": 16.0}),
        origin={"base": "unverified", "config": {}, "read": "0" * 64, "claims": claims},
    )


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with a trained and an imported entry."""
    both = [imported(), entry()]
    monkeypatch.setattr(swereg, "list", lambda **_: both, raising=False)
    monkeypatch.setattr(swereg, "show", lambda *_, **__: both[0], raising=False)
    monkeypatch.setattr(swereg, "compare", lambda *_, **__: compare(evidence(*both)), raising=False)


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("tty", [True, False])
def test_what_is_not_known_is_not_made_up(cli: Run, tty: bool) -> None:
    listed = cli("list", tty=tty)
    assert listed.code == 0
    line = next(line for line in listed.out.splitlines() if "sentiment/2" in line)
    assert ("  -  " in line) if tty else ("\t\t" in line)
    whole = cli("show", "sentiment/2", tty=tty).out
    assert "imported from a PEFT folder" in whole
    assert "unverified" in whole
    assert "claimed test" in whole
    assert "learning rate" not in whole
    compared = cli("compare", "--task", "sentiment", tty=tty)
    assert compared.code == 0
    assert "sentiment/2" in compared.err
    assert "None" not in listed.out + whole + compared.out


@pytest.mark.usefixtures("shown")
def test_programs_read_null(cli: Run) -> None:
    facts = json.loads(cli("show", "sentiment/2", "--json").out)
    assert facts["val_loss"] is facts["seconds"] is facts["dataset"] is facts["best_epoch"] is None
    assert facts["origin"]["base"] == "unverified"
    assert json.loads(cli("compare", "--task", "sentiment", "--json").out)["split"] == "test"


@pytest.fixture
def trained(tiny_base: Path) -> Entry:
    rows = tuple(Example(f"{label} {n}", label) for n in range(2) for label in LABELS)
    task = Task(
        "ton",
        lambda: Dataset(
            LABELS, rows, rows[:0] + tuple(replace(row, text=f"så {row.text}") for row in rows)
        ),
    )
    return swereg.train(task, base=str(tiny_base), epochs=1, device="cpu")


def test_an_entry_goes_out_and_comes_back(cli: Run, trained: Entry, tmp_path: Path) -> None:
    out = tmp_path / "ut å in"
    done = cli("export", "ton", "--peft", str(out))
    assert (done.code, done.out) == (0, f"{out}\n")
    assert cli("export", "ton", "--peft", str(out)).code == 5
    assert cli("export", "ton", "--peft", str(out), "--force").code == 0
    assert cli("export", "ton").code == 2
    assert cli("import", str(out), "--name", "lab", "-q").out == "lab/1\n"
    (tmp_path / "prov.csv").write_text("text;label\nbra;positiv\nuselt;negativ\n")
    done = cli("import", str(out), "--name", "lab", "--data", str(tmp_path / "prov.csv"), tty=True)
    assert "lab/2" in done.out
    assert "accuracy" in done.out
    assert "verified" in done.out
    assert "lab now means lab/2" in done.err
    facts = json.loads(cli("import", str(out), "--name", "lab", "--json").out)
    assert (facts["ref"], facts["labels"]) == ("lab/3", list(LABELS))
    wrong = cli("import", str(out), "--name", "lab", "--labels", "positiv,negativ")
    assert wrong.code == 4
    assert "other labels" in wrong.err
    assert cli("import", str(out), "--name", "lab", "--labels", '["negativ", 1]').code == 2
    assert cli("list", "--name", "lab", "-q").out.split() == ["lab/3", "lab/2", "lab/1"]


def test_the_whole_model_goes_out(cli: Run, trained: Entry, tmp_path: Path) -> None:
    assert cli("export", "ton", "--merged", str(tmp_path / "m")).code == 0
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["id2label"] == {"0": "negativ", "1": "positiv"}

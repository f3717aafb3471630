"""data: a registry's datasets and files, on terminals, in pipes and as JSON."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from swereg.records.dataset import Dataset, Example
from swereg.registry import Registry
from tests.cli.conftest import Run
from tests.datasets.conftest import CSV, Write, write
from tests.registry.make_entry import DATASET, ROWS, make

__all__ = ["write"]  # the fixture

ODD = Example("=2+2 \x1b[31mröd", "ja")
OTHER = Dataset(DATASET.labels, (Example(ROWS[0].text, "ja"), ODD, ROWS[4]), ROWS[2:4], ROWS[4:])


@pytest.fixture
def registry(home: Path) -> Path:
    """A registry with two datasets of one task, and one without texts."""
    with Registry.open(create=True) as store:
        store.add(make())
        store.add(make("run-2", dataset=OTHER))
        store.add(make("run-3", name="annan"))
    return home / "registry.db"


def test_datasets_are_listed(registry: Path, cli: Run) -> None:
    table = cli("data", "list", tty=True, width=100).out
    assert table.splitlines()[0].split()[:2] == ["dataset", "task"]
    assert DATASET.digest[:12] in table
    assert "nej 1, ja 1" in table
    assert cli("data", "list", "-q").out.split() == [OTHER.digest, DATASET.digest]
    (header, _, old) = cli("data", "list", "--task", "känslor").out.splitlines()
    assert dict(zip(header.split("\t"), old.split("\t"), strict=True)) | {"first_used": ""} == {
        "digest": DATASET.digest,
        "tasks": "känslor",
        "first_used": "",
        "train": "2",
        "val": "2",
        "test": "2",
        "labels": "nej=1,ja=1",
        "entries": "2",
        "text_bytes": old.split("\t")[-1],
    }
    (first, second) = json.loads(cli("data", "list", "--json").out)["datasets"]
    assert (first["digest"], second["entries"]) == (OTHER.digest, ["känslor/1", "annan/1"])
    assert cli("data", "list", tty=True, width=30).code == 0
    assert cli("data", "list", "--task", "x").err == "There is no dataset of the task x.\n"


def test_no_registry_is_an_empty_list(cli: Run) -> None:
    done = cli("data", "list")
    assert (done.code, done.out) == (0, "")
    assert "swereg train" in done.err


def test_a_dataset_is_shown_with_harmless_rows(registry: Path, cli: Run) -> None:
    for width in (20, 60, 100):
        done = cli("data", "show", "känslor/2", "--rows", "9", tty=True, width=width)
        assert done.code == 0
        assert "\x1b[31m" not in done.raw
    assert "made up" in done.out
    assert "=2+2 \\x1b[31mröd" in done.out
    facts = json.loads(cli("data", "show", OTHER.digest[:6], "--json").out)
    assert facts["counts"]["train"] == {"nej": 1, "ja": 2}
    assert len(facts["rows"]) == 5
    assert cli("data", "show", "annan", "--rows", "0", encoding="ascii").code == 0
    assert cli("data", "show", "fffff1").code == 3


def test_an_entry_shows_what_is_known_of_its_task(registry: Path, cli: Run) -> None:
    shown = cli("show", "känslor/1").out
    assert "source\tmade up" in shown
    assert "licence\tCC0-1.0" in shown
    assert json.loads(cli("show", "känslor/1", "--json").out)["about"]["licence"] == "CC0-1.0"


def test_an_export_goes_to_a_file_or_a_pipe(registry: Path, cli: Run, tmp_path: Path) -> None:
    done = cli("data", "export", "känslor/2")
    assert [*csv.reader(io.StringIO(done.raw))][2] == ["train", ODD.text, "ja"]
    assert "1 cell would be taken for a formula" in done.err
    assert "read again, this is not the same dataset" in done.err
    assert "\x1b" not in cli("data", "export", "känslor/2", tty=True).raw
    path = tmp_path / "ut.jsonl"
    done = cli("data", "export", "känslor/1", "-o", str(path))
    assert (done.out, done.err) == (f"{path}\n", "")
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0]) == {
        "split": "train",
        "text": "åäö 0",
        "label": "nej",
    }
    assert cli("data", "export", "känslor/1", "-o", str(path)).code == 5
    assert cli("data", "export", "känslor/1", "-o", str(tmp_path / "ut.pdf")).code == 2
    latin = cli("data", "export", "känslor/1", encoding="latin-1")  # bytes are UTF-8 all the same
    assert "Ã¥Ã¤Ã¶ 0" in latin.out


def test_an_export_for_a_spreadsheet_is_protected(registry: Path, cli: Run) -> None:
    done = cli("data", "export", "känslor/2", "--spreadsheet")
    assert done.out.startswith("\ufeffsplit;text;label")
    assert "train;'=2+2" in done.out
    assert done.err == ""


def test_a_difference_is_shown(registry: Path, cli: Run) -> None:
    done = cli("data", "diff", "känslor/1", "känslor/2")
    assert done.out.splitlines()[:2] == [
        "change\tbefore\tafter\ttext",
        "relabelled\ttrain: nej\ttrain: ja\tåäö 0",
    ]
    assert "2 added; 1 removed; 1 relabelled; 0 moved; 4 the same" in done.err
    for width in (24, 80):
        shown = cli("data", "diff", "känslor/1", "känslor/2", "--limit", "1", tty=True, width=width)
        assert "1 more added" in shown.err
        assert "\x1b[31m" not in shown.raw
    facts = json.loads(cli("data", "diff", "känslor/1", "annan", "--json").out)
    assert (facts["same"], facts["counts"]["moved"]) == (6, 0)


def test_texts_are_erased_only_on_request(
    registry: Path, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = cli("data", "rm", "känslor/1")
    assert (done.code, "--yes" in done.err) == (2, True)
    monkeypatch.setattr("swereg.cli.commands.data._is_asked", lambda: True)
    assert cli("data", "rm", "känslor/1", stdin=b"n\n").code == 130
    assert json.loads(cli("data", "show", "känslor/1", "--json").out)["kept"]
    (registry.parent / "kopia").write_bytes(registry.read_bytes())
    done = cli("data", "rm", "känslor/1", stdin=b"ja\n")
    assert (done.code, done.out) == (0, f"{DATASET.digest}\n")
    assert "Erase 6 texts of dataset" in done.err
    assert "the 2 entries that used them stay, with their scores" in done.err
    assert f"still has them: {registry.parent / 'kopia'}" in done.err
    assert cli("data", "export", "känslor/1").code == 3
    again = json.loads(cli("data", "rm", "känslor/1", "--yes", "--json").out)
    assert (again["freed"], again["kept"]) == (0, False)
    assert "not kept" in cli("data", "show", "känslor/1").out
    assert cli("data", "list", tty=True).code == 0


def test_a_check_ends_with_4_where_training_would_refuse(write: Write, cli: Run) -> None:
    good, bad = write(CSV), write(CSV + "Tomt,\n", "bad.csv")
    done = cli("data", "check", str(good))
    assert (done.code, done.err) == (0, "Training would take it as it is.\n")
    assert "train\t32" in done.out
    done = cli("data", "check", str(bad), tty=True)
    assert done.code == 4
    assert "--drop-empty" in done.out
    assert "for 1 reason" in done.err
    assert cli("data", "check", str(bad), "--drop-empty").code == 0
    facts = json.loads(cli("data", "check", str(bad), "--json").out)
    assert (facts["accepted"], facts["refusals"][0]["code"]) == (False, "data.empty-cells")
    assert facts["twins"]["near"]["train-train"] > 0
    assert cli("data", "check", "finns-inte.csv").code == 3
    for width in (20, 70):
        assert cli("data", "check", "errand", tty=True, width=width, encoding="ascii").code == 0


def test_a_check_needs_no_torch(write: Write) -> None:
    import subprocess

    code = (
        "import sys, swereg.cli as cli\n"
        f"assert cli.run(['data', 'check', {str(write(CSV))!r}]) == 0\n"
        "print('loaded:', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split("loaded:")[1].split())
    assert not loaded & {"torch", "transformers", "peft", "accelerate", "sklearn", "scipy"}

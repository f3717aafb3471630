"""load and predict: texts in, answers out."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import swereg
from swereg.records import Prediction
from tests.cli.conftest import Run, entry


class Parrot:
    """A classifier that finds everything good, and reads four words at most."""

    def __init__(self, ref: str) -> None:
        name, _, version = ref.partition("/")
        self.entry = entry(name, int(version or 1))
        self.ref = self.entry.ref
        self.labels = self.entry.labels
        self.parameters = 10

    def predict(self, texts: Iterable[str]) -> list[Prediction]:
        scores = {"negativ": 0.25, "positiv": 0.75}
        return [Prediction("positiv", 0.75, scores, len(text.split()) > 4) for text in texts]


@pytest.fixture(autouse=True)
def parrot(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(ref: str, **_: Any) -> Parrot:
        return Parrot(ref)

    monkeypatch.setattr(swereg, "load", load, raising=False)


def test_a_pipe_gets_label_score_and_text(cli: Run) -> None:
    done = cli("predict", "sentiment", "Maten var god", "två\tord\n")
    assert done.out == "positiv\t0.750000\tMaten var god\npositiv\t0.750000\ttvå\\tord\n"


def test_a_person_gets_a_table_that_wraps_its_texts(cli: Run) -> None:
    done = cli("predict", "sentiment", "[bold]ord[/fel] " * 9, tty=True, width=40)
    assert done.out.split()[:3] == ["label", "score", "text"]
    assert "positiv  0.7500  [bold]ord[/fel]" in done.out
    assert max(len(line.rstrip()) for line in done.out.splitlines()) <= 40


def test_blank_lines_and_cut_texts_are_counted(cli: Run) -> None:
    done = cli("predict", "sentiment", stdin=b"a\r\n\r\n  \nfem ord i en text\n")
    assert [line.split("\t")[2] for line in done.out.splitlines()] == ["a", "fem ord i en text"]
    assert "left out 2 blank lines" in done.err
    assert "1 of 2 texts cut at 256 tokens" in done.err


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("tåg\nmat\n".encode(), ""),
        ("tåg\nmat".encode("utf-8-sig"), ""),
        ("tåg\r\nmat\r\n".encode("utf-16"), ""),
        ("tåg\nmat\n".encode("cp1252"), "Windows-1252"),
    ],
)
def test_texts_from_a_file_or_pipe(content: bytes, note: str, cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "texter.txt"
    path.write_bytes(content)
    for done in (cli("predict", "s", "--file", str(path)), cli("predict", "s", stdin=content)):
        assert [line.split("\t")[2] for line in done.out.splitlines()] == ["tåg", "mat"]
        assert note in done.err
        assert "blank" not in done.err


def test_a_file_that_is_not_there(cli: Run, tmp_path: Path) -> None:
    assert cli("predict", "s", "--file", str(tmp_path / "x")).code == 3
    assert cli("predict", "s", "--file", str(tmp_path)).code == 1


def test_texts_and_a_file_contradict_each_other(cli: Run) -> None:
    assert cli("predict", "s", "text", "--file", "x").code == 2
    assert cli("predict", "s", "text", "--json", "--csv").code == 2


def test_json_has_the_scores_of_all_labels(cli: Run) -> None:
    found = json.loads(cli("predict", "s/2", "å", "--json").raw)
    assert found["ref"] == "s/2"
    assert found["predictions"] == [
        {
            "text": "å", "label": "positiv", "score": 0.75, "truncated": False,
            "scores": {"negativ": 0.25, "positiv": 0.75},
        }
    ]  # fmt: skip


def test_csv_has_no_formulas_and_survives_a_round_trip(cli: Run) -> None:
    texts = ['=HYPERLINK("x")', "+46", "-1", "@a", "ett, två", 'sa "nej"', "rad\nbryt"]
    done = cli("predict", "s", "--csv", "--", *texts)
    header, *rows = csv.reader(io.StringIO(done.out))
    assert header == ["label", "score", "text"]
    assert [row[2] for row in rows] == [f"'{t}" if t[0] in "=+-@" else t for t in texts]


def test_load_says_what_it_loaded_and_every_entry_answers(cli: Run) -> None:
    done = cli("load", "sentiment/2", "errand", stdin="Hålet är kvar\n\nTåget\n".encode())
    first, second = done.err.splitlines()
    assert "sentiment/2: lora, 10 parameters on mini" in first
    assert " ms; labels negativ, positiv" in first
    assert second.startswith("errand/1")
    assert done.out.splitlines() == [
        "sentiment/2\tpositiv\t0.750000\tHålet är kvar",
        "errand/1\tpositiv\t0.750000\tHålet är kvar",
        "sentiment/2\tpositiv\t0.750000\tTåget",
        "errand/1\tpositiv\t0.750000\tTåget",
    ]


def test_a_person_is_asked_at_a_prompt(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["Maten var god", "  ", "ett två tre fyra fem"])

    def typed(prompt: str) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr("swereg.cli.output.is_terminal", lambda stream=None: True)
    done = cli("load", "sentiment", tty=True)
    assert done.code == 0
    assert done.out.count("positiv") == 2
    assert "Ctrl-D" in done.err
    assert "read only the first 256 tokens" in done.err


def test_nothing_to_predict(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swereg.cli.output.is_terminal", lambda stream=None: stream is sys.stdin)
    done = cli("predict", "sentiment@prod")
    assert done.code == 2
    assert "swereg load sentiment@prod" in done.err

"""Plots: pictures that are there, that are whole, and that say what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import swereg
from swereg.errors import UsageError
from tests.evaluation.report.making import dataset, elsewhere, stored, usual

BEGINNINGS = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


@pytest.mark.parametrize("ending", BEGINNINGS)
def test_one_entry_is_drawn_in_every_format(tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"å ä ö{ending}"
    assert swereg.plot("känslor/1", output=target, registry=stored(tmp_path, usual())) == target
    assert target.read_bytes().startswith(BEGINNINGS[ending])


def test_a_drawing_names_what_it_shows_and_is_the_same_again(tmp_path: Path) -> None:
    registry = stored(tmp_path, [*usual(), elsewhere(dataset())])
    first, again = (
        swereg.plot(task="känslor", output=tmp_path / name, registry=registry).read_text("utf-8")
        for name in ("a.svg", "b.svg")
    )
    for words in ("känslor-full/1 (baseline)", "Validation loss", "Calibration", "accuracy on 40"):
        assert words in first
    assert first == again


def test_seeds_can_be_drawn_one_by_one(tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    swereg.plot(task="känslor", seeds=True, output=target, registry=stored(tmp_path, usual()))
    assert all(f"känslor/{number}" in target.read_text("utf-8") for number in (1, 2, 3))


def test_what_was_never_scored_has_an_empty_drawing(tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    swereg.plot("hämtad", output=target, registry=stored(tmp_path, [elsewhere(dataset())]))
    assert "not trained here" in target.read_text("utf-8")


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"picture\.txt"):
        swereg.plot("känslor", output=tmp_path / "picture.txt", registry=tmp_path / "r.db")


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path) -> None:
    registry = stored(tmp_path, usual())
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from swereg.cli import run\n"
        f"sys.exit(run(['show', 'känslor/1', '--plot', {str(tmp_path / 'a.png')!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SWEREG_REGISTRY": str(registry)},
    )
    assert done.returncode == 1
    assert "pip install 'swereg[plot]'" in done.stderr
    assert not (tmp_path / "a.png").exists()

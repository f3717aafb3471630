"""The commands that show results to others, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evaluation.report.making import stored, usual
from tests.evaluation.report.reading import Page

HEAVY = {"torch", "transformers", "peft", "accelerate", "sklearn"}


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return stored(tmp_path, usual())


def swereg(registry: Path, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "swereg", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SWEREG_REGISTRY": str(registry)},
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_report_writes_a_page_and_prints_where(registry: Path, tmp_path: Path) -> None:
    target = tmp_path / "rapport å.html"
    done = swereg(registry, "report", "--task", "känslor", "-o", target, "--metric", "macro_f1")
    assert done.stdout == f"{target}\n"
    assert "highest macro-F1" in Page(target.read_text(encoding="utf-8")).text


def test_report_can_be_filtered_and_leave_texts_out(registry: Path, tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    swereg(
        registry,
        "report",
        "--task",
        "känslor",
        "--filter",
        "method=lora",
        "--no-texts",
        "-o",
        target,
    )
    found = Page(target.read_text(encoding="utf-8"))
    assert "känslor-full" not in found.text
    assert "made without the texts" in found.text


def test_report_refuses_what_is_no_report(registry: Path, tmp_path: Path) -> None:
    target = tmp_path / "notes.txt"
    target.write_text("mine")
    done = swereg(registry, "report", "--task", "känslor", "-o", target, code=5)
    assert "only earlier reports are replaced" in done.stderr
    assert target.read_text() == "mine"
    swereg(registry, "report", "--task", "känslor", code=2)
    swereg(registry, "report", "--task", "annat", "-o", tmp_path / "r.html", code=3)


def test_show_and_compare_draw_beside_what_they_print(registry: Path, tmp_path: Path) -> None:
    one, many = tmp_path / "one.png", tmp_path / "many.svg"
    done = swereg(registry, "show", "känslor", "--plot", one)
    assert f"drawn: {one}" in done.stderr
    assert "känslor/3" in done.stdout
    done = swereg(
        registry, "compare", "--task", "känslor", "--filter", "method!=head", "--plot", many
    )
    assert f"drawn: {many}" in done.stderr
    assert one.stat().st_size > 10_000
    drawn = many.read_text(encoding="utf-8")
    assert "känslor-full/1" in drawn
    assert "känslor-head" not in drawn


def test_neither_needs_the_machine_learning_libraries(registry: Path, tmp_path: Path) -> None:
    code = (
        "import sys, swereg\n"
        f"swereg.report(task='känslor', output={str(tmp_path / 'r.html')!r})\n"
        "assert 'matplotlib' not in sys.modules\n"
        f"swereg.plot('känslor', output={str(tmp_path / 'r.png')!r})\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SWEREG_REGISTRY": str(registry)},
    )
    assert not HEAVY & set(done.stdout.split())

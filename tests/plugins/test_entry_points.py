"""The plugin door: the built-ins, a package that is really installed, and what goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from swereg.errors import Conflict, NotFound
from swereg.plugins import entry_points
from swereg.plugins.settings import BUILT_IN
from swereg.testing import check_method, check_task

METHODS = [
    "lora",
    "full",
    "head",
    "rslora",
    "dora",
    "vera",
    "ia3",
    "bitfit",
    "peft",
    "tfidf",
    "majority",
]
EXAMPLE = Path(__file__).parent / "example"


@pytest.mark.parametrize("task", ["sentiment", "errand"])
def test_built_in_tasks_conform(task: str) -> None:
    check_task(task)


def test_the_built_in_methods_are_those_of_the_entry_points() -> None:
    points = distribution("swereg").entry_points.select(group="swereg.methods")
    assert {point.name: point.value for point in points} == {
        name: f"swereg.{place}:METHOD" for name, place in BUILT_IN.items()
    }


@pytest.mark.parametrize("method", METHODS)
def test_built_in_methods_conform(method: str) -> None:
    check_method(method)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example plugin, installed by pip."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            "--no-cache-dir",
            "--target",
            folder,
            EXAMPLE,
        ],
        check=True,
        capture_output=True,
    )
    return folder


def beside(site: Path) -> dict[str, str]:
    """The environment with one more folder of packages."""
    paths = [str(site), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "swereg", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=beside(site),
    )


def test_an_installed_plugin_is_listed_trained_and_loaded(site: Path, tiny_base: Path) -> None:
    assert "swereg-example 0.1" in run(site, "tasks").stdout
    assert "lora-fa" in run(site, "methods").stdout
    done = run(
        site,
        "train",
        "--task",
        "weather",
        "--method",
        "lora-fa[r=2]",
        "--base",
        str(tiny_base),
        "--epochs",
        "1",
        "-q",
    )
    assert done.stdout.strip() == "weather-lora-fa/1", done.stderr
    done = run(site, "predict", "weather-lora-fa", "Solen skiner i Umeå")
    assert done.stdout.split("\t")[0] in ("fine", "foul"), done.stderr
    done = run(site, "train", "--task", "weather", "--method", "by-length", "-q")
    assert done.stdout.strip() == "weather-by-length/1", done.stderr
    done = run(site, "predict", "weather-by-length,weather-lora-fa", "Det öser ner i Luleå")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [
        "weather-by-length/1",
        "weather-lora-fa/1",
    ], done.stderr


def test_an_installed_plugin_conforms(site: Path) -> None:
    code = (
        "from swereg.testing import check_method, check_task\n"
        "check_task('weather'); check_method('lora-fa'); check_method('by-length')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=beside(site))


def claim(folder: Path, distribution: str, name: str, target: str) -> None:
    """Lay down the metadata that an installed distribution has."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[swereg.tasks]\n{name} = {target}\n")


def test_a_broken_plugin_is_one_line_and_harms_no_other_command(tmp_path: Path) -> None:
    (tmp_path / "boom.py").write_text("raise RuntimeError('no [bold]moon[/bold]')")
    claim(tmp_path, "moon", "moon", "boom:TASK")
    for command in (["--help"], ["list"], ["methods"]):
        done = run(tmp_path, *command)
        assert done.returncode == 0
        assert "moon" not in done.stdout + done.stderr
    listed = run(tmp_path, "tasks")
    assert listed.returncode == 0
    assert "no [bold]moon[/bold]" in listed.stdout + listed.stderr
    assert "sentiment" in listed.stdout
    asked = run(tmp_path, "train", "--task", "moon")
    assert asked.returncode == 1
    assert "moon 1.0" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_name_that_is_claimed_twice_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(tmp_path, "impostor", "sentiment", "impostor:TASK")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(Conflict) as caught:
        entry_points.find_plugin("task", "sentiment")
    assert "impostor 1.0" in caught.value.why
    assert "swereg 0.1.0" in caught.value.why


def test_a_miss_lists_what_there_is_and_guesses() -> None:
    with pytest.raises(NotFound) as caught:
        entry_points.find_plugin("task", "sentimnet")
    assert "errand" in caught.value.why
    assert "sentiment" in caught.value.why
    assert "Did you mean sentiment?" in caught.value.hint

"""Every command and option says what it is for, quickly."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from swereg.cli.app import NAMES, SECTIONS, app
from swereg.home import locations as home
from swereg.records.dataset import Dataset, Example, Task
from swereg.records.entry import NewEntry
from swereg.records.metrics import entry_sorts
from swereg.records.training import Fitted, Outputs, Weights
from swereg.registry import Registry
from tests.cli.conftest import Run, entry

HEAVY = {"torch", "transformers", "peft", "accelerate", "sklearn", "alembic", "numpy.linalg"}


def walk(command: click.Command, path: str = "swereg") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from walk(child, f"{path} {name}")


TREE = dict(walk(app))


@pytest.mark.parametrize("path", TREE)
def test_every_command_and_option_has_help(path: str) -> None:
    command = TREE[path]
    assert command.help
    assert command.help.splitlines()[0].endswith(".")
    with click.Context(command) as context:
        for param in command.get_params(context):
            if isinstance(param, click.Option):
                assert param.help, f"{path} {param.opts}"


@pytest.mark.parametrize("path", TREE)
def test_help_is_shown_with_the_global_options(path: str, cli: Run) -> None:
    done = cli(*path.split()[1:], "--help")
    assert done.code == 0
    assert "--registry" in done.out or path.split()[-1] in ("alias", "data", "db")
    assert max(map(len, done.out.splitlines())) <= 80


def test_every_command_is_in_a_section() -> None:
    context = click.Context(app)
    for name in app.list_commands(context):
        command = app.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert {name for section in SECTIONS.values() for name in section} == set(NAMES)


def test_the_program_alone_shows_help_with_examples(cli: Run) -> None:
    done = cli()
    assert done.code == 0
    assert done.out.count("\n  swereg ") == 3
    assert done.out == cli("--help").out


def test_what_the_shipped_base_recommends_is_in_the_help(cli: Run) -> None:
    side = json.loads((home.PACKAGED_BASES / "mini" / "swereg.json").read_text())
    words = " ".join(cli("train", "--help").out.split())
    for method, advice in side["recommended"].items():
        assert f"{method} learning rate {advice['learning_rate']:g}" in words


def test_the_defaults_of_a_training_are_in_its_help(cli: Run) -> None:
    words = " ".join(cli("train", "--help").out.split())
    for default in ("8", "50", "2", "42", "256", "0.1", "0", "1", "fp32", "auto", "lora"):
        assert f"[default: {default}]" in words
    assert "lora 1e-4, full 1e-5" in words


def test_the_sort_keys_are_those_of_the_registry(tmp_path: Path) -> None:
    with Registry.open(tmp_path / "r.db", create=True) as store:
        for key in entry_sorts():
            assert store.entries(sort=key) == []


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a fresh process has loaded after a command."""
    code = (
        "import sys\nfrom swereg.cli import main\nsys.argv[1:] = {!r}\n"
        "try: main()\nfinally: print('loaded:', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code.format(list(arguments))],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split("loaded:")[1].split())


@pytest.fixture
def registry(home: Path) -> Path:
    """A registry with one entry."""
    rows = (Example("bra", "positiv"), Example("dåligt", "negativ"))
    data = Dataset(("negativ", "positiv"), rows, rows)
    made = entry()
    fitted = Fitted(
        run="r",
        recipe=made.recipe,
        weights=Weights.of(b"weights"),
        trainable=10,
        total=100,
        epochs=made.epochs,
        best_epoch=3,
        scores={"val": {**made.scores["val"]}},
        outputs=(Outputs("val", 2, 2, bytes(16), bytes([1, 0, 0, 0])),),
        seconds=1.0,
        cut={},
        environment={},
    )
    with Registry.open(create=True) as store:
        store.add(NewEntry("sentiment", Task("sentiment", lambda: data), data, made.base, fitted))
    return home


def test_help_loads_neither_the_registry_nor_the_drawing() -> None:
    assert not loaded_by("--help") & (HEAVY | {"sqlalchemy", "rich", "numpy"})


@pytest.mark.parametrize(
    "command", [["list"], ["show", "sentiment"], ["compare", "sentiment"], ["alias", "list"]]
)
def test_reading_loads_no_machine_learning(command: list[str], registry: Path) -> None:
    measuring = {"numpy.linalg"} if command[0] in ("show", "compare") else set()
    assert not loaded_by(*command) & (HEAVY - measuring | {"scipy"})


def test_listing_plugins_loads_no_machine_learning() -> None:
    assert not loaded_by("methods") & HEAVY

"""What a shell is offered after Tab, in a fresh process as the shell asks for it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from swereg.registry import Registry
from tests.cli.conftest import Run, environment
from tests.registry.make_entry import make


@pytest.fixture
def registry(home: Path) -> Path:
    """Two versions of one model, another one, and an alias."""
    path = home / "registry.db"
    with Registry.open(path, create=True) as store:
        for number, name in enumerate(("omdöme", "omdöme", "ärende")):
            store.add(make(f"run-{number}", name=name))
        store.alias("omdöme/1", "prod")
    return path


def offered(words: str, last: str = "", **more: str) -> list[str]:
    """What bash gets for ``swereg words last`` and Tab."""
    said = ["swereg", *words.split(), last]
    asked = environment(
        _SWEREG_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(said),
        COMP_CWORD=str(len(said) - 1),
        **more,
    )
    done = subprocess.run(
        [sys.executable, "-m", "swereg"], capture_output=True, text=True, check=True, env=asked
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.usefixtures("registry")
def test_names_versions_and_aliases() -> None:
    assert offered("show") == ["omdöme", "ärende"]
    assert offered("show", "omd") == ["omdöme"]
    assert offered("show", "omdöme/") == ["omdöme/2", "omdöme/1"]
    assert offered("predict", "ärende,omdöme@") == [
        f"ärende,omdöme@{alias}" for alias in ("prod", "best", "latest")
    ]
    assert offered("list --name", "ä") == ["ärende"]
    assert "sentiment" in offered("train --task", "se")
    assert offered("train --method", "rs") == ["rslora"]
    assert offered("", "com") == ["compare", "completion"]


def test_a_name_that_is_whole_goes_on(registry: Path) -> None:
    assert offered("show", "omdöme") == ["omdöme", "omdöme/2", "omdöme/1", "omdöme@prod"]
    other = registry.rename(registry.with_name("annat register.db"))
    assert offered("show") == []
    assert offered("show", "ä", SWEREG_REGISTRY=str(other)) == ["ärende"]


def test_it_never_complains(registry: Path) -> None:
    with closing(sqlite3.connect(registry)) as db:
        db.execute("BEGIN EXCLUSIVE")
        assert offered("show") == []
    registry.write_bytes(b"no registry")
    assert offered("show") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_the_program(shell: str, cli: Run) -> None:
    done = cli("completion", shell)
    assert done.code == 0
    assert f"{shell}_complete" in done.out
    assert "swereg" in done.out


@pytest.mark.usefixtures("registry")
def test_it_imports_nothing_heavy() -> None:
    code = "import sys; from swereg.cli import main\ntry: main()\nfinally: print(*sys.modules)"
    asked = environment(_SWEREG_COMPLETE="bash_complete", COMP_WORDS="swereg show ", COMP_CWORD="2")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=asked, check=True
    )
    assert "ärende" in done.stdout
    assert not {"sqlalchemy", "torch", "numpy", "rich", "alembic"} & set(done.stdout.split())

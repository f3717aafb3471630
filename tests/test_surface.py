"""What swereg shows to Python: the listed names, no more, and no heavy import before its time."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import swereg

HEAVY = {"torch", "transformers", "peft", "accelerate", "alembic", "sklearn"}


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh process has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sorted(sys.modules), file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_every_public_name_is_there_and_listed() -> None:
    assert len(set(swereg.__all__)) == len(swereg.__all__)
    for name in swereg.__all__:
        assert getattr(swereg, name) is not None
    with pytest.raises(AttributeError):
        swereg.nope  # type: ignore[attr-defined] # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(swereg.__file__).with_suffix(".pyi").read_text())
    homes = {
        alias.asname: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes["list"] = homes.pop("_list_entries")
    assert set(homes) == set(swereg.__all__)
    for name, (module, own_name) in homes.items():
        assert getattr(import_module(str(module)), own_name) is getattr(swereg, str(name))


def test_importing_swereg_imports_nothing_of_weight() -> None:
    loaded = loaded_after("import swereg")
    assert not loaded & (HEAVY | {"sqlalchemy", "click", "rich", "numpy"})


def test_reading_a_registry_imports_no_machine_learning(tmp_path: Path) -> None:
    code = (
        f"import swereg; swereg.Registry.open({str(tmp_path / 'r.db')!r}, create=True).close()\n"
        "import sys; [sys.modules.pop(m) for m in list(sys.modules) if m.startswith('alembic')]\n"
        f"swereg.list(registry={str(tmp_path / 'r.db')!r})"
    )
    assert not loaded_after(code) & HEAVY


def test_predicting_imports_neither_peft_nor_the_training_code() -> None:
    loaded = loaded_after("import swereg; swereg.Classifier")
    assert not loaded & {"peft", "accelerate", "sklearn", "swereg.adapters.training.fit"}

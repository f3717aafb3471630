"""The house keeps to its limits: few things in a folder, short files, names that say the thing."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import swereg

PACKAGE = Path(swereg.__file__).parent
GENERATED = ("migrations/versions/", "registry/entries/generated_sql.py")
FILES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if not path.relative_to(PACKAGE).as_posix().startswith(GENERATED)
)
# Pronouns, participles and number words: they point at a value instead of naming it.
POINTING = frozenset(
    """
    found those these that this said one ones each known kept some wanted meant which what others
    other rest same both it its them they there here given asked told seen made done gone left
    taken such any all whole own more most
    """.split()  # noqa: SIM905
)
AT_MOST = 0.01  # of all bindings


def bindings(tree: ast.AST) -> Iterator[str]:
    """The names of all parameters and of all that is assigned."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def pointing(source: str) -> Counter[str]:
    names = (name.strip("_") for name in bindings(ast.parse(source)))
    return Counter(name for name in names if name in POINTING)


def test_names_say_the_thing() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in FILES}
    total = sum(
        name not in ("self", "cls", "_")
        for source in sources.values()
        for name in bindings(ast.parse(source))
    )
    counts = {path: pointing(source) for path, source in sources.items()}
    where = {str(path.relative_to(PACKAGE)): dict(names) for path, names in counts.items() if names}
    assert sum(names.total() for names in counts.values()) < AT_MOST * total, where


@pytest.mark.parametrize(
    "source", ["found = 1", "for one in x: pass", "def f(those): ...", "_said: int = 1"]
)
def test_a_name_that_points_would_be_noticed(source: str) -> None:
    assert pointing(source).total() == 1


def test_the_package_is_a_few_rooms() -> None:
    front = {"__init__.py", "__init__.pyi", "__main__.py", "py.typed", "__pycache__"}
    assert len({path.name for path in PACKAGE.iterdir()} - front) <= 14


def test_no_folder_is_crowded() -> None:
    counts = Counter(path.parent for path in FILES if path.name != "__init__.py")
    assert {str(folder): count for folder, count in counts.items() if count > 21} == {}


def test_no_file_is_long() -> None:
    lengths = {
        str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8").count("\n")
        for path in FILES
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_the_formatter_is_never_overridden() -> None:
    override = "# fmt" + ": "
    assert [path for path in FILES if override in path.read_text(encoding="utf-8")] == []

"""A glance shows what the registry itself shows, or nothing."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import swereg
from swereg.errors import CheckFailed, SweregError
from swereg.records.training import Recipe
from swereg.registry import Registry
from swereg.registry.entries.queries import _SORTS as SORTS
from swereg.registry.reader import Glance, Unusual
from tests.command_line import here
from tests.registry.make_entry import make


def glance() -> Glance:
    found = Glance.at(None)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with some of everything."""
    path = tmp_path_factory.mktemp("glance") / "register.db"
    with Registry.open(path, create=True) as registry:
        for run in "abcdef":
            registry.add(make(run, name="känslor" if run in "abc" else "ämnen"), keep_data=False)
        registry.alias("känslor/2", "prod", message="bra")
        registry.alias("känslor/2", "a")
        registry.tag("känslor/3", {"status": "pilot", "år": "ö"})
        registry.note("ämnen/1", "räksmörgås")
        registry.rm("ämnen/2")
    return path


@pytest.fixture
def full(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A copy of it."""
    path = tmp_path / "åäö.db"
    shutil.copyfile(written, path)
    monkeypatch.setenv("SWEREG_REGISTRY", str(path))
    with Registry.open(path) as registry:
        yield registry


WANTED: list[dict[str, Any]] = [
    {},
    {"name": "känslor"},
    {"name": "ka\u0308nslor"},
    {"task": "känslor"},
    {"task": "nope"},
    {"method": "lora"},
    {"method": "lora", "name": "ämnen", "task": "känslor"},
]


@pytest.mark.parametrize("limit", [0, 1, 3, 500, None])
@pytest.mark.parametrize("wanted", WANTED)
def test_lists_are_those_of_the_registry(
    full: Registry, wanted: dict[str, str], limit: int | None
) -> None:
    found = glance()
    assert found.entries(**wanted, limit=limit) == full.entries(**wanted, limit=limit)
    assert found.count(**wanted) == full.count(**wanted)


@pytest.mark.parametrize("task", ["känslor", "ka\u0308nslor", "nope"])
def test_what_ranks_entries_is_that_of_the_registry(full: Registry, task: str) -> None:
    """Of two models, with equal losses, seeds, an import, and a method without a base."""
    for number, facts in enumerate(
        (
            {"recipe": Recipe(seed=7, device="cpu")},
            {"recipe": Recipe(seed=8, device="cpu")},
            {"recipe": Recipe(method="majority", seed=9), "base": None},
            {"origin": {"base": "verified"}},
        )
    ):
        full.add(make(f"more-{number}", name="ämnen", **facts))
    found = glance().outlines(task)
    assert found == full.outlines(task)
    kinds = [one.kind for one in found]
    assert (len(found), kinds.count(None)) == ((9, 1) if task != "nope" else (0, 0))


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_is_that_of_the_registry(full: Registry, sort: str) -> None:
    for limit in (2, None):
        assert glance().entries(sort=sort, limit=limit) == full.entries(sort=sort, limit=limit)


@pytest.mark.parametrize(
    "ref",
    [
        "känslor",
        "ämnen",
        "känslor/1",
        "ka\u0308nslor:3",
        "känslor@prod",
        "känslor@a",
        "ämnen@latest",
        "ämnen/1",
    ],
)
def test_references_mean_what_they_mean_to_the_registry(full: Registry, ref: str) -> None:
    entry = glance().get(ref)
    assert entry == full.get(ref)
    assert glance().outputs(entry) == full.outputs(entry)


def test_texts_are_those_of_the_registry(full: Registry) -> None:
    full.add(make("g"))
    digest = full.get("känslor/4").dataset or ""
    found = glance().texts(digest)
    assert found is not None
    assert found == full.texts(digest)
    full.forget(digest)
    assert glance().texts(digest) is full.texts(digest) is None
    assert glance().texts("0" * 64) is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda g: g.get("känslor/9"),
        lambda g: g.get("ämnen/2"),
        lambda g: g.get("nope"),
        lambda g: g.get("känslor@best"),
        lambda g: g.get("ämnen@prod"),
        lambda g: g.entries(tags=["status"]),
        lambda g: g.entries(deleted=True),
        lambda g: g.entries(sort="nope"),
        lambda g: g.count(tags=["x"]),
    ],
)
def test_what_it_cannot_tell_it_leaves_to_the_registry(full: Registry, ask: Any) -> None:
    with pytest.raises(Unusual):
        ask(glance())


def test_a_long_list_is_read_in_pieces(full: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swereg.registry.reader._AT_ONCE", 2)
    for limit in (3, None):
        assert glance().entries(limit=limit) == full.entries(limit=limit)


def test_python_and_the_command_line_take_it(
    full: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, entry = full.entries(limit=4), full.get("känslor/2")
    monkeypatch.setattr(Registry, "open", lambda *_, **__: pytest.fail("it was opened"))
    assert swereg.entries(limit=4) == wanted
    assert swereg.count() == 5
    assert swereg.show("känslor@prod") == entry
    assert here("list", "-q", "--limit", 4).split() == [entry.ref for entry in wanted]
    assert "känslor/1" in here("compare", "känslor/1", "känslor/2")


@pytest.mark.parametrize("command", ["list", "show känslor", "compare känslor/1 känslor/3"])
def test_reading_imports_no_sqlalchemy(full: Registry, command: str) -> None:
    code = (
        f"import sys; from swereg import cli\ncode = cli.run({command.split()})\n"
        "print(code, *(m for m in ('sqlalchemy', 'alembic', 'torch') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize(
    "spoil",
    [
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 99",
        "PRAGMA application_id = 7",
        "DROP TABLE tags",
        "ALTER TABLE entries DROP COLUMN note",
    ],
)
def test_what_is_not_as_usual_is_left_to_the_registry(full: Registry, spoil: str) -> None:
    path = Path(full.location)
    full.close()
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(spoil)
    found = Glance.at(path)
    if found is not None:  # the header is as usual
        with pytest.raises(Unusual):
            found.entries(limit=3)
    with pytest.raises(SweregError):
        swereg.entries(registry=path, limit=3)


def test_no_file_a_broken_one_and_a_server_are_left_too(full: Registry, tmp_path: Path) -> None:
    assert Glance.at(tmp_path / "none.db") is None
    assert Glance.at(tmp_path) is None
    assert Glance.at("postgresql://nobody@127.0.0.1:1/x") is None
    (tmp_path / "cut.db").write_bytes(Path(full.location).read_bytes()[:5000])
    assert Glance.at(tmp_path / "cut.db") is None


def test_a_damaged_row_is_named(full: Registry) -> None:
    path = Path(full.location)
    full.close()
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE entries SET recipe = '{' WHERE id = 3")
        database.commit()
    with pytest.raises(CheckFailed, match="känslor/3 in the registry is damaged"):
        swereg.entries(registry=path, limit=9)

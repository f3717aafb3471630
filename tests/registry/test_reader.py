"""A reader without SQLAlchemy shows what the registry itself shows, or leaves it to it."""

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
from swereg.errors import CheckFailed, NotFound, SweregError, UsageError
from swereg.records.entry import Outline
from swereg.records.training import Recipe
from swereg.registry import Registry
from swereg.registry.entries.generated_sql import LARGEST_FIRST
from swereg.registry.entries.reading import Filters, list_entries
from swereg.registry.reader import Reader
from swereg.registry.sqlite_file import NeedsRegistry, SqliteFile
from tests.command_line import here
from tests.registry.make_entry import BASE, make


@pytest.fixture
def reader(full: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """A reader of it that may not ask the registry."""

    def refuse(_: Reader) -> Registry:
        raise NeedsRegistry

    monkeypatch.setattr(Reader, "whole", refuse)
    with Reader() as opened:
        yield opened


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
    {"deleted": True},
    {"deleted": True, "name": "känslor"},
]


@pytest.mark.parametrize("limit", [0, 1, 3, 500, None])
@pytest.mark.parametrize("wanted", WANTED)
def test_lists_are_those_of_the_registry(
    full: Registry, reader: Reader, wanted: dict[str, Any], limit: int | None
) -> None:
    assert reader.entries(**wanted, limit=limit) == full.entries(**wanted, limit=limit)
    assert reader.count(**wanted) == full.count(**wanted)


@pytest.mark.parametrize("task", ["känslor", "ka\u0308nslor", "nope"])
def test_what_ranks_entries_is_that_of_the_registry(
    full: Registry, reader: Reader, task: str
) -> None:
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
    outlines = reader.outlines(task)
    assert (
        outlines
        == full.outlines(task)
        == list(map(Outline.of, full.entries(task=task, sort="val_loss")))
    )
    kinds = [outline.kind for outline in outlines]
    assert (len(outlines), kinds.count(None)) == ((9, 1) if task != "nope" else (0, 0))


@pytest.mark.parametrize("descending", [None, False, True])
@pytest.mark.parametrize("sort", LARGEST_FIRST)
def test_every_order_is_that_of_the_registry(
    full: Registry, reader: Reader, sort: str, descending: bool | None
) -> None:
    for limit in (2, None):
        order: dict[str, Any] = {"sort": sort, "descending": descending, "limit": limit}
        assert reader.entries(**order) == full.entries(**order)


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
        "känslor@best",
    ],
)
def test_references_mean_what_they_mean_to_the_registry(
    full: Registry, reader: Reader, ref: str
) -> None:
    entry = reader.get(ref)
    assert entry == full.get(ref)
    assert reader.outputs(entry) == full.outputs(entry)
    assert reader.weights(entry) == full.weights(entry)
    assert reader.log(ref) == full.log(ref)


@pytest.mark.parametrize("ref", [None, "känslor", "känslor@prod", "ämnen"])
def test_the_past_is_that_of_the_registry(full: Registry, reader: Reader, ref: str | None) -> None:
    full.alias("känslor/1", "prod")
    full.unalias("känslor@a")
    assert reader.log(ref) == full.log(ref)
    assert reader.log(ref, limit=2) == full.log(ref, limit=2)
    assert reader.alias_log(ref) == full.alias_log(ref)
    assert reader.aliases() == full.aliases()
    assert reader.aliases("känslor") == full.aliases("känslor") != {}


def test_names_bases_and_datasets_are_those_of_the_registry(full: Registry, reader: Reader) -> None:
    full.add(make("g"))
    full.set_default_base(BASE)
    full.rm("ämnen/1")
    assert reader.names() == full.names() == ["känslor", "ämnen"]
    full.rm("ämnen/3")
    assert reader.names() == full.names() == ["känslor"]
    assert reader.tasks() == full.tasks() == ["känslor"]
    assert reader.default_base == full.default_base == BASE
    assert reader.datasets() == full.datasets() == reader.datasets(task="ka\u0308nslor") != []
    digest = full.get("känslor/4").dataset or ""
    for which in (digest[:8], "känslor/4", "känslor@latest"):
        assert reader.find_dataset(which) == full.find_dataset(which)


def test_texts_are_those_of_the_registry(full: Registry, reader: Reader) -> None:
    full.add(make("g"))
    digest = full.get("känslor/4").dataset or ""
    texts = reader.texts(digest)
    assert texts is not None
    assert texts == full.texts(digest)
    full.forget(digest)
    assert reader.texts(digest) is full.texts(digest) is None
    assert reader.texts("0" * 64) is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda r: r.get("känslor/9"),
        lambda r: r.get("ämnen/2"),
        lambda r: r.get("nope"),
        lambda r: r.get("ämnen@prod"),
        lambda r: r.log("nope"),
        lambda r: r.find_dataset("nope"),
        lambda r: r.entries(tags=["status"]),
        lambda r: r.count(tags=["x"]),
    ],
)
def test_what_it_cannot_tell_it_leaves_to_the_registry(reader: Reader, ask: Any) -> None:
    with pytest.raises(NeedsRegistry):
        ask(reader)


@pytest.mark.parametrize("ref", ["känslor/9", "ämnen/2", "nope", "ämnen@prod", "nope@best"])
def test_the_registry_says_what_there_is(full: Registry, ref: str) -> None:
    with pytest.raises(NotFound) as expected:
        full.get(ref)
    with Reader() as opened, pytest.raises(NotFound) as fault:
        opened.get(ref)
    assert str(fault.value) == str(expected.value)


def test_an_unknown_order_is_refused(reader: Reader) -> None:
    with pytest.raises(UsageError, match="sorted by 'nope'"):
        reader.entries(sort="nope")


def test_a_long_list_is_read_in_pieces(
    full: Registry, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = full.entries()
    monkeypatch.setattr("swereg.registry.entries.reading._PER_QUERY", 2)
    assert reader.entries() == full.entries() == whole
    assert reader.entries(limit=3) == whole[:3]


def test_python_and_the_command_line_take_it(
    full: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, entry = full.entries(limit=4), full.get("känslor/2")
    monkeypatch.setattr(Registry, "open", lambda *_, **__: pytest.fail("it was opened"))
    assert swereg.list(limit=4) == wanted
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

    def read() -> None:
        with closing(SqliteFile.open(path)) as file, file.moment():
            list_entries(file, Filters.of(), limit=3)

    with pytest.raises(NeedsRegistry):  # from the header, or from what it reads
        read()
    with pytest.raises(SweregError):
        swereg.list(registry=path, limit=3)


def test_no_file_a_broken_one_and_a_server_are_left_too(
    full: Registry, reader: Reader, tmp_path: Path
) -> None:
    (tmp_path / "cut.db").write_bytes(Path(full.location).read_bytes()[:5000])
    server = "postgresql://nobody@127.0.0.1:1/x"
    for location in (tmp_path / "none.db", tmp_path, tmp_path / "cut.db", server):
        with Reader(location) as opened, pytest.raises(NeedsRegistry):
            opened.entries(limit=3)


def test_a_damaged_row_is_named(full: Registry) -> None:
    path = Path(full.location)
    full.close()
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE entries SET recipe = '{' WHERE id = 3")
        database.commit()
    with pytest.raises(CheckFailed, match="känslor/3 in the registry is damaged"):
        swereg.list(registry=path, limit=9)

"""The generated SQL is that of queries.py, and both give the same rows of any registry."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from swereg.errors import SweregError
from swereg.records.training import Recipe
from swereg.registry import Registry
from swereg.registry.database import tables as t
from swereg.registry.entries import generate_sql, generated_sql, queries, reading, seals
from swereg.registry.entries.queries import Selects
from swereg.registry.entries.reading import Filters
from swereg.registry.sqlite_file import SqliteFile
from tests.registry.make_entry import BASE, loss, make

NAMES = ("känslor", "ämnen", "a_b", "a%b", "axb")


def test_the_file_is_what_would_be_generated_today() -> None:
    assert generate_sql.TARGET.read_text(encoding="utf-8") == generate_sql.module(), (
        "python -m swereg.registry.entries.generate_sql"
    )


def write_something(registry: Registry, rng: random.Random, run: int) -> None:
    """One change of a registry, of any kind."""
    entries = registry.entries() or [registry.add(make("run-0"))]
    entry, kind = rng.choice(entries), rng.randrange(9)
    if kind < 4:
        facts: dict[str, Any] = {
            "name": rng.choice(NAMES),
            "recipe": Recipe(
                method=rng.choice(["lora", "head"]), seed=rng.randrange(3), device="cpu"
            ),
            "scores": loss(rng.choice([0.25, 0.5, 0.75])),
            "origin": rng.choice([{}, {"base": "verified"}]),
        }
        registry.add(make(f"run-{run}", **facts), keep_data=rng.random() < 0.7)
    elif kind == 4:
        registry.alias(entry.ref, rng.choice(["prod", "b"]), message=rng.choice(["", "bra"]))
    elif kind == 5:
        registry.tag(entry.ref, {rng.choice(["å", "b"]): rng.choice(["1", "2"])})
    elif kind == 6:
        registry.unalias(f"{entry.name}@prod")
    elif kind == 7 and entry.dataset:
        registry.forget(entry.dataset)
    else:
        registry.rm(entry.ref)


@pytest.fixture(scope="module", params=range(6))
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry that 40 random changes were made to; the first one is empty."""
    rng = random.Random(request.param)
    path = tmp_path_factory.mktemp("random") / "r.db"
    with Registry.open(path, create=True) as registry:
        for run in range(40 if request.param else 0):
            with suppress(SweregError):  # nothing to take away
                write_something(registry, rng, run + 1)
        if request.param:
            registry.set_default_base(BASE)
    return path


@pytest.fixture
def both(path: Path) -> Iterator[tuple[Selects, SqliteFile]]:
    """The same moment of it, by SQLAlchemy and by sqlite3."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with closing(SqliteFile.open(path)) as file, file.moment(), engine.connect() as connection:
        yield Selects(connection), file


def values_of(query: str, selects: Selects) -> Iterator[dict[str, object]]:
    """Every combination of values that a query can be asked with, and a few that mean nothing."""
    ids = [*selects.listed(Filters(("there",), {}), "created", descending=True)]
    digests = [row.digest for row in selects.rows("digests")]
    runs = [row.run for row in selects.rows("entries", ids=ids)]
    weights = [row.weights for row in selects.rows("entries", ids=ids)]
    subjects = [row.subject for row in selects.rows("events", limit=99)]
    choices: dict[str, list[Any]] = {
        "name": [*NAMES, "nope"],
        "task": ["känslor", "nope"],
        "version": [1, 2, 99],
        "alias": ["prod", "b", "nope"],
        "ids": [digests, []] if "datasets" in query else [ids, ids[:1], []],
        "id": [*ids[:4], 99],
        "run": [*runs[:4], "nope"],
        "digest": [*digests, *weights[:2], "nope"],
        "limit": [0, 1, 3, reading.EVERYTHING],
        "subject": [*subjects[:6], "nope"],
        "key": [reading.DEFAULT_BASE, "nope"],
        "fingerprint": [BASE.fingerprint, "nope"],
        "start": ["", *(digest[:7] for digest in digests)],
        "end": ["g", *(f"{digest[:7]}g" for digest in digests)],
    }
    names = queries.QUERIES[query].compile().params
    combinations: list[dict[str, object]] = [{}]
    for name in (name for name in names if name in choices):
        combinations = [{**c, name: value} for c in combinations for value in choices[name]]
    yield from combinations


@pytest.mark.parametrize("query", queries.QUERIES)
def test_every_query_gives_the_same_rows(both: tuple[Selects, SqliteFile], query: str) -> None:
    selects, file = both
    for values in values_of(query, selects):
        expected = [row._asdict() for row in selects.rows(query, **values)]
        assert [row._asdict() for row in file.rows(query, **values)] == expected, values


@pytest.mark.parametrize("sort", queries.LARGEST_FIRST)
def test_every_list_gives_the_same_ids(both: tuple[Selects, SqliteFile], sort: str) -> None:
    selects, file = both
    for filters in (
        Filters.of(),
        Filters.of(deleted=True),
        Filters.of(name="känslor"),
        Filters.of(task="känslor", method="lora"),
        Filters.of(name="a_b", method="head", deleted=True),
    ):
        assert file.counted(filters) == selects.counted(filters)
        for descending in (False, True):
            for limit in (0, 2, reading.EVERYTHING):
                order: dict[str, Any] = {"descending": descending, "limit": limit}
                expected = selects.listed(filters, sort, **order)
                assert file.listed(filters, sort, **order) == expected


def test_outlines_are_the_same(both: tuple[Selects, SqliteFile], path: Path) -> None:
    with Registry.open(path) as registry:
        outlines = registry.outlines("känslor")
    assert both[1].rows("outlines", task="känslor") is not None
    from swereg.registry.entries.rows import outlines_of_rows

    assert outlines_of_rows(both[1].rows("outlines", task="känslor")) == outlines


def test_both_sources_have_the_same_methods() -> None:
    for name in ("rows", "listed", "counted"):
        signatures = [inspect.signature(getattr(source, name)) for source in (Selects, SqliteFile)]
        assert signatures[0] == signatures[1]
    assert Selects.sorts == SqliteFile.sorts


def test_a_seal_holds_every_column_that_never_changes() -> None:
    changing = {"id", "model", "note", "deleted", "seal"}
    for table, sealed in (
        (t.entries, seals.SEALED_ENTRY),
        (t.epochs, seals.SEALED_EPOCH),
        (t.outputs, seals.SEALED_OUTPUTS),
    ):
        assert list(sealed) == [c.name for c in table.c if c.name not in {*changing, "entry"}]
        real = {c.name for c in table.c if isinstance(c.type, sa.Double)}
        assert real == seals.REAL & set(sealed)


def test_no_query_is_written_twice() -> None:
    """Outside the registry nothing selects; what it selects twice it has in queries.py."""
    root = Path(generated_sql.__file__).parents[2]
    elsewhere = [
        path.relative_to(root)
        for path in root.rglob("*.py")
        if "registry" not in path.parts and "migrations" not in path.parts
        if "SELECT " in path.read_text(encoding="utf-8")
    ]
    assert elsewhere == []

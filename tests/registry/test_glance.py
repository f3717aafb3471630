"""A glance shows what the registry itself shows, or nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import swereg
from swereg.errors import CheckFailed, SweregError
from swereg.registry import Registry, glance
from tests.command_line import here
from tests.registry.make_entry import make


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry with some of everything."""
    path = tmp_path / "åäö" / "register.db"
    monkeypatch.setenv("SWEREG_REGISTRY", str(path))
    with Registry.open(path, create=True) as registry:
        for run in "abcdef":
            registry.add(make(run, name="känslor" if run in "abc" else "ämnen"), keep_data=False)
        registry.alias("känslor/2", "prod", message="bra")
        registry.alias("känslor/2", "a")
        registry.tag("känslor/3", {"status": "pilot", "år": "ö"})
        registry.note("ämnen/1", "räksmörgås")
        registry.rm("ämnen/2")
        yield registry


@pytest.mark.parametrize("limit", [0, 1, 3, 500])
@pytest.mark.parametrize(
    "wanted",
    [{}, {"name": "känslor"}, {"name": "ka\u0308nslor"}, {"task": "känslor"}, {"task": "nope"},
     {"method": "lora"}, {"method": "lora", "name": "ämnen", "task": "känslor"}],
)  # fmt: skip
def test_it_is_what_the_registry_says(full: Registry, wanted: dict[str, str], limit: int) -> None:
    found = glance.newest(None, limit, **wanted)
    assert found == (full.entries(**wanted, limit=limit), full.count(**wanted))


def test_python_and_the_command_line_take_it(
    full: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = full.entries(limit=4)
    monkeypatch.setattr(Registry, "open", lambda *_, **__: pytest.fail("it was opened"))
    assert swereg.entries(limit=4) == wanted
    assert swereg.count() == 5
    assert here("list", "-q", "--limit", 4).split() == [entry.ref for entry in wanted]


def test_a_listing_imports_no_sqlalchemy(full: Registry) -> None:
    code = (
        "import sys; from swereg import cli\ncli.run(['list', '--limit', '2'])\n"
        "print(*(m for m in ('sqlalchemy', 'numpy', 'alembic') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""
    assert "ämnen/3" in done.stdout


@pytest.mark.parametrize(
    "spoil",
    ["PRAGMA user_version = 0", "PRAGMA user_version = 99", "PRAGMA application_id = 7",
     "DROP TABLE tags", "ALTER TABLE entries DROP COLUMN note"],
)  # fmt: skip
def test_what_is_not_as_usual_is_left_to_the_registry(full: Registry, spoil: str) -> None:
    path = Path(full.location)
    full.close()
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(spoil)
    assert glance.newest(path, 3) is None
    with pytest.raises(SweregError):
        swereg.entries(registry=path, limit=3)


def test_no_file_a_broken_one_and_a_server_are_left_too(full: Registry, tmp_path: Path) -> None:
    assert glance.newest(tmp_path / "none.db", 3) is None
    assert glance.newest(tmp_path, 3) is None
    (tmp_path / "cut.db").write_bytes(Path(full.location).read_bytes()[:5000])
    assert glance.newest(tmp_path / "cut.db", 3) is None
    assert glance.newest("postgresql://nobody@127.0.0.1:1/x", 3) is None
    assert glance.newest(None, glance.MOST + 1) is None


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

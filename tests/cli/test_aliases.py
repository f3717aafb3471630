"""alias: thin over the registry."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

import swereg
from tests.cli.conftest import Run, entry


class Store:
    """A registry with one alias."""

    said: ClassVar[dict[str, Any]] = {}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def alias(self, ref: str, alias: str, *, message: str = "") -> Any:
        Store.said = {"ref": ref, "alias": alias, "message": message}
        return entry(version=3)

    def aliases(self, name: str | None = None) -> dict[str, str]:
        return {} if name == "other" else {"sentiment@prod": "sentiment/3"}


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = type("Opened", (), {"open": staticmethod(lambda location: Store())})
    monkeypatch.setattr(swereg, "Registry", opened, raising=False)


def test_an_alias_is_set(cli: Run) -> None:
    done = cli("alias", "set", "prod", "sentiment", "-m", "bättre")
    assert done.out == "sentiment@prod -> sentiment/3\n"
    assert Store.said == {"ref": "sentiment", "alias": "prod", "message": "bättre"}


def test_aliases_are_listed(cli: Run) -> None:
    assert cli("alias", "list").out.splitlines()[1] == "sentiment@prod\tsentiment/3"
    assert json.loads(cli("alias", "list", "--json").out)["aliases"] == {
        "sentiment@prod": "sentiment/3"
    }
    assert cli("alias", "list", "sentiment", tty=True, width=20).code == 0
    assert "no alias" in cli("alias", "list", "other").err

"""Aliases with a past, notes, tags, deletion and return; and the log of it all."""

from __future__ import annotations

from typing import Any

import pytest

from swereg.errors import Conflict, NotFound, StorageError, UsageError
from swereg.registry import Registry
from tests.registry.make_entry import loss, make


@pytest.fixture
def three(registry: Registry) -> Registry:
    """A registry with känslor/1 to känslor/3."""
    for number in (1, 2, 3):
        registry.add(make(f"run-{number}"))
    return registry


def at(registry: Registry, alias: str = "känslor@prod") -> str | None:
    return registry.aliases().get(alias)


# --- aliases --------------------------------------------------------------------------------


def test_a_rollback_goes_back_step_by_step(three: Registry) -> None:
    for number in (1, 2, 3):
        three.alias(f"känslor/{number}", "prod", message=f"nr {number}")
    move = three.rollback("känslor@prod", message="fel på ironi")
    assert (move.kind, move.old, move.new, move.message) == ("rollback", 3, 2, "fel på ironi")
    assert at(three) == "känslor/2"
    assert three.rollback("känslor").new == 1  # the bare name is its alias prod
    with pytest.raises(NotFound, match="has not pointed to anything else before"):
        three.rollback("känslor@prod")
    three.alias("känslor/3", "prod")
    assert three.rollback("känslor@prod").new == 1
    log = [(move.kind, move.old, move.new) for move in three.alias_log("känslor@prod")[::-1]]
    assert log == [
        ("set", None, 1),
        ("set", 1, 2),
        ("set", 2, 3),
        ("rollback", 3, 2),
        ("rollback", 2, 1),
        ("set", 1, 3),
        ("rollback", 3, 1),
    ]
    assert all(move.at.endswith("Z") and move.actor for move in three.alias_log())


def test_a_rollback_to_a_version_that_it_pointed_to(three: Registry) -> None:
    for number in (1, 2, 3):
        three.alias(f"känslor/{number}", "prov")
    assert three.rollback("känslor@prov", to="känslor/1").new == 1
    with pytest.raises(NotFound, match="has not pointed to känslor/3 before"):
        three.rollback("känslor@prov", to="känslor/3")
    with pytest.raises(UsageError, match="no version of"):
        three.rollback("känslor@prov", to="annan/3")


def test_a_removed_alias_comes_back_by_a_rollback(three: Registry) -> None:
    three.alias("känslor/2", "prod")
    assert three.unalias("känslor@prod", message="vilar").old == 2
    assert at(three) is None
    assert three.rollback("känslor@prod").new == 2
    assert at(three) == "känslor/2"
    with pytest.raises(NotFound, match="there is no alias känslor@prov"):
        three.unalias("känslor@prov")
    for ref in ("känslor@latest", "känslor/1"):
        with pytest.raises(UsageError):
            three.unalias(ref)


def test_a_rollback_to_what_was_deleted_is_refused(three: Registry) -> None:
    for number in (1, 2, 3):
        three.alias(f"känslor/{number}", "prod")
    three.rm("känslor/2")
    with pytest.raises(Conflict, match="pointed to känslor/2, which has been deleted") as caught:
        three.rollback("känslor@prod")
    assert "swereg restore känslor/2" in caught.value.hint
    assert at(three) == "känslor/3"
    assert three.rollback("känslor@prod", to="känslor/1").new == 1


def test_the_history_of_an_alias_cannot_be_changed(three: Registry) -> None:
    three.alias("känslor/1", "prod")
    for change in ("UPDATE alias_moves SET new = 2", "DELETE FROM alias_moves"):
        with pytest.raises(StorageError), three._database.writing() as connection:
            connection.exec_driver_sql(change)


# --- notes and tags -------------------------------------------------------------------------


def test_notes_and_tags_change_and_the_log_keeps_what_they_were(three: Registry) -> None:
    before = three.get("känslor/2")
    assert three.note("känslor/2", "klarar ironi").note == "klarar ironi"
    entry = three.tag("känslor/2", {"status": "pilot", "språk": "svenska"})
    assert entry.tags == {"språk": "svenska", "status": "pilot"}
    three.tag("känslor/2", {"status": "drift"}, remove=["språk"])
    entry = three.get("känslor/2")
    assert entry.tags == {"status": "drift"}
    assert entry.weights_digest == before.weights_digest
    three.note("känslor/2", "klarar ironi")  # nothing changes: no event
    events = [(event.verb, dict(event.detail)) for event in three.log("känslor/2")[::-1]]
    assert events == [
        ("add", {"run": "run-2"}),
        ("note", {"old": "anteckning", "new": "klarar ironi"}),
        ("tag", {"key": "status", "old": None, "new": "pilot"}),
        ("tag", {"key": "språk", "old": None, "new": "svenska"}),
        ("untag", {"key": "språk", "old": "svenska"}),
        ("tag", {"key": "status", "old": "pilot", "new": "drift"}),
    ]


def test_entries_are_found_by_their_tags(three: Registry) -> None:
    three.tag("känslor/1", {"status": "pilot"})
    three.tag("känslor/2", {"status": "drift", "team": "växel"})

    def found(*tags: str) -> list[int]:
        return [entry.version for entry in three.entries(tags=tags)]

    assert found("status") == [2, 1]
    assert found("status=pilot") == [1]
    assert found("status", "team=va\u0308xel") == [2]
    assert found("status=pilot", "team") == []


@pytest.mark.parametrize(
    "call",
    [
        {"tags": {"Å": "x"}},
        {"tags": {"a": ""}},
        {"tags": {"a": "x" * 201}},
        {"tags": {"a": "x\ny"}},
        {"tags": {"a": "\udcff"}},
        {"tags": {}},
    ],
)
def test_tags_that_cannot_be_are_refused(call: dict[str, Any], three: Registry) -> None:
    with pytest.raises(UsageError):
        three.tag("känslor/1", **call)
    assert three.get("känslor/1").tags == {}


def test_a_tag_that_is_not_there_cannot_be_removed_and_nothing_else_happens(
    three: Registry,
) -> None:
    with pytest.raises(NotFound, match="has no tag 'b'"):
        three.tag("känslor/1", {"a": "1"}, remove=["b"])
    assert three.get("känslor/1").tags == {}
    with pytest.raises(UsageError, match="not valid Unicode"):
        three.note("känslor/1", "\udcff")


# --- deletion -------------------------------------------------------------------------------


def test_a_deleted_entry_is_gone_from_everywhere_and_comes_back_whole(registry: Registry) -> None:
    for number, value in enumerate((0.3, 0.2, 0.4), start=1):
        registry.add(make(f"run-{number}", scores=loss(value)))
    registry.tag("känslor/2", {"status": "pilot"})
    whole = registry.get("känslor/2")
    assert [entry.ref for entry in registry.rm("känslor@best", "känslor/2")] == ["känslor/2"]
    assert [entry.version for entry in registry.entries()] == [3, 1]
    assert registry.get("känslor@best").version == 1
    assert registry.count() == 2
    with pytest.raises(NotFound, match="känslor/2 has been deleted") as caught:
        registry.get("känslor/2")
    assert "deleted it on 20" in caught.value.why
    assert caught.value.hint == "Bring it back: swereg restore känslor/2"
    with pytest.raises(NotFound):
        registry.alias("känslor/2", "prod")
    (listed,) = registry.entries(deleted=True)
    assert (listed.ref, listed.deleted is not None) == ("känslor/2", True)
    assert registry.restore("känslor/2") == whole
    assert registry.restore("känslor/2") == whole
    assert [event.verb for event in registry.log("känslor/2", limit=2)] == ["restore", "rm"]


def test_the_newest_may_be_deleted_and_its_number_is_not_given_out_again(three: Registry) -> None:
    three.rm("känslor@latest")
    assert three.get("känslor@latest").version == 2
    assert three.get("känslor").version == 2
    assert three.add(make("run-4")).version == 4


def test_what_an_alias_points_to_is_not_deleted(three: Registry) -> None:
    three.alias("känslor/2", "prod")
    three.alias("känslor/2", "prov")
    with pytest.raises(Conflict, match="känslor/2 is in use") as caught:
        three.rm("känslor/1", "känslor/2")
    assert "känslor@prod, känslor@prov point to it" in caught.value.why
    assert three.count() == 3
    with pytest.raises(StorageError), three._database.writing() as connection:
        connection.exec_driver_sql("UPDATE entries SET deleted = 'now' WHERE version = 2")
    three.rm("känslor/1")
    for statement in (
        "UPDATE aliases SET entry = 1",
        "INSERT INTO aliases VALUES (1, 'x', 1, 'now')",
    ):
        with pytest.raises(StorageError), three._database.writing() as connection:
            connection.exec_driver_sql(statement)


def test_a_bare_name_is_not_deleted(three: Registry) -> None:
    with pytest.raises(UsageError, match="names a model") as caught:
        three.rm("känslor")
    assert "swereg rm känslor/3" in caught.value.hint
    for ref in ("känslor", "känslor@prod"):
        with pytest.raises(UsageError, match="is no version"):
            three.restore(ref)
    with pytest.raises(NotFound):
        three.restore("känslor/7")


def test_when_every_version_is_deleted_that_is_said(three: Registry) -> None:
    three.rm("känslor/1", "känslor/2", "känslor/3")
    with pytest.raises(NotFound, match="every entry of känslor has been deleted") as caught:
        three.get("känslor")
    assert "swereg restore känslor/3" in caught.value.hint
    with pytest.raises(NotFound, match="there is no entry named 'kän'"):
        three.get("kän")


# --- the log --------------------------------------------------------------------------------


def test_the_log_of_a_version_has_the_moves_of_its_aliases(three: Registry) -> None:
    three.alias("känslor/1", "prod")
    three.alias("känslor/2", "prod")
    assert [event.verb for event in three.log("känslor/1")] == ["alias", "alias", "add"]
    assert [event.verb for event in three.log("känslor/2")] == ["alias", "add"]
    assert [event.subject for event in three.log("känslor@prod")] == ["känslor@prod"] * 2
    assert len(three.log("känslor")) == 5
    assert three.log("känslor@latest")[0].subject == "känslor/3"
    assert len(three.log(limit=2)) == 2
    with pytest.raises(NotFound):
        three.log("annan")
    with pytest.raises(NotFound):
        three.log("känslor/9")

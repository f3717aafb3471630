"""Conditions: what they read, what they hold of, what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swereg.errors import UsageError
from swereg.records.conditions import Condition, facts_of_entry, parse_condition, select_entries
from tests.cli.conftest import LORA, entry

SIGNS = ["<", "<=", ">", ">=", "=", "!=", "~"]


@given(
    st.from_regex(r"[a-zåäö_][a-zåäö_.]*[a-z]", fullmatch=True),
    st.sampled_from(SIGNS),
    st.from_regex(r"[\w./-][\w ./-]*[\w./-]", fullmatch=True),
)
def test_what_is_written_is_read(key: str, sign: str, value: str) -> None:
    condition = parse_condition(f"{key}{sign}{value}")
    assert (
        condition
        == parse_condition(f" {key} {sign} {value} ")
        == Condition(key, sign, value.strip())
    )
    assert parse_condition(str(condition)) == condition


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_numbers_are_compared_as_numbers(fact: float, value: float) -> None:
    known = {"x": fact}
    found = {sign: Condition("x", sign, repr(value)).holds(known) for sign in SIGNS[:-1]}
    assert found == {
        "<": fact < value,
        "<=": fact <= value,
        ">": fact > value,
        ">=": fact >= value,
        "=": fact == value,
        "!=": fact != value,
    }


@pytest.mark.parametrize("text", ["", "accuracy", "accuracy<", "<0.8", "a b<2", "accuracy=<2"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no condition"):
        parse_condition(text)


CASES: list[tuple[str, bool | None]] = [
    ("accuracy>=0.88", True),
    ("val.accuracy<0.9", True),
    ("val_loss<0.31", False),
    ("method=lora", True),
    ("method!=lora", False),
    ("r=4", True),
    ("alpha<=8", True),
    ("seed=42", True),
    ("name=sentiment", True),
    ("ref=sentiment/1", True),
    ("base~MIN", True),
    ("targets~query", True),
    ("alias=prod", True),
    ("alias!=prod", False),
    ("alias=best", False),
    ("note~pilot", True),
    ("seconds>48", True),
    ("size<1e6", True),
    ("created>2026-01", True),
]


@pytest.mark.parametrize(("text", "holds"), CASES)
def test_conditions_are_about_everything_stored(text: str, holds: bool) -> None:
    one = entry(aliases=("prod", "test"), note="Pilot i maj")
    assert parse_condition(text).holds(facts_of_entry(one)) is holds
    assert select_entries([one], [text]) == ([one] if holds else [])


def test_what_is_not_known_holds_of_nothing() -> None:
    unknown = entry(seconds=None, scores={})
    for text in ("seconds<9", "seconds!=9", "accuracy<1"):
        assert parse_condition(text).holds(facts_of_entry(unknown)) is None
        assert select_entries([unknown, entry()], [text]) == (
            [] if text == "seconds<9" else [entry()]
        )


def test_slips_are_named() -> None:
    with pytest.raises(UsageError) as caught:
        select_entries([entry()], ["vall_loss<0.4"])
    assert "val_loss?" in caught.value.hint
    with pytest.raises(UsageError, match="a number with a text"):
        select_entries([entry()], ["accuracy<high"])
    assert select_entries([], ["whatever<1"]) == []


def test_all_must_hold() -> None:
    eight = entry(version=2, recipe=entry().recipe.__class__(settings={**LORA, "r": 8}))
    both: list[Any] = [entry(), eight]
    assert select_entries(both, ["r>=8", "accuracy>0.5"]) == [eight]
    assert select_entries(both, ["r>=8", "accuracy<0.5"]) == []
    assert select_entries(both, []) == both

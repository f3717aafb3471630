"""The reference grammar: one parser, everything it prints it reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swereg.errors import UsageError
from swereg.records import refs
from swereg.records.refs import Ref

names = st.from_regex(refs.NAME, fullmatch=True)
aliases = names.filter(lambda name: not refs.VERSION.fullmatch(name))


@given(names, st.none() | st.integers(1, 10**8), st.none() | aliases)
@settings(derandomize=True)
def test_what_is_printed_is_read_back(name: str, version: int | None, alias: str | None) -> None:
    ref = Ref(name, version, alias if version is None else None)
    assert refs.parse_ref(str(ref)) == ref


@given(st.text())
@settings(derandomize=True)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        ref = refs.parse_ref(text)
    except UsageError:
        return
    assert refs.parse_ref(str(ref)) == ref


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("sentiment", Ref("sentiment")),
        ("sentiment/3", Ref("sentiment", 3)),
        ("sentiment:3", Ref("sentiment", 3)),
        ("sentiment@3", Ref("sentiment", 3)),
        ("sentiment@v3", Ref("sentiment", 3)),
        (" sentiment@prod ", Ref("sentiment", alias="prod")),
        ("ka\u0308nslor@a\u030arets", Ref("känslor", alias="årets")),
        ("1/1", Ref("1", 1)),
    ],
)
def test_the_forms_that_are_accepted(text: str, ref: Ref) -> None:
    assert refs.parse_ref(text) == ref


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sentiment",
        "a b",
        "-a",
        ".a",
        "a/",
        "a/0",
        "a/x",
        "a@",
        "a@B",
        "a/1/2",
        "../a",
        "a" * 64,
        "c:\\x",
        "\u0430pple",
        "a\u202eb",
    ],
)
def test_the_forms_that_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        refs.parse_ref(text)


@pytest.mark.parametrize("alias", ["latest", "best", "3", "v3"])
def test_what_is_worked_out_cannot_be_set(alias: str) -> None:
    with pytest.raises(UsageError):
        refs.check_alias(alias)

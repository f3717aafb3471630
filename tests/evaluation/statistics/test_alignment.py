"""Alignment: which examples entries share, and that their logits stay with them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swereg.errors import Conflict
from swereg.evaluation.statistics import Bootstrap, Scored, align_answers
from swereg.records.dataset import Example
from tests.evaluation.statistics.making import pair

Pairs = Sequence[tuple[str, str]]


def entry(pairs: Pairs, labels: Sequence[str] = ("a", "b"), first: int = 0) -> Scored:
    """Answer texts and labels with logits that number the rows and the labels: ``10 row + label``.

    The labels are numbered by the alphabet, whatever their columns.
    """
    rows = [[10 * row + "abc".index(label) for label in labels] for row in range(first, 99)]
    examples = tuple(Example(text, label) for text, label in pairs)
    return Scored(tuple(labels), examples, np.array(rows[: len(examples)], dtype=np.float32))


def numbers(one: Scored) -> list[int]:
    """Say which rows those were, by the column of a."""
    return [int(logit) // 10 for logit in one.logits[:, one.labels.index("a")]]


def test_shared_examples_in_the_order_of_the_first() -> None:
    a = entry([("x", "a"), ("y", "b"), ("z", "a")])
    b = entry([("z", "a"), ("new", "b"), ("x", "a")])
    found = align_answers({"a/1": a, "b/1": b})
    assert (found.rows, found.relabelled, found.learnt) == (2, 0, 0)
    assert found.of == {"a/1": 3, "b/1": 3}
    assert numbers(found.scored["a/1"]) == [0, 2]
    assert numbers(found.scored["b/1"]) == [2, 0]
    assert [one.text for one in found.scored["b/1"].examples] == ["x", "z"]


def test_one_entry_alone_stays_as_it_is() -> None:
    one = entry([("x", "a"), ("y", "b"), ("x", "a")])
    found = align_answers({"a/1": one}).scored["a/1"]
    assert (found.labels, found.examples) == (one.labels, one.examples)
    assert (found.logits == one.logits).all()


def test_texts_are_the_same_in_any_unicode_form_and_make_a_pair() -> None:
    composed = [("blåbär", "a"), ("Ångström", "b")]
    decomposed = [(unicodedata.normalize("NFD", text), label) for text, label in composed]
    assert composed != decomposed
    found = align_answers({"a/1": entry(decomposed), "b/1": entry(composed[::-1])})
    assert found.rows == 2
    assert [one.text for one in found.scored["a/1"].examples] == ["blåbär", "Ångström"]
    assert numbers(found.scored["b/1"]) == [1, 0]
    assert pair(*found.scored.values(), bootstrap=Bootstrap(20)).rows == 2


def test_texts_are_not_the_same_in_another_case_or_with_other_spaces() -> None:
    found = align_answers(
        {
            "a/1": entry([("x", "a"), ("hej", "b"), ("å", "a")]),
            "b/1": entry([("x", "a"), ("Hej", "b"), ("a", "a"), ("å ", "a")]),
        }
    )
    assert found.rows == 1


def test_duplicates_are_shared_as_often_as_on_the_poorer_side() -> None:
    a = entry([("x", "a"), ("y", "b"), ("x", "a"), ("x", "a")])
    b = entry([("x", "a"), ("x", "a"), ("y", "b"), ("y", "b")])
    found = align_answers({"a/1": a, "b/1": b})
    assert found.rows == 3
    assert numbers(found.scored["a/1"]) == [0, 1, 2]
    assert numbers(found.scored["b/1"]) == [0, 2, 1]


def test_a_text_with_another_label_is_left_out_and_counted() -> None:
    a = entry([("x", "a"), ("y", "b"), ("z", "a"), ("z", "a")])
    b = entry([("x", "b"), ("y", "b"), ("z", "a"), ("z", "b")])
    found = align_answers({"a/1": a, "b/1": b})
    assert (found.rows, found.relabelled) == (2, 2)
    assert numbers(found.scored["b/1"]) == [1, 2]


def test_a_learnt_text_is_left_out_in_any_unicode_form_and_counted() -> None:
    pairs = [("å", "a"), ("y", "b"), ("å", "a"), ("z", "b")]
    found = align_answers({"a/1": entry(pairs), "b/1": entry(pairs)}, ["a\u030a", "unseen", "z"])
    assert (found.rows, found.learnt, found.relabelled) == (1, 3, 0)
    assert numbers(found.scored["a/1"]) == [1]


def test_columns_follow_the_labels_of_the_first() -> None:
    a = entry([("x", "a"), ("y", "c")], ("a", "b", "c"))
    b = entry([("y", "c"), ("x", "a")], ("c", "a", "b"))
    found = align_answers({"a/1": a, "b/1": b}).scored["b/1"]
    assert found.labels == ("a", "b", "c")
    assert found.logits.tolist() == [[10, 11, 12], [0, 1, 2]]
    assert found.truth.tolist() == [0, 2]


def test_three_entries_share_what_all_of_them_have() -> None:
    every = {f"{name}/1": entry([(text, "a") for text in name]) for name in ("xyz", "zy", "wyx")}
    found = align_answers(every)
    assert (found.rows, found.of) == (1, {"xyz/1": 3, "zy/1": 2, "wyx/1": 3})
    assert [numbers(one) for one in found.scored.values()] == [[1], [1], [1]]


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        (("a", "b"), ("a", "c"), "Only a/1 has b. Only b/1 has c."),
        (("a", "b"), ("a", "b", "c"), "Only b/1 has c."),
        (("c", "b", "a"), ("a",), "Only a/1 has b, c."),
    ],
)
def test_other_labels_are_refused(mine: tuple[str, ...], theirs: tuple[str, ...], why: str) -> None:
    with pytest.raises(Conflict, match="a/1 and b/1 have different labels") as caught:
        align_answers({"a/1": entry([("x", "a")], mine), "b/1": entry([("x", "a")], theirs)})
    assert (caught.value.code, caught.value.why) == ("statistics.labels", why)


@pytest.mark.parametrize(
    ("theirs", "learnt", "why"),
    [
        ([("z", "a")], [], "No text is in the data of all of them."),
        ([("x", "b"), ("y", "a")], [], "They share 2 texts under different labels."),
        ([("x", "a")], ["x"], "They share 1 example that one of them learnt from."),
        (
            [("x", "b"), ("y", "b")],
            ["y"],
            "They share 1 text under different labels. "
            "They share 1 example that one of them learnt from.",
        ),
    ],
)
def test_nothing_shared_is_refused_with_the_reason(
    theirs: Pairs, learnt: list[str], why: str
) -> None:
    with pytest.raises(Conflict, match="a/1 and b/1 were not tested on any same ex") as caught:
        align_answers({"a/1": entry([("x", "a"), ("y", "b")]), "b/1": entry(theirs)}, learnt)
    assert (caught.value.code, caught.value.why) == ("statistics.alignment", why)


TEXTS = st.sampled_from(["x", "å", "a\u030a", "ö", "o\u0308", "y"])
PAIRS = st.lists(st.tuples(TEXTS, st.sampled_from("ab")), min_size=1, max_size=12)


def rows_of(one: Scored) -> Counter[Any]:
    return Counter(
        (example, *logits)
        for example, logits in zip(one.examples, one.logits.tolist(), strict=True)
    )


def deterministic(pairs: Pairs, sign: int) -> Scored:
    """Answer with logits that depend on nothing but the text, as a model does."""
    logits = [[sign * ord(unicodedata.normalize("NFC", text)), 200] for text, _ in pairs]
    return Scored(
        ("a", "b"), tuple(Example(*one) for one in pairs), np.array(logits, dtype=np.float32)
    )


def nfc(pairs: Pairs) -> Counter[tuple[str, str]]:
    return Counter((unicodedata.normalize("NFC", text), label) for text, label in pairs)


@settings(deadline=None)
@given(PAIRS, PAIRS, st.lists(TEXTS, max_size=2), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(
    mine: Any, theirs: Any, learnt: list[str], random: Any
) -> None:
    skipped = {unicodedata.normalize("NFC", text) for text in learnt}
    shared = nfc(mine) & nfc(theirs)
    expected = Counter({one: n for one, n in shared.items() if one[0] not in skipped})
    both = {"a/1": deterministic(mine, 1), "b/1": deterministic(theirs, -1)}
    if not expected:
        with pytest.raises(Conflict):
            align_answers(both, learnt)
        return
    found = align_answers(both, learnt)
    assert found.rows == expected.total()
    assert found.learnt == shared.total() - expected.total()
    assert nfc([(one.text, one.label) for one in found.scored["b/1"].examples]) == expected
    for name, one in found.scored.items():
        signed = [1 if name == "a/1" else -1] * one.rows
        texts = [example.text for example in one.examples]
        assert one.logits[:, 0].tolist() == [s * ord(t) for s, t in zip(signed, texts, strict=True)]
    again = align_answers(
        {"a/1": shuffled(both["a/1"], random), "b/1": shuffled(both["b/1"], random)}, learnt
    )
    assert (again.rows, again.learnt, again.relabelled) == (
        found.rows,
        found.learnt,
        found.relabelled,
    )
    for name, one in found.scored.items():
        assert rows_of(again.scored[name]) == rows_of(one)


@settings(deadline=None)
@given(PAIRS, PAIRS)
def test_which_comes_first_decides_the_order_alone(mine: Any, theirs: Any) -> None:
    a, b = deterministic(mine, 1), deterministic(theirs, -1)
    try:
        there = align_answers({"a/1": a, "b/1": b})
    except Conflict:
        with pytest.raises(Conflict):
            align_answers({"b/1": b, "a/1": a})
        return
    back = align_answers({"b/1": b, "a/1": a})
    assert (there.rows, there.relabelled) == (back.rows, back.relabelled)
    assert all(rows_of(there.scored[name]) == rows_of(back.scored[name]) for name in there.scored)


def shuffled(one: Scored, random: Any) -> Scored:
    rows = list(range(one.rows))
    random.shuffle(rows)
    return one.take(rows, one.labels)

"""Near twins: those that an exact search finds are found, and counted in their splits."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from swereg.datasets import twins
from swereg.datasets.duplicates import alike
from swereg.records.dataset import Dataset, Example

WORDS = """
maten personalen tåget bussen skolan vägen snön regnet sommaren kaffet fikat
posten var är blir verkar känns underbar hemsk försenat stängd trevlig dyr
billig långsam igår idag alltid aldrig ofta där här borta hemma
""".split()  # noqa: SIM905 - easier to read


def sentences(count: int, seed: int = 0) -> list[str]:
    """Sentences of random words, half of them another one with a small change."""
    rnd = random.Random(seed)
    made = {" ".join(rnd.choices(WORDS, k=rnd.randint(4, 12))): None for _ in range(count // 2)}
    for text in list(made):
        at = rnd.randrange(len(text))
        made[" ".join((text[:at] + rnd.choice("aeö") + text[at + 1 :]).split())] = None
    return list(made)


def test_nearly_all_near_twins_are_found_and_no_others() -> None:
    texts = sentences(600)
    wanted = {
        (a, b)
        for a, b in combinations(range(len(texts)), 2)
        if twins.jaccard(texts[a], texts[b]) >= twins.NEAR
    }
    found = {(a, b) for a, b, _ in twins.similar(texts)}
    assert found <= wanted
    assert len(wanted) > 200
    assert len(found) >= 0.98 * len(wanted)


def test_the_same_texts_give_the_same_answer() -> None:
    texts = sentences(200, seed=1)
    assert twins.similar(texts) == twins.similar(texts)
    assert twins.similar(texts[:1]) == twins.similar([]) == []
    assert twins.similar(["a", "b"]) == []


def test_parts_are_hashed_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = sentences(200, seed=2)
    whole = twins.similar(texts)
    monkeypatch.setattr(twins, "_CHUNK", 500)
    assert twins.similar(texts) == whole


def test_twins_are_counted_by_split() -> None:
    def row(text: str, label: str = "ja") -> Example:
        return Example(text, label)

    long = "Tåget från Växjö till Alvesta var försenat igen i morse"
    dataset = Dataset(
        ("ja", "nej"),
        (row("Hej på dig"), row("hej på dig!"), row(long), row("Något helt annat", "nej")),
        (row("Hej, på dig."), row(long.replace("morse", "kväll"), "nej")),
        (row(long.replace("igen", "igår")), row(long.upper())),
    )
    found = twins.find_twins(dataset)
    assert found.exact == {
        ("train", "train"): 1,
        ("train", "val"): 1,
        ("train", "test"): 1,
        ("val", "val"): 0,
        ("val", "test"): 0,
        ("test", "test"): 0,
    }
    assert twins.jaccard(alike(long), alike(long.replace("morse", "kväll"))) >= twins.NEAR
    assert found.near[("train", "val")] == 1
    assert found.near[("train", "test")] == 1
    assert found.near[("val", "test")] == 1
    assert found.near[("test", "test")] == 1
    assert found.near[("train", "train")] == 0
    assert found.torn >= 1
    assert {found.examples[0].first.split, found.examples[0].second.split} != {"train"}
    assert found.to_json()["near"]["train-val"] == 1

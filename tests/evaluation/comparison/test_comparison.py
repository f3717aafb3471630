"""Comparison: on the same examples, with what they leave open, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from swereg.errors import Conflict, NotFound, UsageError
from swereg.evaluation.comparison import Evidence, compare, examine
from swereg.records.dataset import Dataset, Example, Split
from swereg.records.entry import Entry
from swereg.records.training import BaseInfo, Epoch, Outputs, Recipe

BASE = BaseInfo("mini", "", "f" * 64, "BertModel", 1000, 32, 64)
LABELS = ("a", "b")


def entry(version: int, method: str = "lora", **facts: Any) -> Entry:
    plain = Entry(
        name="t" if method == "lora" else f"t-{method}",
        version=version,
        task="t",
        labels=LABELS,
        base=BASE,
        dataset="d" * 64,
        sizes={"train": 8, "val": 4, "test": 4},
        recipe=Recipe(method=method, settings={"r": 4}),
        weights_digest="e" * 64,
        weights_size=100,
        trainable=10,
        total=1000,
        epochs=(Epoch(1, 0.7, 0.5, 0.8, 1.0),),
        best_epoch=1,
        scores={"val": {"loss": 0.5}},
        seconds=10.0,
        cut={},
        environment={},
        note="",
        run="r",
        created=f"2026-01-{version:02}T00:00:00Z",
    )
    return replace(plain, **facts)


def data(first: int, last: int, train: tuple[int, ...] = ()) -> Dataset:
    """Test examples with these numbers; odd ones are b."""

    def example(number: int) -> Example:
        return Example(f"text {number}", LABELS[number % 2])

    return Dataset(LABELS, tuple(map(example, train)), (), tuple(map(example, range(first, last))))


def answered(
    one: Entry,
    dataset: Dataset,
    wrong: set[int] = frozenset(),
    *,
    kept: bool = True,
    split: Split = "test",
) -> Evidence:
    """Answer every example right but those with these numbers, 3 to 1 in odds of e."""
    numbers = [int(e.text.split()[1]) for e in dataset.test]
    truth = np.array([number % 2 for number in numbers], dtype="<u2")
    best = [t ^ (number in wrong) for number, t in zip(numbers, truth, strict=True)]
    logits = np.eye(2, dtype="<f4")[best]
    outputs = Outputs(split, len(truth), 2, logits.tobytes(), truth.tobytes())
    accuracy = 1 - len(wrong & set(numbers)) / len(truth)
    scores = {"val": {"loss": 0.5}, split: {"accuracy": accuracy, "loss": 0.5}}
    if one.dataset == "d" * 64:
        one = replace(one, dataset=dataset.digest)
    return Evidence(
        replace(one, scores={**scores, **one.scores}), {split: outputs}, dataset if kept else None
    )


SAME = data(0, 100)


def test_differences_are_to_the_newest_full_fine_tuning() -> None:
    old = answered(entry(1, "full", weights_size=5000), SAME)
    new = answered(entry(2, "full", weights_size=4000), SAME, {1, 2})
    found = compare([answered(entry(3), SAME, set(range(12))), old, new])
    row, _, baseline = found.rows
    assert [one.baseline for one in found.rows] == [False, False, True]
    assert row.differences["size"] == 100 - 4000
    assert row.differences["accuracy"] == pytest.approx(-0.10)
    assert row.verdicts["accuracy"].verdict == "worse"
    interval = row.verdicts["accuracy"].interval
    assert interval is not None
    assert interval.low < -0.10 < interval.high < 0
    assert baseline.differences == {}
    assert json.loads(json.dumps(found.to_json()))["rows"][0]["ref"] == "t/3"


def test_the_best_is_marked_and_what_cannot_be_told_from_it() -> None:
    wrong = (set(range(40)), set(range(3)), set(range(10, 15)))
    found = compare([answered(entry(n), SAME, each) for n, each in enumerate(wrong, 1)])
    assert [one.within_noise for one in found.rows] == [False, True, True]
    assert ["accuracy" in one.best for one in found.rows] == [False, True, False]
    assert found.examples == 100


def test_without_a_test_split_the_scores_are_those_of_validation() -> None:
    val = replace(SAME, val=SAME.test, test=())
    those = []
    for version, wrong in ((1, {1}), (2, {1, 2})):
        one = answered(entry(version), SAME, wrong, split="val")
        those.append(replace(one, dataset=val, entry=replace(one.entry, dataset=val.digest)))
    found = compare(those)
    assert found.split == "val"
    assert [one.figures["accuracy"] for one in found.rows] == pytest.approx([0.99, 0.98])


def test_different_bases_and_a_missing_baseline_are_said() -> None:
    other = replace(BASE, name="other", fingerprint="0" * 64)
    those = [answered(entry(n, base=base), SAME) for n, base in ((1, BASE), (2, other), (3, BASE))]
    notices = " ".join(compare(those).notices)
    assert "mini, other" in notices
    assert "--method full" in notices
    assert compare([answered(entry(1), SAME), answered(entry(2, "full"), SAME)]).notices == ()


def test_entries_on_different_data_are_compared_on_what_they_share() -> None:
    one = answered(entry(1), data(0, 60, train=(200, 201)), {0, 1, 2, 3})
    other = answered(entry(2), data(20, 100, train=(20, 21, 22)), {30})
    found = compare([one, other])
    assert found.between is not None
    assert found.examples == found.between.rows == 60 - 20 - 3  # three of them were learnt from
    assert [row.figures["accuracy"] for row in found.rows] == pytest.approx([1.0, 1 - 1 / 37])
    assert found.between.data == {
        "same": 40,
        "added": 43,
        "removed": 22,
        "relabelled": 0,
        "moved": 0,
    }
    notices = " ".join(found.notices)
    assert "37 test examples" in notices
    assert "3 that one learnt from" in notices


def test_entries_that_share_no_example_are_not_ranked() -> None:
    found = compare([answered(entry(1), data(0, 50)), answered(entry(2), data(50, 100), {60})])
    assert found.between is not None
    assert found.between.pair is None
    assert found.between.verdict == "unknown"
    assert "cannot be ranked" in found.between.sentence
    assert not any(row.ranked or row.within_noise or row.differences for row in found.rows)
    assert not any("accuracy" in row.best for row in found.rows)
    assert [row.figures["accuracy"] for row in found.rows] == pytest.approx([1.0, 0.98])


def test_of_several_those_on_the_newest_data_are_ranked() -> None:
    old = answered(entry(1), data(500, 600))
    partly = answered(entry(2), data(0, 80), {5})
    found = compare([old, partly, answered(entry(3), SAME, {7}), answered(entry(4), SAME)])
    assert [row.ranked for row in found.rows] == [False, True, True, True]
    assert found.examples == 80
    assert any("Not ranked" in text and "t/1" in text for text in found.notices)


def test_forgotten_texts_can_be_compared_on_the_same_data_alone() -> None:
    one, other = (answered(entry(n), SAME, {n}, kept=False) for n in (1, 2))
    assert compare([one, other]).examples == 100
    elsewhere = answered(entry(3), data(0, 50), kept=False)
    assert not any(row.ranked for row in compare([one, elsewhere]).rows)


def test_seeds_of_one_recipe_are_one_row() -> None:
    wrongs = ({1, 2}, {3, 4, 5, 6}, {7})
    seeds = [
        answered(entry(n, recipe=Recipe(settings={"r": 4}, seed=n)), SAME, wrong)
        for n, wrong in enumerate(wrongs, 1)
    ]
    again = answered(entry(4, recipe=Recipe(settings={"r": 4}, seed=3)), SAME, {7})
    other = answered(entry(5, recipe=Recipe(settings={"r": 8}, seed=1)), SAME, set(range(30)))
    full = answered(entry(6, "full"), SAME, set(range(40)))
    found = compare([*seeds, again, other, full], folded=True)
    three, single, baseline = found.rows
    assert (three.ref, three.seeds, three.repeats) == ("t/1..4", (1, 2, 3), ("t/3",))
    values = [0.98, 0.96, 0.99]
    assert three.figures["accuracy"] == pytest.approx(np.mean(values))
    assert three.deviations["accuracy"] == pytest.approx(np.std(values, ddof=1))
    assert three.figures["trainable"] == 10
    assert (single.ref, single.seeds, single.deviations) == ("t/5", (1,), {})
    assert [row.within_noise for row in found.rows] == [True, False, False]
    assert three.verdicts["accuracy"].verdict == "better"
    assert baseline.baseline
    assert len(compare([*seeds, again, other, full]).rows) == 6


def test_what_differs_between_two_is_listed() -> None:
    one = entry(1, environment={"torch": "1"}, recipe=Recipe(settings={"r": 4}, learning_rate=0.1))
    other = entry(2, environment={"torch": "2"}, recipe=Recipe(settings={"r": 8}, epochs=9))
    between = compare([answered(one, SAME), answered(other, SAME)]).between
    assert between is not None
    assert [(c.part, c.name, c.a, c.b) for c in between.changes] == [
        ("method", "r", 4, 8),
        ("recipe", "learning_rate", 0.1, 1e-4),
        ("recipe", "epochs", 50, 9),
        ("environment", "torch", "1", "2"),
    ]


def test_imports_without_answers_are_listed_unranked() -> None:
    origin = {"base": "verified"}
    bare = Evidence(
        entry(1, scores={}, epochs=(), best_epoch=None, seconds=None, dataset=None, origin=origin),
        {},
        None,
    )
    found = compare([bare, answered(entry(2), SAME)])
    assert found.split == "test"
    assert [row.ranked for row in found.rows] == [False, False]
    assert found.between is not None
    assert "no stored answers of t/1" in found.between.sentence
    assert any("Imported" in text for text in found.notices)


def test_the_metric_is_the_task_s_own_unless_another_is_said() -> None:
    those = [answered(entry(n, about={"metric": "macro_f1"}), SAME, {n}) for n in (1, 2)]
    assert compare(those).metric == "macro_f1"
    assert compare(those, metric="mcc").metric == "mcc"
    odd = [answered(entry(1, about={"metric": "BLEU"}), SAME)]
    assert compare(odd).metric == "accuracy"


def test_rows_are_sorted_by_any_figure_the_best_first() -> None:
    those = [
        answered(entry(n, seconds=time), SAME, set(range(n)))
        for n, time in ((1, 3.0), (2, None), (3, 1.0))
    ]
    assert [row.ref for row in compare(those, sort="seconds").rows] == ["t/3", "t/1", "t/2"]
    assert [row.ref for row in compare(those, sort="accuracy").rows] == ["t/1", "t/2", "t/3"]
    with pytest.raises(UsageError, match="cannot be sorted"):
        compare(those, sort="beauty")


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(Conflict, match="different tasks"):
        compare([answered(entry(1), SAME), answered(entry(2, task="u"), SAME)])
    with pytest.raises(NotFound):
        compare([])
    with pytest.raises(UsageError, match="no metric"):
        compare([answered(entry(1), SAME)], metric="beauty")


def test_other_labels_cannot_be_ranked() -> None:
    other = answered(entry(2), SAME)
    other = replace(other, entry=replace(other.entry, labels=("a", "c")), dataset=None)
    between = compare([answered(entry(1), SAME), other]).between
    assert between is not None
    assert "different labels" in between.sentence


def test_mistakes_come_with_the_most_confident_first() -> None:
    one = answered(entry(1), SAME, {10, 50})
    logits = np.frombuffer(one.outputs["test"].logits, "<f4").reshape(100, 2).copy()
    logits[50] *= 5
    sure = replace(one, outputs={"test": replace(one.outputs["test"], logits=logits.tobytes())})
    found = examine(sure)
    assert [(m.row, m.text, m.label, m.answer) for m in found.mistakes] == [
        (50, "text 50", "a", "b"),
        (10, "text 10", "a", "b"),
    ]
    assert found.mistakes[0].score == pytest.approx(1 / (1 + np.exp(-5)))
    assert found.mistakes[0].label_score == pytest.approx(1 / (1 + np.exp(5)))
    assert examine(replace(sure, dataset=None)).mistakes[0].text is None
    assert found.report.figures["accuracy"].value == pytest.approx(0.98)


def test_only_answers_that_are_there_are_examined() -> None:
    with pytest.raises(NotFound, match="on val"):
        examine(answered(entry(1), SAME), "val")
    with pytest.raises(NotFound, match="no stored answers"):
        examine(Evidence(entry(1), {}, None))
    with pytest.raises(UsageError, match="train"):
        examine(answered(entry(1), SAME), "train")

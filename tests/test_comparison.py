"""Comparison: stored facts side by side, and what stands in the way of a fair reading."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from swereg.comparison import compare
from swereg.errors import Conflict, NotFound
from swereg.records import BaseInfo, Entry, Epoch, Recipe

BASE = BaseInfo("mini", "", "f" * 64, "BertModel", 1000, 32, 64)


def entry(version: int, method: str = "lora", **facts: Any) -> Entry:
    scores = {
        "val": {"loss": 0.5, "accuracy": 0.8, "macro_f1": 0.8, "roc_auc": 0.9},
        "test": {"loss": 0.6, "accuracy": 0.75, "macro_f1": 0.7, "roc_auc": 0.85},
    }
    plain = Entry(
        name="t" if method == "lora" else f"t-{method}", version=version, task="t",
        labels=("a", "b"), base=BASE, dataset="d" * 64, sizes={"train": 8, "val": 4, "test": 4},
        recipe=Recipe(method=method, settings={"r": 4}), weights_digest="e" * 64,
        weights_size=100, trainable=10, total=1000, epochs=(Epoch(1, 0.7, 0.5, 0.8, 1.0),),
        best_epoch=1, scores=scores, seconds=10.0, cut={}, environment={}, note="", run="r",
        created=f"2026-01-0{version}T00:00:00Z",
    )  # fmt: skip
    return replace(plain, **facts)


def scored(**test: float) -> dict[str, Any]:
    return {"val": {"loss": 0.4, "accuracy": 0.9, "macro_f1": 0.9}, "test": test}


def test_differences_are_to_the_newest_full_fine_tuning() -> None:
    old = entry(1, "full", weights_size=5000)
    new = entry(2, "full", weights_size=4000, scores=scored(accuracy=0.9, macro_f1=0.9))
    found = compare([entry(3), old, new])
    row, _, baseline = found.rows
    assert [r.baseline for r in found.rows] == [False, False, True]
    assert row.difference["size"] == 100 - 4000
    assert row.difference["accuracy"] == pytest.approx(0.75 - 0.9)
    assert "roc_auc" not in row.difference  # the baseline has none
    assert baseline.difference == {}


def test_the_best_of_each_column_is_marked_where_there_is_a_choice() -> None:
    better = entry(2, scores=scored(accuracy=0.9, macro_f1=0.6), seconds=20.0)
    one, two = compare([entry(1), better]).rows
    assert set(one.best) == {"macro_f1", "seconds", "roc_auc"} - {"roc_auc"}
    assert set(two.best) == {"val_loss", "accuracy"}


def test_without_a_test_split_the_scores_are_those_of_validation() -> None:
    found = compare([entry(1), entry(2, scores={"val": {"loss": 0.4, "accuracy": 0.9}})])
    assert found.split == "val"
    assert [row.accuracy for row in found.rows] == [0.8, 0.9]


def test_different_data_and_bases_and_a_missing_baseline_are_said() -> None:
    other = replace(BASE, name="other", fingerprint="0" * 64)
    notices = " ".join(compare([entry(1), entry(2, dataset="0" * 64, base=other)]).notices)
    assert "different data" in notices
    assert "mini, other" in notices
    assert "--method full" in notices
    assert compare([entry(1), entry(2, "full")]).notices == ()


def test_entries_of_different_tasks_are_refused() -> None:
    with pytest.raises(Conflict, match="different tasks"):
        compare([entry(1), entry(2, task="u")])


def test_nothing_is_refused() -> None:
    with pytest.raises(NotFound):
        compare([])

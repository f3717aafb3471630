"""The majority: the shares of the labels, whatever is said."""

from __future__ import annotations

import json

import numpy as np
import pytest

import swereg
from swereg.adapters.standalone.majority import METHOD
from swereg.errors import CheckFailed, UsageError
from swereg.records.dataset import Dataset, Example, Task

LABELS = ("grön", "röd", "blå")


def read() -> Dataset:
    def rows(split: str, counts: tuple[int, ...]) -> tuple[Example, ...]:
        return tuple(
            Example(f"{split} {label} {n}", label)
            for label, count in zip(LABELS, counts, strict=True)
            for n in range(count)
        )

    return Dataset(LABELS, rows("a", (2, 5, 3)), rows("b", (1, 1, 2)), rows("c", (1, 3, 1)))


TASK = Task("färg", read, LABELS)


def test_it_answers_the_shares_of_training() -> None:
    entry = swereg.train(TASK, method="majority")
    assert entry.ref == "färg-majority/1"
    one, two = swereg.predict(entry.ref, ["vad som helst", ""])
    assert one == two
    assert one.label == "röd"
    assert one.scores == pytest.approx({"grön": 0.2, "röd": 0.5, "blå": 0.3}, abs=1e-7)
    assert entry.scores["test"]["accuracy"] == 0.6
    shares = np.array([0.2, 0.3, 0.3, 0.5])
    assert entry.val_loss == pytest.approx(-np.log(shares).mean())
    assert (entry.trainable, entry.total, entry.base) == (3, 3, None)
    assert swereg.predict(entry, []) == []


def test_what_is_stored_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    entry = swereg.train(TASK, method="majority", seed=7, note="golvet")
    facts = json.loads(json.dumps(entry.to_json()))
    assert facts["base"] is None
    assert facts["recipe"] == {"method": "majority", "settings": {}, "seed": 7}
    assert facts["trainable_percent"] == 100
    assert swereg.show("färg-majority") == entry


@pytest.mark.parametrize(
    "said",
    [
        {"base": "mini"},
        {"learning_rate": 1e-3},
        {"epochs": 1},
        {"device": "cpu"},
        {"precision": "fp32"},
        {"max_length": 8, "batch_size": 1},
    ],
)
def test_what_needs_a_base_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        swereg.train(TASK, method="majority", **said)  # type: ignore[arg-type]
    assert caught.value.code == "method.no-base"
    for key in said:
        assert "--" + key.replace("_", "-") in caught.value.what


def test_a_bad_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="--seed"):
        swereg.train(TASK, method="majority", seed=-1)


@pytest.mark.parametrize("tensors", [{}, {"shares": np.ones(2)}, {"andel": np.ones(3)}])
def test_other_weights_are_refused(tensors: dict[str, np.ndarray]) -> None:
    with pytest.raises(CheckFailed):
        METHOD.answerer(tensors, LABELS, METHOD.settings())

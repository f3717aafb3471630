"""The tasks that ship with swereg."""

from __future__ import annotations

from collections import Counter

import pytest

from swereg.datasets.checks import check_dataset
from swereg.datasets.duplicates import alike
from swereg.datasets.reading import read_data
from swereg.datasets.tasks import errand, packaged, sentiment
from swereg.records.dataset import SPLITS, Task

TASKS = [sentiment.TASK, errand.TASK]


@pytest.fixture(params=TASKS, ids=lambda task: task.name)
def task(request: pytest.FixtureRequest) -> Task:
    found: Task = request.param
    return found


def test_it_passes_the_checks_with_nothing_to_say(task: Task) -> None:
    dataset = check_dataset(task.read())
    assert dataset.notices == ()
    assert dataset == task.read()
    assert dataset.labels == task.labels


def test_no_text_is_there_twice(task: Task) -> None:
    dataset = task.read()
    texts = Counter(alike(e.text) for name in SPLITS for e in dataset.split(name))
    assert max(texts.values()) == 1


@pytest.mark.parametrize("name", SPLITS)
def test_every_split_is_balanced(task: Task, name: str) -> None:
    counts = task.read().counts(name)  # type: ignore[arg-type]
    assert min(counts.values()) >= 10
    assert max(counts.values()) <= 1.25 * min(counts.values())


def test_its_folder_reads_the_same_as_a_users_would(task: Task) -> None:
    assert read_data(packaged.FOLDER / task.name, labels=task.labels) == task.read()


def test_its_facts_are_there(task: Task) -> None:
    assert task.description.endswith("?")
    assert task.licence == "Apache-2.0"
    assert (packaged.FOLDER / task.name / "README.md").is_file()
    assert task.source


def test_the_labels_are_those_that_are_promised() -> None:
    assert sentiment.TASK.labels == ("negative", "positive")
    assert errand.TASK.labels == (
        "bygglov",
        "förskola och skola",
        "vatten och avfall",
        "gator och parkering",
        "äldreomsorg",
        "kultur och fritid",
    )

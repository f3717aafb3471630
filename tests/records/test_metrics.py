"""A metric is said in two places: its facts, and its formula. Everything else follows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import swereg
from swereg.evaluation.statistics import metrics as formulas
from swereg.records import metrics as facts
from swereg.records.metrics import MetricFacts
from swereg.records.training import Recipe
from swereg.registry import Registry
from swereg.registry.entries import queries
from tests.command_line import here
from tests.registry.make_entry import make


def test_facts_and_formulas_are_of_the_same_metrics() -> None:
    assert list(facts.METRICS) == list(formulas.METRICS)


def test_what_the_registry_sorts_by_is_in_its_tables() -> None:
    for sort in facts.entry_sorts():
        assert queries.order_of(sort, descending=True)


@pytest.fixture
def error_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new metric: one row in each of the two tables, and nothing else."""
    row = MetricFacts("error rate", smaller_is_better=True, is_column=True)
    formula = formulas._of_sums(
        "error_rate", lambda scored: 1.0 * ~scored.right[:, None], formulas._mean
    )
    monkeypatch.setitem(facts.METRICS, "error_rate", row)
    monkeypatch.setitem(formulas.METRICS, "error_rate", formula)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "r.db"
    monkeypatch.setenv("SWEREG_REGISTRY", str(path))
    with Registry.open(path, create=True) as registry:
        registry.add(make("a"))
        registry.add(make("b", recipe=Recipe(method="head", device="cpu")))
    return path


@pytest.mark.usefixtures("error_rate", "two")
def test_a_new_metric_is_seen_everywhere(tmp_path: Path) -> None:
    comparison = swereg.compare("känslor/1", "känslor/2", metric="error_rate")
    accuracy, rate = (comparison.rows[0].figures[name] for name in ("accuracy", "error_rate"))
    assert rate == pytest.approx(1 - accuracy)
    assert "error_rate" in facts.comparison_sorts()  # what --sort takes
    assert "error_rate" in here("compare", "--task", "känslor", "--csv").splitlines()[0]
    assert "error rate" in here("compare", "--task", "känslor", "--md")
    document = json.loads(here("compare", "--task", "känslor", "--json"))
    assert "error_rate" in document["rows"][0]["figures"]
    here("compare", "--task", "känslor", "--fail-if", "error_rate>0.2", code=4)
    page = swereg.report(task="känslor", output=tmp_path / "r.html", metric="error_rate")
    assert "Error rate" in page.read_text(encoding="utf-8")
    assert np.isfinite(rate)

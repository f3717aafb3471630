"""The report: what it says, what it leaves out, and that nothing gets out of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import swereg
from swereg.errors import Conflict, NotFound, SweregError, UsageError
from swereg.evaluation.report.html import Html, el, escaped
from swereg.evaluation.report.scales import Scale, around
from swereg.records.training import Recipe
from tests.evaluation.report.making import TWO, dataset, elsewhere, entry, stored, usual
from tests.evaluation.report.reading import Page, colours, contrast


def page(path: Path, registry: Path, **asked: object) -> Page:
    target = swereg.report(task="känslor", output=path / "r.html", registry=registry, **asked)  # type: ignore[arg-type]
    return Page(target.read_text(encoding="utf-8"))


def test_a_page_says_what_was_found(tmp_path: Path) -> None:
    found = page(tmp_path, stored(tmp_path, usual()))
    for words in (
        "känslor",
        "How is it?",
        "40 test examples",
        "känslor/1..3",
        "känslor-full/1",
        "baseline",
        "within the noise",
        "worse",
        "3 seeds",
        "Learning curves",
        "Calibration",
        "Confusion",
        "Label by label",
        "Mistakes",
        "made up",
        "CC0-1.0",
        dataset().digest,
        "learning rate",
        f"swereg {swereg.__version__}",
        "åäö test",
    ):
        assert words in found.text, words


def test_the_figures_are_those_of_compare(tmp_path: Path) -> None:
    registry = stored(tmp_path, usual())
    found = page(tmp_path, registry)
    for row in swereg.compare(task="känslor", registry=registry).rows:
        assert f"{row.figures['accuracy']:.3f}" in found.text
        limits = row.intervals["accuracy"]
        assert f"{limits.low:.2f} to {limits.high:.2f}" in found.text


def test_a_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    found = page(tmp_path, stored(tmp_path, usual()))
    assert not found.all("script")
    assert not found.all("img")
    assert [link["href"] for link in found.all("link")] == ["data:,"]
    assert "url(" not in found.style
    assert "@import" not in found.style
    policy = next(m["content"] for m in found.all("meta") if m.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_tables_and_drawings_can_be_heard(tmp_path: Path) -> None:
    found = page(tmp_path, stored(tmp_path, usual()))
    assert all(head.get("scope") in ("col", "row") for head in found.all("th"))
    named = [one for one in found.all("svg") if "aria-hidden" not in one]
    assert len(named) == 7  # the cost, and a curve and a diagram of each row
    assert all(one["role"] == "img" and one["aria-label"] for one in named)
    identifiers = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_text_is_legible_in_both_schemes(tmp_path: Path) -> None:
    schemes = colours(page(tmp_path, stored(tmp_path, usual())).style)
    assert len(schemes) == 2
    for scheme in schemes:
        for ink in ("ink", "quiet", "blue", "orange", "green"):
            for paper in ("paper", "raised"):
                assert contrast(scheme[ink], scheme[paper]) >= 4.5, (ink, paper)
        assert contrast(scheme["blue"], scheme["tint"]) >= 4.5


def test_forgotten_texts_are_said_to_be_missing(tmp_path: Path) -> None:
    found = page(tmp_path, stored(tmp_path, usual(), keep_data=False))
    assert "texts of this data are not kept" in found.text
    assert "åäö test" not in found.text
    assert "Mistakes" in found.text
    assert "40 test examples" in found.text


def test_texts_can_be_left_out(tmp_path: Path) -> None:
    found = page(tmp_path, stored(tmp_path, usual()), texts=False)
    assert "made without the texts" in found.text
    assert "åäö test" not in found.text


def test_many_rows_have_details_of_the_first_and_of_the_baseline_only(tmp_path: Path) -> None:
    data = dataset(rows=20)
    new = [
        entry(at, data, at / 5, trainable=at + 1, recipe=Recipe(batch_size=at + 1))
        for at in range(15)
    ]
    registry = stored(tmp_path, [*new, entry(99, data, -1.0, method="full", trainable=1000)])
    found = page(tmp_path, registry)
    close = [one for one in found.all("details") if one.get("class") == "closeup"]
    assert len(close) == 12
    assert "details of the first 12 rows only" in found.text
    assert "Learning curve of känslor-full/1" in found.text


def test_many_labels_are_listed_by_their_commonest_mix_ups(tmp_path: Path) -> None:
    labels = [f"ämne {at}" for at in range(25)]
    found = page(tmp_path, stored(tmp_path, [entry(1, dataset(labels, rows=100), 1.0)]))
    assert "Commonest mix-ups" in found.text
    assert "Confusion matrix" not in found.text


def test_without_a_test_set_the_scores_are_said_to_be_flattered(tmp_path: Path) -> None:
    data = dataset(test=False)
    found = page(tmp_path, stored(tmp_path, [entry(1, data), entry(2, data, method="head")]))
    assert "There is no test set" in found.text
    assert "40 validation examples" in found.text


def test_what_nobody_scored_is_there_without_figures(tmp_path: Path) -> None:
    found = page(tmp_path, stored(tmp_path, [*usual(), elsewhere(dataset())]))
    assert "hämtad/1" in found.text
    assert "not ranked" in found.text
    alone = page(tmp_path, stored(tmp_path / "home", [elsewhere(dataset())]))
    assert "none can be called the best" in alone.text


@pytest.mark.parametrize(
    "metric", ["accuracy", "macro_f1", "mcc", "roc_auc", "loss", "brier", "ece"]
)
def test_any_metric_can_judge(tmp_path: Path, metric: str) -> None:
    found = page(tmp_path, stored(tmp_path, usual()), metric=metric)
    assert "Leaderboard" in found.text


def test_one_entry_is_enough_and_two_references_too(tmp_path: Path) -> None:
    registry = stored(tmp_path, usual())
    for those in (["känslor/1"], ["känslor/1", "känslor-full/1"]):
        target = swereg.report(*those, output=tmp_path / "r.html", registry=registry)
        found = Page(target.read_text(encoding="utf-8"))
        assert all(ref in found.text for ref in those)


def test_perfect_and_constant_answers_are_drawn(tmp_path: Path) -> None:
    data = dataset()
    found = page(
        tmp_path,
        stored(
            tmp_path, [entry(1, data, 99.0, curve=1), entry(2, data, -99.0, curve=1, method="head")]
        ),
    )
    assert "All 40 answers are right" in found.text
    assert "nan" not in found.text.lower().replace("finance", "")


HOSTILE = '</style><script>alert("å")</script>&amp;\'\u202e\x07'


def test_nothing_from_data_is_markup(tmp_path: Path) -> None:
    labels = ("<b>ja</b>", '"nej" & kanske')
    data = dataset(labels, text=HOSTILE)
    new = [
        replace(entry(at, data, 0.1, method=m), note="<img src=x onerror=alert(1)>")
        for at, m in enumerate(("lora", "full"))
    ]
    found = page(tmp_path, stored(tmp_path, new))
    assert not found.all("script")
    assert not found.all("b") or all("class" in one or not one for one in found.all("b"))
    assert not found.all("img")
    assert "<b>ja</b>" in found.text
    assert '</style><script>alert("å")</script>&amp;\'' in found.text
    assert "\x07" not in found.text


@given(st.text())
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    found = Page(el("p", text, title=text))
    harmless = re.sub(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text
    )
    plain = harmless.replace("\r\n", "\n").replace("\r", "\n")
    assert found.all("p")[0]["title"] in (harmless, plain)
    assert "".join(found.pieces) in (harmless, plain, "")
    assert [tag for tag, _ in found.tags] == ["p"]


def test_markup_is_escaped_once() -> None:
    assert el("p", Html("<b>"), "<b>") == "<p><b>&lt;b&gt;</p>"
    assert escaped("a & b") == "a &amp; b"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_ticks_are_few_and_in_the_range(low: float, span: float, most: int) -> None:
    scale = Scale(low, low + span, 0, 100)
    ticks = scale.ticks(most)
    assert 1 <= len(ticks) <= most
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_a_range_holds_its_values(values: list[float]) -> None:
    low, high = around(values)
    assert low < min(values) <= max(values) < high


# --- the file -------------------------------------------------------------------------------


def test_an_earlier_report_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    registry = stored(tmp_path, usual())
    target = tmp_path / "r.html"
    for _ in range(2):
        assert swereg.report(task="känslor", output=target, registry=registry) == target
    target.write_text("<!doctype html><p>mine</p>")
    with pytest.raises(Conflict, match="no report"):
        swereg.report(task="känslor", output=target, registry=registry)
    with pytest.raises(Conflict, match="no report"):
        swereg.report(task="känslor", output=tmp_path, registry=registry)
    with pytest.raises(NotFound, match="no folder"):
        swereg.report(task="känslor", output=tmp_path / "no" / "r.html", registry=registry)
    assert target.read_text() == "<!doctype html><p>mine</p>"
    assert [path.name for path in tmp_path.glob(".*.part")] == []


def test_what_cannot_be_reported_is_refused(tmp_path: Path) -> None:
    registry = stored(tmp_path, usual())
    with pytest.raises(NotFound):
        swereg.report(task="annat", output=tmp_path / "r.html", registry=registry)
    with pytest.raises(UsageError):
        swereg.report(output=tmp_path / "r.html", registry=registry)
    with pytest.raises(SweregError):
        swereg.report(task="känslor", metric="luck", output=tmp_path / "r.html", registry=registry)


def test_the_facts_of_a_task_are_kept(tmp_path: Path) -> None:
    with swereg.Registry.open(stored(tmp_path, usual())) as registry:
        task = registry.task("känslor")
        assert (task.labels, task.source, task.licence) == (TWO, "made up", "CC0-1.0")
        with pytest.raises(UsageError):
            task.read()
        with pytest.raises(NotFound):
            registry.task("annat")

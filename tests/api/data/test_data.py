"""The use cases of data from Python, on a tiny base."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

import swereg
from swereg import Dataset, Entry, Example, ReadOptions, Registry, Task
from swereg.errors import Conflict, NotFound, UsageError
from swereg.records.progress import Notice, Progress
from tests.datasets.conftest import CSV, ROWS, Write, write

__all__ = ["write"]  # the fixture

LABELS = ("sol", "regn", "snö")


def rows(place: str, count: int = 3) -> tuple[Example, ...]:
    return tuple(Example(f"{label} i {place} {n}", label) for n in range(count) for label in LABELS)


DATASET = Dataset(LABELS, rows("Umeå"), rows("Växjö"), rows("Gävle"))
TASK = Task("väder", lambda: DATASET, LABELS, licence="CC0-1.0", metric="macro_f1")


def train(base: Path, task: str | Task | None = TASK, **more: Any) -> Entry:
    return swereg.train(task, base=str(base), method="head", epochs=1, device="cpu", **more)


def test_a_task_is_trained_again_on_the_registrys_newest_data(
    tiny_base: Path, write: Write
) -> None:
    first = train(tiny_base)
    path = write(CSV)
    train(tiny_base, "omdömen", data=path)
    newer = train(tiny_base, "omdömen", data=write(CSV + "Ny rad,positiv\n", "ny.csv"))
    train(tiny_base, "omdömen", data=path)  # an old dataset used again is no new one
    seen: list[Progress] = []
    again = train(tiny_base, "omdömen", on_progress=seen.append)
    assert (again.dataset, again.about["source"]) == (newer.dataset, "ny.csv")
    said = [event.text for event in seen if isinstance(event, Notice)]
    assert any(again.dataset[:12] in text and "newest of omdömen" in text for text in said)  # type: ignore[index]
    weather = train(tiny_base, "väder")
    assert (weather.dataset, weather.labels) == (first.dataset, LABELS)
    assert weather.about == {"licence": "CC0-1.0", "metric": "macro_f1"}


def test_an_installed_task_reads_its_own_data(tiny_base: Path, write: Write) -> None:
    train(tiny_base, "sentiment", data=write(CSV))
    assert train(tiny_base, "sentiment").labels == ("negative", "positive")


def test_texts_that_were_not_kept_have_to_be_given_again(tiny_base: Path, write: Write) -> None:
    entry = train(tiny_base, "omdömen", data=write(CSV), keep_data=False)
    (found,) = swereg.data.list(task="omdömen")
    assert (found.kept, found.sizes) == (False, {"train": 32, "val": 4, "test": 4})
    with pytest.raises(NotFound, match="not in the registry") as caught:
        train(tiny_base, "omdömen")
    assert "--data FILE" in caught.value.hint
    train(tiny_base, "omdömen", data=write(CSV))
    assert train(tiny_base, "omdömen").dataset == entry.dataset


def test_a_task_that_nobody_knows_is_refused_with_what_there_is(tiny_base: Path) -> None:
    train(tiny_base)
    with pytest.raises(NotFound) as caught:
        train(tiny_base, "vädre")
    assert "In the registry: väder" in caught.value.why
    assert "Did you mean väder?" in caught.value.hint


def test_labels_keep_the_order_of_the_tasks_last_training(tiny_base: Path, tmp_path: Path) -> None:
    entry = train(tiny_base)
    swereg.data.export("väder-head", tmp_path / "väder.csv")
    again = train(tiny_base, "väder", data=tmp_path / "väder.csv")
    assert (again.labels, again.dataset) == (LABELS, entry.dataset)
    assert train(tiny_base, None, data=tmp_path / "väder.csv", name="x").labels == LABELS
    with Registry.open() as store:
        assert len(store.datasets()) == 1


# --- out ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_an_export_is_read_as_the_same_dataset(form: str, tiny_base: Path, tmp_path: Path) -> None:
    entry = train(tiny_base)
    assert entry.dataset
    path = tmp_path / f"ut.{form}"
    done = swereg.data.export(entry.dataset[:8], path)
    assert (done.fault, done.formulas, done.form) == ("", 0, form)
    assert done.text == path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert swereg.data.read(entry.dataset[:8]) == DATASET
    with pytest.raises(Conflict, match="already"):
        swereg.data.export(entry.ref, path)
    swereg.data.export(entry.ref, path, force=True)
    with pytest.raises(UsageError):
        swereg.data.export(entry.ref, tmp_path / "ut.xlsx")


def test_what_a_reader_would_change_is_said(tiny_base: Path) -> None:
    odd = Dataset(LABELS, (Example(" =sol ", "sol"), *rows("Umeå")), rows("Växjö"), rows("Gävle"))
    train(tiny_base, Task("udda", lambda: odd, LABELS))
    done = swereg.data.export("udda-head")
    assert "spaces" in done.fault
    none = Dataset(LABELS, (Example("snart\tregn\x07", "regn"), *rows("Umeå")), rows("Växjö"))
    train(tiny_base, Task("udda2", lambda: none, LABELS))
    assert swereg.data.export("udda2-head", form="tsv").fault


def test_rows_are_sampled_from_all_over(tiny_base: Path) -> None:
    train(tiny_base)
    shown = swereg.data.sample("väder-head", 3)
    assert [row.split for row in shown] == ["train", "val", "test"]
    assert len(swereg.data.sample("väder-head", 1000)) == 27
    assert swereg.data.sample("väder-head", 0) == []


def test_erased_texts_leave_the_entry(tiny_base: Path) -> None:
    entry = train(tiny_base)
    done = swereg.data.rm(entry.ref)
    assert (done.dataset.kept, done.copies) == (False, ())
    assert swereg.show(entry.ref) == entry
    assert swereg.load(entry.ref).predict(["sol"])
    with pytest.raises(NotFound, match="not in the registry"):
        swereg.data.diff(entry.ref, entry.ref)
    assert swereg.data.rm(entry.ref).freed == 0


# --- what training would say ------------------------------------------------------------------


def test_a_check_says_what_training_would(write: Write, tiny_base: Path) -> None:
    report = swereg.data.check(write(CSV), base=str(tiny_base), max_length=5)
    assert report.accepted
    assert report.dataset
    assert report.lengths
    assert report.lengths.splits["train"].cut == 32
    assert (report.base, report.majority) == (str(tiny_base), 0.5)
    facts = report.to_json()
    assert facts["counts"]["test"] == {"negativ": 2, "positiv": 2}
    assert facts["tokens"]["val"]["longest"] > 5
    entry = train(tiny_base, "omdömen", data=write(CSV))
    assert facts["digest"] == entry.dataset
    with pytest.raises(UsageError, match="max-length"):
        swereg.data.check(write(CSV), max_length=2)


def test_a_check_takes_tasks_too(tiny_base: Path, tmp_path: Path, write: Write) -> None:
    assert swereg.data.check("errand").accepted
    train(tiny_base)
    report = swereg.data.check("väder")
    assert report.dataset == DATASET
    toml = tmp_path / "väder.toml"
    toml.write_text(f'name = "väder"\nsource = "{write(CSV)}"\nlabels = ["positiv", "neutral"]\n')
    report = swereg.data.check(str(toml))
    assert [fault.code for fault in report.refusals] == ["data.labels-unknown"]
    with pytest.raises(NotFound):
        swereg.data.check("vädret")


def test_a_check_without_its_base_counts_with_mini(write: Write, tiny_base: Path) -> None:
    train(tiny_base)
    tiny_base.rename(tiny_base.with_name("borta"))
    seen: list[Progress] = []
    try:
        report = swereg.data.check(write(CSV), on_progress=seen.append)
    finally:
        tiny_base.with_name("borta").rename(tiny_base)
    assert report.base == "mini"
    assert any("Tokens are those of mini" in e.text for e in seen if isinstance(e, Notice))


def test_a_check_without_a_registry_makes_none(write: Write, home: Path) -> None:
    twice = write(CSV + f"{ROWS[0][0]},negativ\n")
    report = swereg.data.check(twice, read=ReadOptions(dedupe=True))
    assert [fault.code for fault in report.refusals] == ["data.conflicts"]
    assert report.twins
    assert not (home / "registry.db").exists()

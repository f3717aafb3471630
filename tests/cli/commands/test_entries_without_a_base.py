"""Entries without a base in every command, beside one that has a base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import swereg
from swereg.records.dataset import Dataset, Example, Task
from swereg.testing import make_base
from tests.cli.conftest import Run

LABELS = ("negativ", "positiv")
READING = [
    ["list"],
    ["show", "omdöme-tfidf"],
    ["show", "omdöme-majority"],
    ["compare", "--task", "omdöme"],
]


def read() -> Dataset:
    train, val, test = (
        tuple(
            Example(f"{'god' if label == 'positiv' else 'usel'} {word} {part}", label)
            for word in ("mat", "musik", "färja", "öl")
            for label in LABELS
        )
        for part in ("i går", "nyss", "igen")
    )
    return Dataset(LABELS, train, val, test)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a probe, a bag of words and a majority."""
    folder = tmp_path_factory.mktemp("shop")
    base = make_base(folder / "base")
    task = Task("omdöme", read, LABELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEREG_HOME", str(folder / "home"))
        swereg.train(task, method="tfidf", registry=folder / "registry.db")
        swereg.train(task, method="majority", registry=folder / "registry.db")
        swereg.train(task, method="head", base=str(base), epochs=1, registry=folder / "registry.db")
    return folder


@pytest.fixture(autouse=True)
def registry(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWEREG_REGISTRY", str(shop / "registry.db"))
    return shop / "registry.db"


@pytest.mark.parametrize("command", READING)
@pytest.mark.parametrize("width", [24, 80, 160])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_reading_works_in_every_terminal(
    command: list[str], width: int, encoding: str, cli: Run
) -> None:
    done = cli(*command, tty=True, width=width, encoding=encoding)
    assert done.code == 0, done.err
    assert max(len(line.rstrip()) for line in done.out.splitlines()) <= width
    assert cli(*command).code == 0
    assert json.loads(cli(*command, "--json").out)["schema_version"] == 1


def test_a_missing_base_is_said_and_not_invented(cli: Run) -> None:
    listed = cli("list", tty=True, width=160).out.splitlines()
    (bag,) = [line for line in listed if line.startswith("omdöme-tfidf/1")]
    assert " none " in bag
    assert " 100 % " in bag
    shown = dict(line.split("\t") for line in cli("show", "omdöme-tfidf").out.splitlines())
    assert shown["base"] == "none"
    assert shown["seed"] == "42"
    assert "learning rate" not in shown.get("recipe", "")
    assert "best epoch" not in shown
    facts = json.loads(cli("show", "omdöme-tfidf", "--json").out)
    assert facts["base"] is None
    assert set(facts["recipe"]) == {"method", "settings", "seed"}
    rows = json.loads(cli("compare", "--task", "omdöme", "--json").out)["rows"]
    assert {row["ref"]: row["base"] is None for row in rows} == {
        "omdöme-tfidf/1": True,
        "omdöme-majority/1": True,
        "omdöme-head/1": False,
    }


def test_they_are_compared_filtered_reported_and_drawn(cli: Run, tmp_path: Path) -> None:
    done = cli("compare", "omdöme-head", "omdöme-tfidf", tty=True, width=120)
    assert done.code == 0, done.err
    assert "base: fingerprint" in done.out
    assert cli("list", "--filter", "base=none", "-q").out.split() == [
        "omdöme-majority/1",
        "omdöme-tfidf/1",
    ]
    assert cli("list", "--filter", "learning_rate<9", "-q").out.split() == ["omdöme-head/1"]
    for refs in (("--task", "omdöme"), ("omdöme-tfidf", "omdöme-majority")):
        page = tmp_path / "sida.html"
        done = cli("report", *refs, "-o", str(page))
        assert done.code == 0, done.err
        assert "None" not in page.read_text("utf-8")
    pytest.importorskip("matplotlib")
    for command in (["show", "omdöme-tfidf"], ["compare", "--task", "omdöme"]):
        done = cli(*command, "--plot", str(tmp_path / "bild.svg"))
        assert done.code == 0, done.err


def test_comparing_with_them_is_not_comparing_bases(cli: Run) -> None:
    done = cli("compare", "--task", "omdöme", tty=True, width=120)
    assert "different bases" not in done.err
    assert " on " in done.out.splitlines()[0]


def test_one_line_mixes_them_with_adapters(cli: Run) -> None:
    refs = ("omdöme-head/1", "omdöme-tfidf/1", "omdöme-majority/1")
    texts = ["god öl i kväll", "usel färja"]
    lines = [line.split("\t") for line in cli("predict", ",".join(refs), *texts).out.splitlines()]
    assert [(line[0], line[3]) for line in lines] == [(ref, text) for text in texts for ref in refs]
    assert [line[1] for line in lines if line[0] == refs[1]] == ["positiv", "negativ"]
    loaded = cli("load", *refs, stdin="\n".join(texts).encode())
    for line, other in zip(loaded.out.splitlines(), lines, strict=True):
        ref, label, probability, text = line.split("\t")
        assert [ref, label, text] == [other[0], other[1], other[3]]
        assert float(probability) == pytest.approx(float(other[2]), abs=2e-6)  # torch, not numpy
    assert "omdöme-majority/1: majority, 2 parameters, " in loaded.err
    everything = cli("load", "--all", stdin=b"god mat\n")
    assert sorted(line.split("\t")[0] for line in everything.out.splitlines()) == sorted(refs)


@pytest.mark.parametrize(
    "command",
    [
        ["export", "omdöme-tfidf", "--peft", "x"],
        ["export", "omdöme-majority", "--merged", "x"],
        ["predict", "omdöme-tfidf", "god", "--base", "mini"],
        ["load", "omdöme-tfidf", "--base", "mini"],
    ],
)
def test_what_needs_a_base_says_so(
    command: list[str], cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli(*command, stdin=b"god\n")
    assert done.code == 2
    assert "has no base" in done.err
    assert "swereg predict omdöme" in done.err
    assert not (tmp_path / "x").exists()


def test_where_the_base_is_may_be_said_for_those_that_have_one(cli: Run, shop: Path) -> None:
    done = cli("predict", "omdöme-tfidf,omdöme-head", "god", "--base", str(shop / "base"))
    assert done.code == 0, done.err


def test_training_tells_what_was_tried(cli: Run, tmp_path: Path) -> None:
    rows = [f"{e.text};{e.label}" for name in ("train", "val", "test") for e in read().split(name)]
    (tmp_path / "omdöme.csv").write_bytes("\r\n".join(["text;label", *rows]).encode("cp1252"))
    said = ("train", "--data", str(tmp_path / "omdöme.csv"), "--registry", str(tmp_path / "r.db"))
    done = cli(*said, "--method", "tfidf")
    assert done.out == "omdöme-tfidf/1\n"
    assert "C=1: validation 0." in done.err
    assert "* best" in done.err
    assert "base: none" in done.err
    assert "best epoch" not in done.err
    done = cli(*said, "--method", "tfidf[words=1,C=2]", "-o", "chars=3-4", tty=True, width=60)
    assert "words=1, chars=3-4, min_texts=1, C=2" in " ".join(done.out.split())
    assert "fitting" in done.err
    done = cli(*said, "--method", "tfidf", "--rank", "4")
    assert done.code == 2
    assert "no setting 'r'" in done.err


def test_methods_that_need_no_base_are_marked(cli: Run) -> None:
    found = {m["name"]: m for m in json.loads(cli("methods", "--json").out)["methods"]}
    assert [name for name, m in found.items() if not m["needs_base"]] == ["majority", "tfidf"]
    assert found["tfidf"]["learning_rate"] is None
    assert "(needs no base)" in cli("methods", tty=True, width=200).out

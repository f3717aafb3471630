"""Training again what was trained: equal to the last bit, close, or different, and said why."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import swereg
from swereg.errors import NotFound, UsageError
from swereg.evaluation.comparison import reproduction
from swereg.records.dataset import Dataset, Example, Task
from swereg.records.training import Epoch, Outputs
from swereg.registry import Registry
from tests.cli.conftest import Run, cli  # noqa: F401 - a fixture
from tests.command_line import here

LABELS = ("negativ", "positiv")


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


TASK = Task("omdöme", read, LABELS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A registry with a LoRA, a bag of words and a majority."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEREG_HOME", str(folder / "home"))
        for method in ("lora", "tfidf", "majority"):
            on_base = {"base": str(tiny_base), "epochs": 2} if method == "lora" else {}
            swereg.train(TASK, method=method, registry=folder / "r.db", **on_base)
    return folder / "r.db"


@pytest.fixture
def registry(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "r.db"
    path.write_bytes(trained.read_bytes())
    monkeypatch.setenv("SWEREG_REGISTRY", str(path))
    return path


@pytest.mark.parametrize("name", ["omdöme", "omdöme-tfidf", "omdöme-majority"])
def test_a_training_comes_out_the_same_to_the_last_bit(name: str, registry: Path) -> None:
    facts = json.loads(here("reproduce", name, "--json"))
    assert (facts["verdict"], facts["equal"], facts["reasons"]) == ("identical", True, [])
    assert {part["verdict"] for part in facts["parts"]} == {"identical"}
    assert {"weights", "validation outputs", "test outputs"} <= {p["name"] for p in facts["parts"]}
    assert here("list", "-q").split() == ["omdöme-majority/1", "omdöme-tfidf/1", "omdöme/1"]


def test_the_new_training_can_be_kept(registry: Path) -> None:
    found = swereg.reproduce("omdöme-tfidf", store=True)
    assert found.stored == "omdöme-tfidf/2"
    first, second = swereg.show("omdöme-tfidf/1"), swereg.show("omdöme-tfidf/2")
    assert second.note == "omdöme-tfidf/1 trained again"
    for fact in ("weights_digest", "dataset", "recipe", "scores", "labels", "about"):
        assert getattr(first, fact) == getattr(second, fact)


def test_another_outcome_ends_with_4_and_says_why(
    registry: Path,
    monkeypatch: pytest.MonkeyPatch,
    cli: Run,  # noqa: F811
) -> None:
    from swereg.adapters.standalone import training

    plain = training.fit

    def other(method, dataset, recipe, **options):  # type: ignore[no-untyped-def]
        half = replace(dataset, train=dataset.train[:6])
        fitted = plain(method, half, recipe, **options)
        return replace(fitted, environment={**fitted.environment, "numpy": "0.1"})

    monkeypatch.setattr(training, "fit", other)
    done = cli("reproduce", "omdöme-tfidf")
    assert done.code == 4
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert rows[0] == ["part", "verdict", "off", "text"]
    assert ["validation outputs", "different"] in [row[:2] for row in rows]
    assert "numpy: then" in done.err
    assert "now 0.1" in done.err
    assert "note: It ran under other conditions: numpy." in done.err
    for width in (24, 80):
        drawn = cli("reproduce", "omdöme-tfidf", tty=True, width=width, encoding="ascii")
        assert max(len(line.rstrip()) for line in drawn.out.splitlines()) <= width


def test_what_cannot_be_trained_again_is_refused(registry: Path) -> None:
    with Registry.open(registry) as store:
        store.forget(store.get("omdöme").dataset or "")
        with pytest.raises(NotFound, match="without its texts") as gone:
            swereg.reproduce("omdöme", registry=store)
        entry = replace(store.get("omdöme"), origin={"base": "verified"})
        with pytest.raises(UsageError, match="cannot be trained again") as imported:
            swereg.reproduce(entry, registry=store)
    assert gone.value.code == "reproduce.no-texts"
    assert imported.value.code == "reproduce.imported"


@pytest.mark.parametrize("threads", [1, 2])
def test_it_computes_with_the_threads_that_are_said_and_then_as_before(
    threads: int, registry: Path
) -> None:
    import torch

    seen = []
    before = torch.get_num_threads()
    swereg.reproduce(
        "omdöme", threads=threads, on_progress=lambda _: seen.append(torch.get_num_threads())
    )
    assert set(seen) == {threads}
    assert torch.get_num_threads() == before


# --- the comparison -------------------------------------------------------------------------


def training(*, loss: float = 0.5, logit: float = 1.0, weight: float = 1.0) -> reproduction.Trained:
    logits = np.array([[logit, 0.0]], "<f4").tobytes()
    return reproduction.Trained(
        epochs=(Epoch(1, 0.7, loss, 0.5, 1.0),),
        best_epoch=1,
        scores={"val": {"loss": loss}},
        outputs=(Outputs("val", 1, 2, logits, b"\0\0"),),
        tensors={"layer.0.a": np.array([weight]), "layer.1.a": np.array([1.0])},
        digest=str(weight),
        environment={"threads": 1},
    )


@given(st.floats(-1, 1), st.sampled_from(["loss", "logit", "weight"]))
def test_the_verdict_follows_the_largest_difference(off: float, where: str) -> None:
    then, now = training(), training(**{where: {"loss": 0.5}.get(where, 1.0) + off})
    found = reproduction.compare("a/1", then, now)
    moved = max((part.off or 0.0) for part in found.parts)
    if then == now:
        assert found.verdict == "identical"
        assert not found.reasons
    else:
        if moved > 1.01 * reproduction.TOLERANCE:
            assert found.verdict == "different"
        assert found.reasons or found.verdict == "identical"
    assert abs(moved - abs(off)) <= 1e-6
    json.dumps(found.to_json(), allow_nan=False)


def test_layers_are_told_together_and_what_is_missing_is_told() -> None:
    then = training()
    now = replace(training(weight=2.0), epochs=(), outputs=(), best_epoch=None, scores={})
    found = reproduction.compare("a/1", then, now)
    (group,) = found.tensors
    assert (group.name, group.verdict, group.off) == ("layer.*.a", "different", 1.0)
    texts = {part.name: part.text for part in found.parts}
    assert texts["validation losses"] == "1 -> 0 numbers"
    assert texts["validation metrics"] == "loss -> none"
    assert texts["validation outputs"] == "1 x 2 -> 0 x 0 numbers"
    assert texts["best epoch"] == "1 -> None"

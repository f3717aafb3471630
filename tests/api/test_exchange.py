"""Entries out to PEFT and transformers, adapters in from PEFT; with those two as the oracle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import swereg
from swereg import Dataset, Entry, Example, Registry, Task
from swereg.errors import CheckFailed, Conflict, UsageError
from swereg.records.progress import Notice, Progress
from swereg.testing import TEXTS
from tests import foreign
from tests.foreign import LABELS, TENSORS

OF_PEFT = ("lora", "rslora", "dora", "ia3", "vera")
OTHERS = ("full", "head", "bitfit", "peft")


def read() -> Dataset:
    def rows(place: str) -> tuple[Example, ...]:
        return tuple(Example(f"{label} i {place} {n}", label) for n in range(3) for label in LABELS)

    return Dataset(LABELS, rows("Umeå"), rows("Växjö"), rows("Gävle"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """An entry of every method."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"
    task = Task("väder", read, LABELS)
    for method in OF_PEFT + OTHERS:
        swereg.train(
            task,
            method=method,
            name=f"väder-{method}",
            base=str(tiny_base),
            registry=path,
            epochs=1,
            learning_rate=0.05,
            batch_size=2,
            device="cpu",
        )
    return path


def logits(entry: str | Entry, registry: Path | None = None) -> np.ndarray:
    """What the bank computes for an entry, [texts, labels]."""
    loaded = swereg.load(entry, registry=registry)
    return np.stack(loaded.base.logits(TEXTS, [loaded.placed] * len(TEXTS))[0])


def same(one: np.ndarray, two: np.ndarray) -> bool:
    return bool(np.abs(one - two).max() < 1e-5)


# --- out ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", OF_PEFT)
def test_peft_loads_an_entry_and_swereg_takes_it_back(
    method: str, registry: Path, tiny_base: Path, tmp_path: Path
) -> None:
    entry = swereg.show(f"väder-{method}", registry=registry)
    folder = swereg.export(entry.ref, peft=tmp_path / "out", registry=registry)
    for found in foreign.loaded(folder, tiny_base):
        assert same(found, logits(entry.ref, registry))
    (back,) = swereg.import_(folder, name="åter", base=str(tiny_base))
    assert same(logits(back), logits(entry.ref, registry))
    assert (back.labels, back.task, back.method) == (LABELS, "väder", method)
    assert back.origin["base"] == "verified"
    assert back.weights_digest == entry.weights_digest  # bit for bit
    assert (back.trainable, back.total) == (entry.trainable, entry.total)
    assert back.recipe.max_length == entry.recipe.max_length


@pytest.mark.parametrize("method", OF_PEFT + OTHERS)
def test_a_merged_entry_is_a_plain_model(method: str, registry: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    ref = f"väder-{method}"
    folder = swereg.export(ref, merged=tmp_path / "out", registry=registry)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    assert same(foreign.answers(model, folder), logits(ref, registry))
    assert model.config.id2label == dict(enumerate(LABELS))
    assert not list(folder.glob("*.bin"))


def test_a_pipeline_gives_the_labels(registry: Path, tmp_path: Path) -> None:
    from transformers import pipeline

    folder = swereg.export("väder-dora", merged=tmp_path / "out", registry=registry)
    found = pipeline("text-classification", str(folder))(TEXTS)
    expected = swereg.predict("väder-dora", TEXTS, registry=registry)
    assert [answer["label"] for answer in found] == [answer.label for answer in expected]
    assert [a["score"] for a in found] == pytest.approx([a.score for a in expected], abs=1e-5)


@pytest.mark.parametrize("method", ["full", "head", "bitfit"])
def test_what_has_no_form_in_peft_is_refused(method: str, registry: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="PEFT's format") as caught:
        swereg.export(f"väder-{method}", peft=tmp_path / "out", registry=registry)
    assert "--merged" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_the_folder_says_what_it_is(registry: Path, tiny_base: Path, tmp_path: Path) -> None:
    folder = swereg.export("väder-lora", peft=tmp_path / "out", registry=registry)
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "adapter_config.json",
        TENSORS,
        "swereg.json",
    ]
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["target_modules"] == ["query", "value"]
    assert config["base_model_name_or_path"] == str(tiny_base)
    assert (config["task_type"], config["modules_to_save"]) == ("SEQ_CLS", ["classifier"])
    with safe_open(folder / TENSORS, "pt") as file:
        metadata = file.metadata()
    assert json.loads(metadata["swereg.labels"]) == list(LABELS)
    assert json.loads(metadata["swereg.id2label"])["2"] == "snö"
    entry = swereg.show("väder-lora", registry=registry)
    side = json.loads((folder / "swereg.json").read_text())
    assert side["base"]["fingerprint"] == metadata["swereg.base"] == entry.base.fingerprint
    assert (side["dataset"], side["created"]) == (entry.dataset, entry.created)
    card = (folder / "README.md").read_text()
    for fact in ("sol, regn, snö", "test (n=9)", str(entry.dataset), f"{entry.trainable:,} of"):
        assert fact in card
    again = swereg.export("väder-lora", peft=tmp_path / "again", registry=registry)
    for path in folder.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_a_folder_that_is_taken_is_left_as_it_is(registry: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    swereg.export("väder-lora", peft=folder, registry=registry)
    with pytest.raises(Conflict, match="not empty"):
        swereg.export("väder-ia3", peft=folder, registry=registry)
    swereg.export("väder-ia3", peft=folder, registry=registry, force=True)
    assert json.loads((folder / "adapter_config.json").read_text())["peft_type"] == "IA3"
    (folder / "uppsats.txt").write_text("min")
    with pytest.raises(Conflict, match="not empty") as caught:
        swereg.export("väder-lora", peft=folder, registry=registry, force=True)
    assert "uppsats.txt" in caught.value.why
    assert (folder / "uppsats.txt").read_text() == "min"
    assert list(tmp_path.iterdir()) == [folder]


def test_an_interrupt_leaves_nothing_half(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swereg.export("väder-lora", peft=tmp_path / "out", registry=registry)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", stop)
    with pytest.raises(KeyboardInterrupt):
        swereg.export("väder-ia3", peft=tmp_path / "new", registry=registry)
    with pytest.raises(KeyboardInterrupt):
        swereg.export("väder-ia3", peft=tmp_path / "out", registry=registry, force=True)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_one_of_two_forms_is_named(registry: Path, tmp_path: Path) -> None:
    for both in ({}, {"peft": tmp_path, "merged": tmp_path}):
        with pytest.raises(UsageError, match="what to export"):
            swereg.export("väder-lora", registry=registry, **both)  # type: ignore[arg-type]


def test_a_merge_needs_the_recorded_base(registry: Path, tmp_path: Path) -> None:
    from swereg.testing import make_base

    other = make_base(tmp_path / "base", seed=5)
    with pytest.raises(CheckFailed, match="not the base that was recorded"):
        swereg.export("väder-lora", merged=tmp_path / "out", base=str(other), registry=registry)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("kind", "fits"), [("albert", True), ("roberta", False)])
def test_an_architecture_with_another_head_is_refused(
    kind: str, fits: bool, registry: Path, tmp_path: Path
) -> None:
    from transformers import AutoConfig

    from swereg.adapters.peft.merging import check_head

    AutoConfig.for_model(kind).save_pretrained(tmp_path)
    entry = swereg.show("väder-lora", registry=registry)
    if fits:
        check_head(entry, tmp_path)
    else:
        with pytest.raises(CheckFailed, match="is not the one of") as caught:
            check_head(entry, tmp_path)
        assert "classifier.dense" in caught.value.why


# --- in -------------------------------------------------------------------------------------


KINDS = (
    "lora",
    "patterns",
    "one layer",
    "a number",
    "whole names",
    "all linear",
    "rslora",
    "dora",
    "ia3",
    "ia3 ends",
    "vera",
)


def configs() -> dict[str, Any]:
    """What people make with PEFT."""
    from peft import IA3Config, LoraConfig, VeraConfig

    two = ["query", "value"]
    whole = ["bert.encoder.layer.1.attention.self.key", "pooler.dense"]
    return {
        "lora": LoraConfig(r=3, lora_alpha=7, target_modules=two),
        "patterns": LoraConfig(
            r=2,
            lora_alpha=4,
            target_modules=["query", "dense"],
            rank_pattern={"layer.1.attention.self.query": 5, "pooler.dense": 1},
            alpha_pattern={"layer.0.output.dense": 9, "query": 3},
        ),
        "one layer": LoraConfig(r=2, target_modules=two, layers_to_transform=[1]),
        "a number": LoraConfig(r=2, target_modules=two, layers_to_transform=0),
        "whole names": LoraConfig(r=2, target_modules=whole),
        "all linear": LoraConfig(r=2, target_modules="all-linear"),
        "rslora": LoraConfig(r=4, target_modules=two, use_rslora=True, rank_pattern={"value": 9}),
        "dora": LoraConfig(r=2, target_modules=[*two, "dense"], use_dora=True),
        "ia3": IA3Config(target_modules=["key", "dense"], feedforward_modules=["dense"]),
        "ia3 ends": IA3Config(
            target_modules=["key", "output.dense"], feedforward_modules=["output.dense"]
        ),
        "vera": VeraConfig(r=8, target_modules=two, layers_to_transform=[1]),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_from_peft_answers_as_it_does_there(
    kind: str, tiny_base: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "adapter"
    wanted = foreign.make(folder, tiny_base, configs()[kind])
    said: list[Progress] = []
    (entry,) = swereg.import_(
        folder, name="främmande", labels=LABELS, base=str(tiny_base), on_progress=said.append
    )
    assert same(logits(entry), wanted)
    assert any("cannot be verified" in event.text for event in said if isinstance(event, Notice))
    out = swereg.export(entry.ref, peft=tmp_path / "out")
    before, after = load_file(folder / TENSORS), load_file(out / TENSORS)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert same(foreign.loaded(out, tiny_base)[0], wanted)
    assert swereg.import_(out, name="igen")[0].recipe.settings == entry.recipe.settings


@pytest.mark.filterwarnings("ignore:Found missing adapter keys")
def test_layers_that_the_file_lacks_are_not_adapted(tiny_base: Path, tmp_path: Path) -> None:
    foreign.make(tmp_path, tiny_base, configs()["lora"])
    foreign.change_tensors(
        tmp_path,
        lambda found: {k: t for k, t in found.items() if "layer.0.attention.self.query" not in k},
    )
    wanted = foreign.loaded(tmp_path, tiny_base)[0]
    (entry,) = swereg.import_(tmp_path, name="del", labels=LABELS, base=str(tiny_base))
    assert same(logits(entry), wanted)
    assert len(entry.recipe.settings["targets"].split("+")) == 3


def test_half_precision_is_widened(tiny_base: Path, tmp_path: Path) -> None:
    foreign.make(tmp_path, tiny_base, configs()["lora"])
    foreign.change_tensors(tmp_path, lambda found: {k: t.half() for k, t in found.items()})
    (entry,) = swereg.import_(tmp_path, name="halv", labels=LABELS, base=str(tiny_base))
    assert same(logits(entry), foreign.loaded(tmp_path, tiny_base)[0])


def test_a_head_called_score_is_a_head(tiny_base: Path, tmp_path: Path) -> None:
    wanted = foreign.make(tmp_path, tiny_base, configs()["lora"])

    def renamed(found: dict[str, Any]) -> dict[str, Any]:
        return {key.replace(".classifier.", ".score."): t for key, t in found.items()}

    foreign.change_tensors(tmp_path, renamed)
    (entry,) = swereg.import_(tmp_path, name="poäng", labels=LABELS, base=str(tiny_base))
    assert same(logits(entry), wanted)


def test_an_imported_entry_claims_nothing_that_is_not_known(
    tiny_base: Path, tmp_path: Path
) -> None:
    foreign.make(tmp_path / "adapter", tiny_base, configs()["lora"])
    (entry,) = swereg.import_(
        tmp_path / "adapter", name="x", labels=LABELS, base=str(tiny_base), note="från Lund"
    )
    assert swereg.show("x") == entry
    assert (entry.scores, entry.epochs, entry.sizes, entry.cut) == ({}, (), {}, {})
    assert (entry.dataset, entry.best_epoch, entry.seconds, entry.val_loss) == (None,) * 4
    facts = entry.to_json()
    assert facts["recipe"].keys() == {"method", "settings", "max_length"}
    assert json.loads(json.dumps(facts))["origin"]["base"] == "unverified"
    with Registry.open() as store:
        assert store.outputs(entry) == ()
    assert swereg.import_(tmp_path / "adapter", name="x", labels=LABELS)[0].ref == "x/2"
    (row, _) = swereg.compare("x/1", "x/2").rows
    assert not {"accuracy", "val_loss", "seconds"} & row.figures.keys()


def test_an_import_is_never_the_best_and_comes_last_in_order(
    tiny_base: Path, tmp_path: Path
) -> None:
    task = Task("väder", read, LABELS)
    trained = swereg.train(task, base=str(tiny_base), epochs=1, device="cpu")
    folder = swereg.export("väder", peft=tmp_path / "out")
    said: list[Progress] = []
    (imported,) = swereg.import_(folder, name="väder", on_progress=said.append)
    assert imported.ref == "väder/2"
    assert any("now means väder/2" in event.text for event in said if isinstance(event, Notice))
    assert swereg.show("väder@best") == trained
    for sort in ("val_loss", "accuracy", "seconds"):
        assert [entry.ref for entry in swereg.list(sort=sort)] == ["väder/1", "väder/2"]
    found = swereg.compare(task="väder")
    assert found.split == "test"
    assert found.rows[0].figures["accuracy"] == trained.scores["test"]["accuracy"]
    assert any("väder/2" in text for text in found.notices)
    assert imported.origin["claims"]["scores"] == trained.scores


def test_scores_are_computed_on_data(registry: Path, tmp_path: Path) -> None:
    trained = swereg.show("väder-lora", registry=registry)
    folder = swereg.export("väder-lora", peft=tmp_path / "out", registry=registry)
    lines = ["text;label", *(f"{example.text};{example.label}" for example in read().test)]
    (tmp_path / "prov.csv").write_text("\n".join(lines))
    (one,) = swereg.import_(folder, name="a", data=tmp_path / "prov.csv", base=trained.base.name)
    assert one.scores["test"] == pytest.approx(trained.scores["test"], abs=1e-6)
    assert one.sizes == {"train": 0, "val": 0, "test": 9}
    with Registry.open() as store:
        assert len(store.dataset(str(one.dataset)).test) == 9
        assert [part.split for part in store.outputs(one)] == ["test"]
    (tmp_path / "train.csv").write_text("text;label\nsol;sol\n")
    (tmp_path / "test.csv").write_text("\n".join(lines[:4]))
    files = [tmp_path / "train.csv", tmp_path / "test.csv"]
    assert swereg.import_(folder, name="a", data=files)[0].sizes["test"] == 3
    (tmp_path / "test.csv").write_text("text;label\nblåst;storm\n")
    with pytest.raises(swereg.SweregError, match="labels that the adapter does not have"):
        swereg.import_(folder, name="a", data=files)


def test_the_bank_answers_with_imported_entries(tiny_base: Path, tmp_path: Path) -> None:
    wanted = foreign.make(tmp_path / "a", tiny_base, configs()["patterns"])
    other = foreign.make(tmp_path / "b", tiny_base, configs()["dora"], labels=2)
    swereg.import_(tmp_path / "a", name="a", labels=LABELS, base=str(tiny_base))
    swereg.import_(tmp_path / "b", name="b", labels=["ja", "nej"])
    bank = swereg.Bank(["a", "b"])
    found = bank.predict_all(TEXTS)
    for ref, expected in (("a/1", wanted), ("b/1", other)):
        powers = np.exp(expected - expected.max(axis=1, keepdims=True))
        scores = powers / powers.sum(axis=1, keepdims=True)
        mine = [list(answer.scores.values()) for answer in found[ref]]
        assert np.abs(np.array(mine) - scores).max() < 1e-5

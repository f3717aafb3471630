"""Answers without torch are those of torch: every method, precision and activation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from swereg.adapters.bases import fingerprint
from swereg.adapters.bases.sources import BaseSource, resolve
from swereg.adapters.bert import checkpoint, computation
from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.methods.lora import Lora
from swereg.adapters.tensors import read_tensors, write_tensors
from swereg.adapters.without_torch import NeedsTorch
from swereg.adapters.without_torch.activations import BY_NAME
from swereg.adapters.without_torch.base import MOST_TOKENS, LightBase
from swereg.errors import CheckFailed
from swereg.evaluation.scoring import softmax
from swereg.plugins import specs
from swereg.records.entry import Entry
from swereg.records.training import Recipe, Weights
from swereg.testing import TEXTS, make_base
from tests.adapters.frozen.test_base import trained
from tests.cli.conftest import entry as any_entry

SPECS = [
    "lora",
    "lora[r=2,alpha=3,targets=query+key+value+dense]",
    "lora[r=8,layers=1]",
    "rslora[r=3]",
    "dora",
    "dora[r=2,targets=query+dense]",
    "ia3",
    "ia3[targets=query+dense,feedforward=dense]",
    "vera[r=8]",
    "vera[r=40,targets=intermediate.dense+pooler.dense]",
    "bitfit",
    "head",
    "full",
]
LONGEST = (64, 64, 7)  # of the entries, in turns


def made(source: BaseSource, spec: str, labels: int, seed: int = 0) -> tuple[Entry, Weights]:
    """An entry with random weights, as a registry gives it."""
    parsed = specs.parse_method(spec)
    weights = write_tensors(trained(source, spec, labels, seed)[1])
    recipe = Recipe(method=parsed.name, settings=parsed.said, max_length=LONGEST[seed % 3])
    names = tuple(f"e{n}" for n in range(labels))
    return any_entry(f"m{seed}", method=parsed.name, labels=names, recipe=recipe), weights


def by_torch(
    source: BaseSource, those: Sequence[tuple[Entry, Weights]], texts: Sequence[str]
) -> list[tuple[list[np.ndarray], list[bool]]]:
    base = FrozenBase.open(source, "cpu")
    found = []
    for entry, weights in those:
        method = specs.parse_method(entry.method).method
        chosen = specs.settings_of(method, entry.recipe.settings)
        lowered = method.lower(read_tensors(weights), base, chosen)
        placed = base.place(lowered, len(entry.labels), entry.recipe.max_length)
        found.append(base.logits(texts, [placed] * len(texts)))
    return found


def by_numpy(
    source: BaseSource, those: Sequence[tuple[Entry, Weights]], texts: Sequence[str]
) -> list[tuple[list[np.ndarray], list[bool]]]:
    base = LightBase.open(source)
    placed = [base.place(e, weights, specs.parse_method(e.method).method) for e, weights in those]
    return base.answer(texts, placed)


def check_same(
    source: BaseSource, those: Sequence[tuple[Entry, Weights]], texts: Sequence[str] = TEXTS
) -> None:
    found, wanted = by_numpy(source, those, texts), by_torch(source, those, texts)
    for (logits, cut), (expected, were_cut) in zip(found, wanted, strict=True):
        assert cut == were_cut
        assert np.abs(softmax(np.stack(logits)) - softmax(np.stack(expected))).max() < 1e-5
        assert np.allclose(np.stack(logits), np.stack(expected), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("spec", SPECS)
def test_every_method_answers_as_it_does_with_torch(spec: str, source: BaseSource) -> None:
    for labels in (2, 3, 7):
        check_same(source, [made(source, spec, labels)])


@pytest.fixture(scope="module")
def crowd(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[BaseSource, list[tuple[Entry, Weights]]]:
    source = resolve(str(make_base(tmp_path_factory.mktemp("base"))))
    return source, [made(source, spec, 2 + n % 4, n) for n, spec in enumerate(SPECS)]


@settings(deadline=None, max_examples=10)
@given(
    numbers=st.lists(st.integers(0, len(SPECS) - 1), min_size=1, max_size=4, unique=True),
    texts=st.lists(st.sampled_from([*TEXTS, "", "åäö ÅÄÖ", "mat " * 30]), max_size=2),
)
def test_any_entries_answer_any_texts_together(
    crowd: tuple[BaseSource, list[tuple[Entry, Weights]]], numbers: list[int], texts: list[str]
) -> None:
    source, every = crowd
    if texts:
        check_same(source, [every[n] for n in numbers], texts)
    else:
        assert by_numpy(source, [every[n] for n in numbers], []) == [([], [])] * len(numbers)


@pytest.mark.parametrize("activation", checkpoint.ACTIVATIONS)
def test_every_activation(activation: str, tmp_path: Path) -> None:
    source = resolve(str(make_base(tmp_path, hidden_act=activation)))
    check_same(source, [made(source, "lora", 3)])


def test_all_know_the_same_activations() -> None:
    assert set(computation.ACTIVATIONS) == set(BY_NAME) == set(checkpoint.ACTIVATIONS)
    x = torch.linspace(-12, 12, 20001)
    for name, compute in BY_NAME.items():
        assert np.abs(compute(x.numpy()) - computation.ACTIVATIONS[name](x).numpy()).max() < 2e-6, (
            name
        )


def test_half_precision_and_old_names_are_read_alike(tmp_path: Path) -> None:
    folder = make_base(tmp_path)
    stored = load_file(folder / "model.safetensors")
    old = {"weight": "gamma", "bias": "beta"}
    half = {}
    for key, tensor in stored.items():
        start, _, part = key.rpartition(".")
        name = f"{start}.{old[part]}" if "LayerNorm" in start else key
        half[f"bert.{name}"] = tensor.half()
    half["bert.embeddings.position_ids"] = torch.arange(64)[None]
    save_file(half, folder / "model.safetensors")
    source = resolve(str(folder))
    those = [made(source, spec, 3, n) for n, spec in enumerate(("lora", "dora", "bitfit", "ia3"))]
    check_same(source, those)
    assert LightBase.open(source).info == FrozenBase.open(source, "cpu").info


def test_the_fingerprint_is_that_of_torch(
    source: BaseSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint.Remembered, "get", lambda self: None)
    light, heavy = (
        LightBase.open(source),
        FrozenBase._read(source, torch.device("cpu"), torch.float32),
    )
    assert light.info == heavy.info
    with pytest.raises(CheckFailed) as caught:
        LightBase.open(replace(source, expected="0" * 64))
    assert caught.value.code == "base.mismatch"


def test_what_numpy_cannot_do_is_left_to_torch(source: BaseSource, tmp_path: Path) -> None:
    base = LightBase.open(source)
    entry, weights = made(source, "lora", 2)

    class Inherited(Lora):
        """It may do anything to what it inherits."""

    with pytest.raises(NeedsTorch, match="lowers tensors of torch"):
        base.place(entry, weights, Inherited())
    half = {key: value.half() for key, value in read_tensors(weights).items()}
    with pytest.raises(NeedsTorch, match="float32"):
        base.place(entry, write_tensors(half), Lora())
    with pytest.raises(NeedsTorch):
        base.place(entry, Weights.of(b"no safetensors"), Lora())
    with pytest.raises(NeedsTorch, match="tokens"):
        base.answer(["mat " * MOST_TOKENS] * 20, [base.place(entry, weights, Lora())])

    for damage in ("bf16", "bin", "distilbert"):
        folder = tmp_path / damage
        shutil.copytree(source.folder, folder)
        path = folder / "model.safetensors"
        if damage == "bf16":
            save_file({k: t.bfloat16() for k, t in load_file(path).items()}, path)
        elif damage == "bin":
            path.rename(folder / "pytorch_model.bin")
        else:
            text = (folder / "config.json").read_text().replace('"bert"', '"distilbert"')
            (folder / "config.json").write_text(text)
        with pytest.raises(NeedsTorch):
            LightBase.open(resolve(str(folder)))


@pytest.mark.parametrize("damage", ["missing", "shape", "labels", "encoder"])
def test_what_does_not_fit_is_refused_as_with_torch(damage: str, source: BaseSource) -> None:
    entry, weights = made(source, "full" if damage == "encoder" else "lora", 2)
    stored = read_tensors(weights)
    key = next(k for k in stored if "lora_A" in k or "query.weight" in k)
    if damage == "missing":
        del stored[key]
    elif damage == "labels":
        entry = replace(entry, labels=("a", "b", "c"))
    else:
        stored[key] = torch.zeros(4, 31)
    messages = []
    for answer in (by_numpy, by_torch):
        with pytest.raises(CheckFailed) as caught:
            answer(source, [(entry, write_tensors(stored))], TEXTS)
        messages.append((caught.value.code, caught.value.what, caught.value.why))
    assert messages[0] == messages[1]


def test_a_checkpoint_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    source = resolve(str(make_base(tmp_path, pooler=False)))
    with pytest.raises(CheckFailed, match="lacks parts"):
        LightBase.open(source)


def test_it_imports_no_torch(source: BaseSource) -> None:
    FrozenBase.open(source, "cpu")  # the first reading of a base asks transformers
    code = f"""
import sys
from swereg.adapters.bases.sources import resolve
from swereg.adapters.without_torch.base import LightBase
LightBase.open(resolve({source.name!r}))
print(sorted({{"torch", "transformers", "peft", "scipy", "sklearn"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Entries on one base answer as they would alone, and PEFT is the oracle."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from swereg.adapters import specs
from swereg.adapters.bank import Bank
from swereg.adapters.bases import BaseSource, resolve
from swereg.adapters.method import Lowered
from swereg.adapters.sequence_classifier import SequenceClassifier
from swereg.errors import CheckFailed
from swereg.testing import TEXTS

SPECS = ["lora", "lora[r=2,alpha=3,targets=query+key+value+dense]", "head", "full"]


def trained(source: BaseSource, spec: str, labels: int, seed: int) -> tuple[Any, dict[str, Any]]:
    """Attach a method and put random numbers where training would; return model and tensors."""
    torch.manual_seed(seed)
    parsed = specs.parse(spec)
    settings = specs.settings_of(parsed.method, parsed.said)
    model = parsed.method.attach(
        SequenceClassifier(source.load().encoder, labels, dropout=0.0), settings
    )
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval(), parsed.method.state(model)


def lowered(bank: Bank, spec: str, tensors: dict[str, Any]) -> Lowered:
    parsed = specs.parse(spec)
    settings = specs.settings_of(parsed.method, parsed.said)
    return parsed.method.lower(tensors, bank.prefix, settings)


def alone(model: Any, bank: Bank) -> np.ndarray:
    """What the training model answers, padded as transformers pads."""
    batch = bank.tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        logits: np.ndarray = model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
        ).numpy()
    return logits


def test_entries_with_different_heads_and_ranks_share_a_base(source: BaseSource) -> None:
    bank = Bank(source, "cpu")
    wanted = {}
    for number, spec in enumerate(SPECS):
        labels = [f"l{i}" for i in range(2 + number)]
        model, tensors = trained(source, spec, len(labels), seed=number)
        bank.add(spec, lowered(bank, spec, tensors), labels)
        wanted[spec] = alone(model, bank)
    for spec in [*SPECS, *reversed(SPECS)]:
        found, _ = bank.logits(spec, TEXTS, 64)
        assert found.shape == wanted[spec].shape
        assert np.allclose(found, wanted[spec], atol=1e-5), spec
    assert not np.allclose(wanted[SPECS[0]][:, :2], wanted[SPECS[1]][:, :2], atol=1e-2)


def test_threads_use_different_entries_at_once(source: BaseSource) -> None:
    bank = Bank(source, "cpu")
    wanted = {}
    for seed in range(3):
        model, tensors = trained(source, "lora", 2, seed)
        bank.add(str(seed), lowered(bank, "lora", tensors), ["a", "b"])
        wanted[str(seed)] = alone(model, bank)
    wrong: list[str] = []

    def ask(key: str) -> None:
        for _ in range(20):
            if not np.allclose(bank.logits(key, TEXTS, 64)[0], wanted[key], atol=1e-5):
                wrong.append(key)

    threads = [threading.Thread(target=ask, args=(key,)) for key in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_removing_an_entry_leaves_the_others_and_the_base(source: BaseSource) -> None:
    bank = Bank(source, "cpu")
    _, tensors = trained(source, "lora", 2, seed=1)
    head = Lowered(torch.eye(2, 32), torch.zeros(2))
    bank.add("head", head, ["a", "b"])
    before = bank.logits("head", TEXTS, 64)[0]
    bank.add("lora", lowered(bank, "lora", tensors), ["a", "b"])
    assert (bank.logits("head", TEXTS, 64)[0] == before).all()
    bank.remove("lora")
    assert "lora" not in bank
    assert (bank.logits("head", TEXTS, 64)[0] == before).all()


def test_an_exception_in_a_forward_pass_leaves_nothing_behind(source: BaseSource) -> None:
    bank = Bank(source, "cpu")
    model, tensors = trained(source, "lora", 2, seed=1)
    bank.add("lora", lowered(bank, "lora", tensors), ["a", "b"])
    with pytest.raises(TypeError):
        bank.logits("lora", [None], 64)  # type: ignore[list-item]
    assert np.allclose(bank.logits("lora", TEXTS, 64)[0], alone(model, bank), atol=1e-5)


def test_a_text_that_is_cut_is_marked(source: BaseSource) -> None:
    bank = Bank(source, "cpu")
    bank.add("head", Lowered(torch.eye(2, 32), torch.zeros(2)), ["a", "b"])
    assert bank.logits("head", ["kort", "mat " * 400], 64)[1] == [False, True]


def test_composed_and_decomposed_swedish_get_the_same_answer(source: BaseSource) -> None:
    bank = Bank(source, "cpu")
    bank.add("head", Lowered(torch.eye(2, 32), torch.zeros(2)), ["a", "b"])
    composed, decomposed = "F\u00e5r \u00e5ka h\u00f6st", "Fa\u030ar a\u030aka ho\u0308st"
    logits, _ = bank.logits("head", [composed, decomposed], 64)
    assert (logits[0] == logits[1]).all()


@pytest.mark.parametrize("damage", ["missing", "extra", "shape", "layer", "labels"])
def test_tensors_that_do_not_fit_are_refused_by_name(damage: str, source: BaseSource) -> None:
    bank = Bank(source, "cpu")
    _, tensors = trained(source, "lora", 2, seed=1)
    key = next(key for key in tensors if "lora_A" in key)
    labels = ["a", "b"]
    if damage == "missing":
        del tensors[key.replace("lora_A", "lora_B")]
    elif damage == "extra":
        tensors["base_model.model.other"] = torch.zeros(1)
    elif damage == "shape":
        tensors[key] = torch.zeros(4, 31)
    elif damage == "layer":
        for part in ("lora_A", "lora_B"):
            old = key.replace("lora_A", part)
            tensors[old.replace("layer.0", "layer.7")] = tensors.pop(old)
    else:
        labels = ["a", "b", "c"]
    with pytest.raises(CheckFailed):
        bank.add("broken", lowered(bank, "lora", tensors), labels)
    assert "broken" not in bank


def test_a_full_model_of_another_shape_is_refused(source: BaseSource, tmp_path: Path) -> None:
    from swereg.testing import make_base

    other = resolve(str(make_base(tmp_path / "other", intermediate_size=48)))
    _, tensors = trained(other, "full", 2, seed=1)
    bank = Bank(source, "cpu")
    with pytest.raises(CheckFailed, match="does not fit"):
        bank.add("full", lowered(bank, "full", tensors), ["a", "b"])

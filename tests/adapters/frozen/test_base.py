"""Any mixture of entries answers as each would alone; the trained model is the oracle."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from swereg.adapters import products
from swereg.adapters.bases.sources import BaseSource, resolve
from swereg.adapters.batches import pad
from swereg.adapters.bert.hidden import Hidden
from swereg.adapters.frozen import bert
from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.frozen.bert import FrozenBert
from swereg.adapters.frozen.encoder import Placed
from swereg.adapters.method import Delta, Lowered
from swereg.adapters.sequence_classifier import SequenceClassifier
from swereg.adapters.tokens import tokenize
from swereg.errors import CheckFailed
from swereg.plugins import specs
from swereg.testing import TEXTS, make_base

SPECS = [
    "lora",
    "lora[r=2,alpha=3,targets=query+key+value+dense]",
    "lora[r=8,layers=1]",
    "rslora[r=3]",
    "dora",
    "dora[r=2,targets=query+dense]",
    "ia3",
    "vera[r=8]",
    "bitfit",
    "head",
    "full",
]
LONG = 64  # tokens that the tiny base takes


def trained(source: BaseSource, spec: str, labels: int, seed: int) -> tuple[Any, dict[str, Any]]:
    """Attach a method and put random numbers where training would; return model and tensors."""
    torch.manual_seed(seed)
    parsed = specs.parse_method(spec)
    chosen = specs.settings_of(parsed.method, parsed.said)
    model = parsed.method.attach(
        SequenceClassifier(source.load(by_transformers=True).encoder, labels, dropout=0.0), chosen
    )
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval(), parsed.method.state(model)


def place(base: FrozenBase, spec: str, tensors: dict[str, Any], labels: int) -> Placed:
    parsed = specs.parse_method(spec)
    chosen = specs.settings_of(parsed.method, parsed.said)
    return base.place(parsed.method.lower(tensors, base, chosen), labels, LONG)


def alone(model: Any, base: FrozenBase, texts: Sequence[str]) -> list[np.ndarray]:
    """What the trained model answers to each text by itself, without padding."""
    with torch.no_grad():
        return [
            model(**pad(tokenize(base.tokenizer, [text], LONG).ids, 0))[0].numpy() for text in texts
        ]


def head_only(base: FrozenBase, labels: int = 2) -> Placed:
    return base.place(Lowered(torch.eye(labels, 32), torch.zeros(labels)), labels, LONG)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> tuple[FrozenBase, list[Placed], list[Any]]:
    """A base with entries of every method, and of two of the same; and what each answers alone."""
    source = resolve(str(make_base(tmp_path_factory.mktemp("base"))))
    base = FrozenBase.open(source, "cpu")
    placed, answers = [], []
    for number, spec in enumerate([*SPECS, "lora", "lora", "lora", "dora", "vera[r=8]", "bitfit"]):
        labels = 2 + number % 4
        model, tensors = trained(source, spec, labels, seed=number)
        placed.append(place(base, spec, tensors, labels))
        answers.append(alone(model, base, TEXTS))
    return base, placed, answers


def test_bf16_is_close(tmp_path: Path) -> None:
    """Entries of every method, a full one with its own encoder among them; other products."""
    source = resolve(str(make_base(tmp_path)))
    base, low = (FrozenBase.open(source, "cpu", precision) for precision in ("fp32", "bf16"))
    assert low is not base
    assert FrozenBase.held(base.info.fingerprint, "cpu", "bf16") is low
    for number, spec in enumerate(SPECS):
        _, tensors = trained(source, spec, 3, seed=number)
        (exact, _), (found, _) = (
            one.logits(TEXTS, [place(one, spec, tensors, 3)] * len(TEXTS)) for one in (base, low)
        )
        off = np.abs(np.stack(exact) - np.stack(found)).max()
        assert 0 < off < 0.05, spec


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(st.integers(0, len(TEXTS) - 1), st.integers(0, 16)), max_size=40))
def test_any_mixture_answers_as_each_entry_alone(
    crowd: tuple[FrozenBase, list[Placed], list[Any]], rows: list[tuple[int, int]]
) -> None:
    base, placed, answers = crowd
    found, _ = base.logits([TEXTS[text] for text, _ in rows], [placed[entry] for _, entry in rows])
    assert len(found) == len(rows)
    for logits, (text, entry) in zip(found, rows, strict=True):
        assert np.allclose(logits, answers[entry][text], atol=1e-5), entry


def test_rows_that_stay_padded_are_answered_the_same(
    crowd: tuple[FrozenBase, list[Placed], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, here: in a mixture, and every text with every entry."""

    def padded(ids: Sequence[Sequence[int]], _: object) -> Hidden:
        return Hidden.of_rows(*pad(ids, 0).values())

    monkeypatch.setattr(Hidden, "of", padded)
    base, placed, answers = crowd
    pairs = [(text, entry) for text in range(len(TEXTS)) for entry in range(len(placed))]
    mixed, _ = base.logits([TEXTS[text] for text, _ in pairs], [placed[one] for _, one in pairs])
    each, _ = base.logits_all(TEXTS, placed)
    for logits, (text, entry) in zip(mixed, pairs, strict=True):
        assert np.allclose(logits, answers[entry][text], atol=1e-5), entry
        assert np.allclose(each[entry][text], answers[entry][text], atol=1e-5), entry


def test_every_entry_answers_every_text(
    crowd: tuple[FrozenBase, list[Placed], list[Any]],
) -> None:
    base, placed, answers = crowd
    found, cut = base.logits_all([*TEXTS, "mat " * 99], placed)
    for entry, rows in enumerate(found):
        assert np.allclose(np.stack(rows[:-1]), np.stack(answers[entry]), atol=1e-5), entry
        assert cut[entry] == [False] * len(TEXTS) + [True]


def test_answers_stay_when_the_base_is_packed(
    crowd: tuple[FrozenBase, list[Placed], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks often gets packed weights; in this base even its small ones."""
    base, placed, answers = crowd
    monkeypatch.setattr(products, "SMALLEST", 1)
    monkeypatch.setattr(bert, "PACK_AFTER", 2)
    encoder = base._encoder
    assert isinstance(encoder, FrozenBert)
    anew = FrozenBert(encoder.tensors(), encoder.config, base.device)
    monkeypatch.setattr(base, "_encoder", anew)
    for _ in range(4):
        found, _ = base.logits(TEXTS * len(placed), [entry for entry in placed for _ in TEXTS])
        assert np.allclose(
            np.concatenate([rows for entry in answers for rows in entry]),
            np.concatenate(found),
            atol=1e-5,
        )
    weight = anew._layers["pooler.dense"].keywords["weight"]  # type: ignore[attr-defined]
    assert weight.is_mkldnn == products.faster(torch.float32)


def test_different_entries_give_different_answers(
    crowd: tuple[FrozenBase, list[Placed], list[Any]],
) -> None:
    _, _, answers = crowd
    firsts = [float(rows[0][0]) for rows in answers]
    assert len({round(first, 4) for first in firsts}) == len(firsts)


@pytest.mark.parametrize("model_type", ["distilbert", "roberta", "electra"])
def test_other_architectures_go_through_transformers(model_type: str, tmp_path: Path) -> None:
    source = resolve(str(make_other(tmp_path, model_type)))
    base = FrozenBase.open(source, "cpu")
    targets = "q_lin+v_lin" if model_type == "distilbert" else "query+value+dense"
    placed, answers = [], []
    for seed, spec in enumerate(
        [f"lora[targets={targets}]", f"lora[r=2,targets={targets}]", "head"]
    ):
        model, tensors = trained(source, spec, 3, seed)
        placed += [place(base, spec, tensors, 3)]
        answers += [alone(model, base, TEXTS)]
    found, _ = base.logits(TEXTS * 3, [entry for entry in placed for _ in TEXTS])
    assert np.allclose(np.stack(found), np.concatenate(answers), atol=1e-5)
    every, _ = base.logits_all(TEXTS, placed)
    assert np.allclose(np.stack([np.stack(e) for e in every]), np.stack(answers), atol=1e-5)
    low = FrozenBase.open(source, "cpu", "bf16")
    close, _ = low.logits(TEXTS, [place(low, spec, tensors, 3)] * len(TEXTS))  # the last one
    assert 0 < np.abs(np.stack(close) - np.stack(answers[-1])).max() < 0.05


def make_other(folder: Path, model_type: str) -> Path:
    """Write a tiny random encoder of another architecture, with the tiny BERT's tokenizer."""
    from transformers import AutoConfig, AutoModel

    make_base(folder)
    shape = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 80,
        "vocab_size": 400,
        "dim": 32,
        "n_layers": 2,
        "n_heads": 2,
        "hidden_dim": 64,
        "embedding_size": 32,
    }
    known = AutoConfig.for_model(model_type)
    config = AutoConfig.for_model(
        model_type, **{k: v for k, v in shape.items() if k in known.to_dict()}
    )
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


def test_threads_use_different_entries_at_once(
    crowd: tuple[FrozenBase, list[Placed], list[Any]],
) -> None:
    base, placed, answers = crowd
    wrong: list[int] = []

    def ask(entry: int) -> None:
        for _ in range(20):
            found, _ = base.logits(TEXTS, [placed[entry]] * len(TEXTS))
            if not np.allclose(np.stack(found), np.stack(answers[entry]), atol=1e-5):
                wrong.append(entry)

    threads = [threading.Thread(target=ask, args=(entry,)) for entry in (0, 4, 6, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_exception_in_a_forward_pass_leaves_nothing_behind(
    crowd: tuple[FrozenBase, list[Placed], list[Any]],
) -> None:
    base, placed, answers = crowd
    with pytest.raises(TypeError):
        base.logits([None], [placed[0]])  # type: ignore[list-item]
    broken = head_only(base)
    object.__setattr__(broken, "head_weight", torch.zeros(2, 31))
    with pytest.raises(RuntimeError):
        base.logits(TEXTS[:2], [placed[0], broken])
    found, _ = base.logits(TEXTS, [placed[0]] * len(TEXTS))
    assert np.allclose(np.stack(found), np.stack(answers[0]), atol=1e-5)


def test_a_text_that_is_cut_is_marked(source: BaseSource) -> None:
    base = FrozenBase.open(source, "cpu")
    assert base.logits(["kort", "mat " * 400], [head_only(base)] * 2)[1] == [False, True]


def test_composed_and_decomposed_swedish_get_the_same_answer(source: BaseSource) -> None:
    base = FrozenBase.open(source, "cpu")
    composed, decomposed = "F\u00e5r \u00e5ka h\u00f6st", "Fa\u030ar a\u030aka ho\u0308st"
    one, two = base.logits([composed, decomposed], [head_only(base)] * 2)[0]
    assert np.allclose(one, two, atol=1e-6)


@pytest.mark.parametrize("damage", ["missing", "extra", "shape", "layer", "labels", "nan"])
def test_tensors_that_do_not_fit_are_refused_by_name(damage: str, source: BaseSource) -> None:
    base = FrozenBase.open(source, "cpu")
    _, tensors = trained(source, "lora", 2, seed=1)
    key = next(key for key in tensors if "lora_A" in key)
    labels, named = 2, "query"
    if damage == "missing":
        del tensors[key.replace("lora_A", "lora_B")]
    elif damage == "extra":
        tensors["base_model.model.other"] = torch.zeros(1)
        named = "other"
    elif damage == "shape":
        tensors[key] = torch.zeros(4, 31)
    elif damage == "nan":
        tensors[key] = torch.full_like(tensors[key], torch.nan)
        named = "finite"
    elif damage == "layer":
        for part in ("lora_A", "lora_B"):
            old = key.replace("lora_A", part)
            tensors[old.replace("layer.0", "layer.7")] = tensors.pop(old)
        named = "layer.0.attention"
    else:
        labels, named = 3, "3 labels"
    with pytest.raises(CheckFailed, match=named):
        place(base, "lora", tensors, labels)


def test_parts_that_a_layer_cannot_have_are_refused(source: BaseSource) -> None:
    base = FrozenBase.open(source, "cpu")
    norm, linear = "encoder.layer.0.output.LayerNorm", "encoder.layer.0.attention.self.query"
    for layer, delta in {
        norm: Delta(in_scale=torch.ones(32)),
        linear: Delta(down=torch.ones(4, 32)),
        "encoder.layer.9.output.dense": Delta(bias=torch.ones(32)),
        "embeddings": Delta(bias=torch.ones(32)),
    }.items():
        with pytest.raises(CheckFailed):
            base.place(Lowered(torch.eye(2, 32), torch.zeros(2), {layer: delta}), 2, LONG)


def test_a_full_model_of_another_shape_is_refused(source: BaseSource, tmp_path: Path) -> None:
    other = resolve(str(make_base(tmp_path / "other", intermediate_size=48)))
    _, tensors = trained(other, "full", 2, seed=1)
    base = FrozenBase.open(source, "cpu")
    with pytest.raises(CheckFailed, match=r"intermediate\.dense"):
        place(base, "full", tensors, 2)


def test_one_base_is_in_memory_once_and_leaves_with_its_last_user(tmp_path: Path) -> None:
    source = resolve(str(make_base(tmp_path, seed=99)))
    base = FrozenBase.open(source, "cpu")
    assert FrozenBase.open(source, "cpu") is base
    fingerprint = base.info.fingerprint
    assert FrozenBase.held(fingerprint, "cpu") is base
    del base
    gc.collect()
    assert FrozenBase.held(fingerprint, "cpu") is None


def test_entries_share_what_vera_has_in_common(source: BaseSource) -> None:
    base = FrozenBase.open(source, "cpu")
    placed = [place(base, "vera[r=8]", trained(source, "vera[r=8]", 2, s)[1], 2) for s in (1, 2)]
    one, two = (entry.adapter for entry in placed)
    assert one is not None
    assert two is not None
    assert one.layout is two.layout
    assert one.flat.numel() == 2 * 2 * (8 + 32)  # layers of two blocks: two vectors each


def test_inference_imports_neither_peft_nor_transformers_nor_training(source: BaseSource) -> None:
    FrozenBase.open(source, "cpu")  # the first reading of a base asks transformers
    code = f"""
import sys, torch
from swereg.adapters.bases.sources import resolve
from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.method import Lowered
base = FrozenBase.open(resolve({source.name!r}), "cpu")
entry = base.place(Lowered(torch.eye(2, 32), torch.zeros(2)), 2, 64)
base.logits(["Maten var underbar"], [entry])
print([m for m in ("peft", "transformers", "accelerate", "sklearn", "swereg.adapters.training.fit")
       if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

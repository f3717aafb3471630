"""Conformance checks for plugins: call them in the tests of your own task or method.

    from swereg.testing import check_method, check_task

    def test_task():
        check_task("complaints")

    def test_method():
        check_method("my-method")

The built-in tasks and methods pass them too. A check returns nothing and raises AssertionError
with a sentence where the plugin does not keep its side.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from swereg.errors import UsageError
from swereg.plugins import entry_points
from swereg.records import refs
from swereg.records.dataset import Dataset, Example, ReadOptions, Task
from swereg.records.progress import silent

if TYPE_CHECKING:
    from swereg.adapters.bases.sources import BaseSource
    from swereg.adapters.standalone.method import Standalone

TEXTS = [
    "Maten var underbar och personalen vänlig",
    "Tåget var försenat igen, tack för ingenting",
    "Vilken härlig dag vid sjön",
    "Jag är så besviken på bemötandet",
    "Inte alls så dåligt",
    "Skolan ringde om förskolan och bussen",
    "Vägen är full av hål",
    "Biblioteket är öppet",
]


def check_task(name: str) -> None:
    """Check an installed task: its facts, and that its data can be trained as it is."""
    from swereg.datasets.checks import check_dataset

    task = entry_points.find_plugin("task", name)
    assert isinstance(task, Task), f"the entry point {name} must name a swereg.Task"
    assert task.name == name, f"the task calls itself {task.name!r}, its entry point {name!r}"
    refs.check_name(name, noun="task name")
    assert task.description, "a task has a description"
    assert task.source, "a task says where its examples come from"
    assert task.licence, "a task says under which licence its examples are"
    dataset = check_dataset(task.read(), ReadOptions())
    assert not task.labels or task.labels == dataset.labels, "labels differ from the dataset's"
    assert dataset.digest == check_dataset(task.read(), ReadOptions()).digest, "two reads differ"


def check_method(
    name: str,
    base: str | BaseSource | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Check an installed method: what it trains is what it stores and what runs.

    Args:
        base: a folder or name; by default a random BERT that is made on the spot. A method that
            stands alone needs none.
        settings: settings to check with; by default the method's own.
    """
    from swereg.adapters.kinds import kind_of_method
    from swereg.adapters.method import Method
    from swereg.adapters.standalone.method import Standalone
    from swereg.plugins.specs import settings_of

    method = entry_points.find_plugin("method", name)
    assert isinstance(method, Method | Standalone), (
        f"{name} lacks parts of swereg.adapters.method.Method, or of "
        "swereg.adapters.standalone.method.Standalone"
    )
    assert method.name == name, f"the method calls itself {method.name!r}, not {name!r}"
    assert method.description, "a method has a description"
    chosen = settings_of(method, settings or {})
    assert is_dataclass(method.settings), "settings are a dataclass"
    assert settings_of(method, asdict(chosen)) == chosen, "settings do not survive storing"
    try:
        settings_of(method, {"no such setting": 1})
    except UsageError:
        pass
    else:
        raise AssertionError("an unknown setting must be refused")
    if not kind_of_method(method).has_base:
        _check_alone(cast("Standalone", method), chosen)
        return
    from swereg.adapters.bases import sources

    with tempfile.TemporaryDirectory() as folder:
        if base is None:
            base = str(make_base(Path(folder)))
        source = sources.resolve(base) if isinstance(base, str) else base
        _check_round_trip(method, chosen, source)


def _check_alone(method: Standalone, settings: Any) -> None:
    """Train twice, store, and hold the answers of both together."""
    import numpy as np

    from swereg.adapters.standalone.classifier import answerer
    from swereg.adapters.tensors import read_arrays, write_arrays
    from swereg.plugins.specs import settings_of

    labels = ("ja", "nej", "kanske")
    for used_labels in (labels[:2], labels):
        rows = tuple(
            Example(text, used_labels[i % len(used_labels)]) for i, text in enumerate(TEXTS)
        )
        data = Dataset(used_labels, rows, rows)
        one, two, third = (
            method.fit(data, settings, seed=seed, on_progress=silent) for seed in (1, 1, 2)
        )
        assert one.trainable > 0, "nothing learns"
        stored = write_arrays(one.tensors)
        assert stored == write_arrays(two.tensors), "the same seed does not give the same weights"
        is_same = stored == write_arrays(third.tensors)
        assert is_same or method.seeded, "another seed gives other weights, but seeded is False"
        chosen = settings_of(method, asdict(one.settings))
        assert chosen == one.settings, "settings do not survive storing"
        logits = [
            answerer(method, tensors, used_labels, chosen)(TEXTS)
            for tensors in (one.tensors, read_arrays(stored))
        ]
        off = float(np.abs(logits[0] - logits[1]).max())
        assert off < 1e-5, f"what runs differs from what was trained by {off:.1e}"


def _check_round_trip(method: Any, settings: Any, source: BaseSource) -> None:
    """Train a step, store, lower, and hold the answers of both forms together."""
    import torch

    from swereg.adapters.batches import pad
    from swereg.adapters.frozen.base import FrozenBase
    from swereg.adapters.sequence_classifier import SequenceClassifier, count
    from swereg.adapters.tensors import read_tensors, write_tensors
    from swereg.adapters.tokens import tokenize
    from swereg.adapters.training import engine

    labels = ["ja", "nej", "kanske"]
    torch.manual_seed(0)
    model = method.attach(
        SequenceClassifier(source.load(by_transformers=True).encoder, len(labels), dropout=0.0),
        settings,
    )
    trainable, total = count(model)
    assert 0 < trainable <= total, "nothing learns"
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn_like(parameter))
    state = {key: value.detach().clone() for key, value in method.state(model).items()}
    again = read_tensors(write_tensors(state))
    assert again.keys() == state.keys(), "tensors are lost in storing"
    assert all(torch.equal(again[key], state[key]) for key in state), "tensors change in storing"

    base = FrozenBase.open(source, "cpu")
    placed = base.place(method.lower(again, base, settings), len(labels), source.max_length)
    answers, _ = base.logits(TEXTS, [placed] * len(TEXTS))
    logits = torch.stack([torch.from_numpy(answer) for answer in answers])
    batch = pad(tokenize(base.tokenizer, TEXTS, source.max_length).ids, 0)
    with torch.inference_mode():
        expected = model.eval()(**batch)
    off = float((logits - expected).abs().max())
    assert off < 1e-5, f"what runs differs from what was trained by {off:.1e}"
    engine.take_over(model, torch.device("cpu"), "fp32")
    with torch.inference_mode():
        off = float((model(**batch) - expected).abs().max())
    assert off < 1e-5, f"on the engine the model answers differently, by {off:.1e}"


def make_base(folder: Path, *, seed: int = 0, pooler: bool = True, **config: Any) -> Path:
    """Write a random BERT (2 layers, hidden 32) with a small Swedish tokenizer.

    Args:
        folder: where; made if it does not exist.
        seed: of the weights.
        pooler: whether the checkpoint has one, as a base should.
        **config: values of transformers' BertConfig that win over the small ones.
    """
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, BertTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyzåäöéABCDEFGHIJKLMNOPQRSTUVWXYZÅÄÖ0123456789.,!?"
    words = {word for text in TEXTS for word in text.replace(",", "").split()}
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters), *sorted(words)]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(seed)
    shape = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    } | config
    model = BertModel(BertConfig(**shape), add_pooling_layer=pooler)
    with torch.no_grad():  # large enough for learning to show in a few steps
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(5)
    model.save_pretrained(folder)
    wrapped = BertTokenizerFast(
        tokenizer_object=tokenizer, do_lower_case=False, strip_accents=False
    )
    wrapped.save_pretrained(folder)
    return folder

"""What the benchmarks run on: bases, texts, random entries, and the same entries in PEFT."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertModel,
    logging,
    pipeline,
)

from swereg.adapters.bases.sources import BaseSource
from swereg.adapters.frozen.base import FrozenBase
from swereg.adapters.frozen.encoder import Placed
from swereg.adapters.sequence_classifier import SequenceClassifier
from swereg.adapters.tensors import read_tensors, write_tensors
from swereg.home import locations
from swereg.plugins import entry_points, specs
from swereg.records.dataset import Dataset
from swereg.records.training import Weights

logging.set_verbosity_error()  # that a base has no head is no news
logging.disable_progress_bar()

MAX_LENGTH = 256
VOCABULARY = 50325  # KB-BERT's pieces
NOISE = 0.02  # what random entries have on top of what their method begins with


def kb_shaped(folder: Path, layers: int = 12) -> Path:
    """Write random weights of KB-BERT's shape.

    The tokenizer is that of `mini`, filled up to KB-BERT's size with pieces that no text contains.
    """
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=VOCABULARY, num_hidden_layers=layers)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(locations.PACKAGED_BASES / "mini").save_pretrained(folder)
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    pieces = tokenizer["model"]["vocab"]
    pieces |= {f"%{number:06}": number for number in range(len(pieces), VOCABULARY)}
    path.write_text(json.dumps(tokenizer, ensure_ascii=False, indent=2), encoding="utf-8")
    return folder


def sentences(count: int) -> list[str]:
    """Return the first test sentences of the packaged task `sentiment`."""
    dataset: Dataset = entry_points.find_plugin("task", "sentiment").read()
    return [example.text for example in dataset.test[:count]]


class Kind:
    """Entries of one method, one set of settings and one number of labels, with random weights.

    Args:
        spec: such as ``lora[r=4]``.
    """

    def __init__(self, source: BaseSource, spec: str, labels: int) -> None:
        parsed = specs.parse_method(spec)
        self.method = parsed.method
        self.settings = specs.settings_of(parsed.method, parsed.said)
        self.labels = labels
        torch.manual_seed(0)
        encoder = source.load().encoder
        model = SequenceClassifier(encoder, labels, dropout=0.0)
        state = self.method.state(self.method.attach(model, self.settings))
        self._first = {key: value.detach().clone() for key, value in state.items()}

    def weights(self, seed: int) -> Weights:
        """Make the bytes of an entry, as a registry gives them."""
        generator = torch.Generator().manual_seed(seed)
        return write_tensors(
            {
                key: value + NOISE * torch.randn(value.shape, generator=generator)
                for key, value in self._first.items()
            }
        )

    def load(self, weights: Weights, base: FrozenBase) -> Placed:
        """Put an entry on a base, from its bytes; a bank does the same."""
        lowered = self.method.lower(read_tensors(weights), base, self.settings)
        return base.place(lowered, self.labels, MAX_LENGTH)

    def placed(self, seed: int, base: FrozenBase) -> Placed:
        """Make an entry and put it on a base."""
        return self.load(self.weights(seed), base)


def answers(base: FrozenBase, texts: Sequence[str], placed: Sequence[Placed]) -> list[Tensor]:
    """Answer each text with the entry of the same position."""
    return [torch.from_numpy(row) for row in base.logits(texts, placed)[0]]


def check_same(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> None:
    """Refuse to time what gives other answers."""
    for row, (one, other) in enumerate(zip(found, wanted, strict=True)):
        off = float((one - other).abs().max())
        assert off < 1e-4, f"row {row} differs by {off:.1e}"


class Peft:
    """The same entries on transformers' model with PEFT.

    Args:
        kind: of all entries; PEFT mixes neither methods nor numbers of labels.
        folder: where the adapters are written.
    """

    def __init__(self, source: BaseSource, kind: Kind, folder: Path, device: str) -> None:
        self._source, self._kind, self._folder, self._device = source, kind, folder, device
        self._tokenizer = AutoTokenizer.from_pretrained(source.folder)
        self._model: Any = None
        self.resident = 0

    @cached_property
    def _config(self) -> Any:
        config: Any = self._kind.method.config(self._kind.settings)  # type: ignore[attr-defined]
        config.task_type = "SEQ_CLS"
        config.modules_to_save = ["classifier"]
        config.base_model_name_or_path = str(self._source.folder)
        config.inference_mode = True
        return config

    def write(self, seed: int) -> Path:
        """Write an entry as a folder that PEFT loads."""
        folder = self._folder / str(seed)
        if not folder.exists():
            folder.mkdir(parents=True)
            data = self._kind.weights(seed).data
            (folder / "adapter_model.safetensors").write_bytes(data or b"")
            self._config.save_pretrained(folder)
        return folder

    def load(self, seed: int) -> None:
        """Load an entry; it must have been written, and it becomes ``e<seed>``."""
        folder = self._folder / str(seed)
        if self._model is None:
            from peft import PeftModel

            model = AutoModelForSequenceClassification.from_pretrained(
                self._source.folder, num_labels=self._kind.labels
            )
            self._model = PeftModel.from_pretrained(model, folder, adapter_name=f"e{seed}")
            self._model.to(self._device).eval()
        else:
            self._model.load_adapter(folder, adapter_name=f"e{seed}")
        self.resident += 1

    def fill(self, count: int) -> None:
        """Load entries 0, 1, ... until so many are resident."""
        for seed in range(self.resident, count):
            self.write(seed)
            self.load(seed)

    def use(self, seed: int) -> None:
        """Switch to an entry."""
        self._model.set_adapter(f"e{seed}")

    def answers(self, texts: Sequence[str], seeds: Sequence[int] | None = None) -> Tensor:
        """Answer texts with the entry in use, or each with its own: [texts, labels]."""
        batch = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=MAX_LENGTH, return_tensors="pt"
        ).to(self._device)
        names = {} if seeds is None else {"adapter_names": [f"e{seed}" for seed in seeds]}
        with torch.inference_mode():
            logits: Tensor = self._model(**batch, **names).logits
        return logits.cpu()

    def pipeline(self, seed: int) -> Any:
        """An entry merged into a model of its own, as transformers' pipeline answers with it."""
        from peft import PeftModel

        model = AutoModelForSequenceClassification.from_pretrained(
            self._source.folder, num_labels=self._kind.labels
        )
        merged = PeftModel.from_pretrained(model, self.write(seed)).merge_and_unload().eval()
        return pipeline(
            "text-classification",
            model=merged,
            tokenizer=self._tokenizer,
            device=self._device,
            top_k=None,
        )


def table(path: Path, train: int, val: int) -> Path:
    """Write so many sentences of the packaged task `sentiment` as a CSV with a column `split`."""
    whole = entry_points.find_plugin("task", "sentiment").read()
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(("text", "label", "split"))
        for split, some in (("train", whole.train[:train]), ("val", whole.val[:val])):
            rows.writerows((row.text, row.label, split) for row in some)
    return path

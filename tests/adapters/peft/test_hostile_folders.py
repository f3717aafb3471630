"""Folders that mean harm, or that mean what swereg does not know: each is one clear refusal."""

from __future__ import annotations

import ast
import json
import os
import pickle  # noqa: TID251 - a canary
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import swereg
from swereg.errors import CheckFailed, NotFound, SweregError, UsageError
from tests import foreign
from tests.foreign import CONFIG, LABELS, TENSORS

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """An adapter that is as it should be."""
    from peft import LoraConfig

    folder = tmp_path_factory.mktemp("sound")
    foreign.make(folder, tiny_base, LoraConfig(r=2, target_modules=["query", "value"]))
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    copy = tmp_path / "adapter"
    copy.mkdir()
    for name in (CONFIG, TENSORS):
        (copy / name).write_bytes((sound / name).read_bytes())
    return copy


def refused(folder: Path, base: Path, **said: Any) -> SweregError:
    """The error of an import, which stores nothing."""
    said = {"name": "ont", "labels": LABELS, "base": str(base)} | said
    with pytest.raises(SweregError) as caught:
        swereg.import_(folder, **said)
    fault = caught.value
    assert isinstance(fault, CheckFailed | NotFound | UsageError)
    assert fault.code.startswith(("import.", "weights.", "base."))
    if "SWEREG_HOME" in os.environ and (Path(os.environ["SWEREG_HOME"]) / "registry.db").exists():
        assert swereg.list() == []
    return fault


CONFIGS: list[dict[str, Any]] = [
    {"r": 0},
    {"r": 257},
    {"r": True},
    {"r": "8"},
    {"lora_alpha": 0},
    {"lora_alpha": -1},
    {"lora_dropout": 1},
    {"lora_dropout": None},
    {"bias": "all"},
    {"lora_bias": True},
    {"fan_in_fan_out": True},
    {"target_modules": "(a+)+$"},
    {"target_modules": [".*query"]},
    {"target_modules": []},
    {"target_modules": [["query"]]},
    {"target_modules": None},
    {"exclude_modules": ["value"]},
    {"modules_to_save": ["classifier", "pooler"]},
    {"modules_to_save": "classifier"},
    {"rank_pattern": {"^bert.*": 4}},
    {"rank_pattern": {"query": 10**6}},
    {"alpha_pattern": {"query": 0}},
    {"alpha_pattern": [1]},
    {"layers_to_transform": ["0"]},
    {"layers_to_transform": -1},
    {"layers_pattern": "layer"},
    {"layer_replication": [[0, 1]]},
    {"trainable_token_indices": [1]},
    {"init_lora_weights": "pissa"},
    {"megatron_core": "os.system"},
    {"auto_mapping": {"base_model_class": "system", "parent_library": "os"}},
    {"peft_type": "XLORA"},
    {"peft_type": ["LORA"]},
    {"task_type": "CAUSAL_LM"},
    {"something_new": 1},
    {"use_dora": True, "use_rslora": True},
    {"target_parameters": ["bert.embeddings.word_embeddings.weight"]},
]


@pytest.mark.parametrize("change", CONFIGS, ids=str)
def test_a_configuration_is_refused_by_the_name_of_its_key(
    change: dict[str, Any], folder: Path, tiny_base: Path
) -> None:
    foreign.change_config(folder, **change)
    assert next(iter(change)) in str(refused(folder, tiny_base).what)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "JSON"),
        ("[]", "not a JSON object"),
        ("{" * 10, "JSON"),
        ("[" * 100_000, "JSON"),
        ('{"r": 4, "r": 8}', "'r' is there twice"),
        ('{"r": NaN}', "NaN"),
        ('{"r": 1' + "0" * 5000 + "}", "JSON"),
        (" " * (2**20 + 1), "bytes"),
        ("\xff", "JSON"),
    ],
    ids=lambda value: value[:12],
)
def test_a_configuration_that_is_no_json_is_refused(
    text: str, word: str, folder: Path, tiny_base: Path
) -> None:
    (folder / CONFIG).write_bytes(text.encode("latin-1"))
    fault = refused(folder, tiny_base)
    assert word in fault.why
    assert CONFIG in fault.what


def test_an_infinite_alpha_is_refused(folder: Path, tiny_base: Path) -> None:
    text = (folder / CONFIG).read_text().replace('"lora_alpha": 8', '"lora_alpha": 1e999')
    (folder / CONFIG).write_text(text)
    assert "lora_alpha" in refused(folder, tiny_base).what


HEAD = "base_model.model.classifier."
LAYER = "base_model.model.bert.encoder.layer.0."


def renamed(old: str, new: str) -> Callable[[Tensors], Tensors]:
    return lambda found: {key.replace(old, new): tensor for key, tensor in found.items()}


def having(key: str, *shape: int, dtype: torch.dtype | None = None) -> Callable[[Tensors], Tensors]:
    return lambda found: {**found, key: torch.ones(shape, dtype=dtype)}


def without(part: str) -> Callable[[Tensors], Tensors]:
    return lambda found: {key: tensor for key, tensor in found.items() if part not in key}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (having(f"{HEAD}bias", 3, dtype=torch.int64), "I64"),
        (having(f"{HEAD}bias", 3, dtype=torch.float64), "F64"),
        (lambda found: {k: t * float("nan") for k, t in found.items()}, "not finite"),
        (without("classifier"), "no head"),
        (having("base_model.model.score.weight", 3, 32), "two heads"),
        (having(f"{HEAD}dense.weight", 32, 32), "several layers (base_model"),
        (renamed("classifier.weight", "classifier.out_proj.weight"), "several layers"),
        (having(f"{HEAD}weight", 3, 31), "(3, 31)"),
        (having(f"{HEAD}weight", 3), "no matrix"),
        (having(f"{HEAD}bias", 4), "shapes"),
        (having("base_model.model.bert.pooler.dense.bias", 32), "pooler.dense.bias"),
        (having(f"{HEAD}lora_A.weight", 2, 32), "It adapts classifier"),
        (having(f"{LAYER}attention.self.query.lora_A.weight", 3, 32), "[2, 32]"),
        (having(f"{LAYER}attention.self.query.lora_A.weight", 0, 32), "[2, 32]"),
        (without("layer.0.attention.self.query.lora_B"), "lora_B"),
        (having(f"{LAYER}output.dense.lora_A.weight", 2, 64), "does not name"),
        (
            having(
                "base_model.model.bert.encoder.layer.7.attention.self.query.lora_A.weight", 2, 32
            ),
            "layer.7",
        ),
        (renamed(".bert.", ".roberta."), "the base's layers begin with bert."),
        (without("lora_A"), "lora_A.weight"),
        (lambda found: found | {f"x{n}": torch.ones(0) for n in range(4100)}, "4,096"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    change: Callable[[Tensors], Tensors], word: str, folder: Path, tiny_base: Path
) -> None:
    foreign.change_tensors(folder, change)
    fault = refused(folder, tiny_base)
    assert word in f"{fault.what}\n{fault.why}"


def header(text: str, rest: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text)) + text.encode() + rest


ONE = '"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "cut off"),
        (b"PK\x03\x04" * 100, "cut off"),
        (header("{}"), "no head"),
        (struct.pack("<Q", 2**63) + b"{}", "cut off"),
        (header(" " * (2**20 + 1)), "header has more"),
        (header("{" + ONE + ", " + ONE + "}", bytes(4)), "'a' is there twice"),
        (header('{"a": 1}'), "of type None"),
        (header('{"__metadata__": [1]}'), "metadata"),
        (header("[" * 100_000), "JSON"),
        (header("{" + ONE.replace("[1]", "[2]") + "}", bytes(4)), "safetensors says"),
        (header("{" + ONE.replace("[1]", "[-1]") + "}", bytes(4)), "safetensors says"),
        (header("{" + ONE.replace("[0, 4]", "[0, 400000000000000]") + "}"), "safetensors says"),
    ],
)
def test_a_file_that_is_no_safetensors_is_refused(
    data: bytes, word: str, folder: Path, tiny_base: Path
) -> None:
    (folder / TENSORS).write_bytes(data)
    fault = refused(folder, tiny_base)
    assert word in fault.why
    assert TENSORS in fault.what


def test_a_file_too_large_for_an_adapter_is_not_read(folder: Path, tiny_base: Path) -> None:
    os.truncate(folder / TENSORS, 2**26 + 1)
    assert "bytes" in refused(folder, tiny_base).why


def test_flipped_bits_are_an_error_or_another_number(
    folder: Path, tiny_base: Path, tmp_path: Path
) -> None:
    from swereg.adapters.peft import foreign_tensors

    data = bytearray((folder / TENSORS).read_bytes())
    refusals = 0
    for place in range(0, 1200):
        data[place] ^= 1 << place % 8
        try:
            foreign_tensors.read_foreign_tensors(bytes(data), TENSORS)
        except CheckFailed:
            refusals += 1
        data[place] ^= 1 << place % 8
    assert refusals > 300


class Canary:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_a_pickle_is_not_opened(folder: Path, tiny_base: Path, tmp_path: Path) -> None:
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(Canary(tmp_path / "mark")))
    swereg.import_(folder, name="bra", labels=LABELS, base=str(tiny_base))  # beside safetensors
    (folder / TENSORS).unlink()
    with pytest.raises(CheckFailed, match="not read") as caught:
        swereg.import_(folder, name="ont", labels=LABELS)
    assert "pickle" in caught.value.why
    assert not (tmp_path / "mark").exists()


def test_nothing_but_a_base_is_unpickled() -> None:
    """And that with weights_only, in the one place that reads a base."""
    for path in Path(swereg.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                assert path.name == "checkpoints.py"
                assert "weights_only=True" in ast.unparse(node)
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names}.isdisjoint({"pickle", "joblib"}), path


def test_what_is_no_folder_of_an_adapter_is_refused(folder: Path, tiny_base: Path) -> None:
    assert "archives" in refused(folder / TENSORS, tiny_base).why
    assert "no folder" in refused(folder / "nope", tiny_base).what
    (folder / CONFIG).unlink()
    assert CONFIG in refused(folder, tiny_base).what
    os.mkfifo(folder / CONFIG)
    assert CONFIG in refused(folder, tiny_base).what


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        (None, "does not name its labels"),
        (["sol", "regn"], "3 labels"),
        (["sol", "sol", "snö"], "cannot be labels"),
        (["sol", " regn", "snö"], "cannot be labels"),
        (["sol", "", "snö"], "cannot be labels"),
        (["a", "b\x1b[2J", "c"], "cannot be labels"),
    ],
)
def test_labels_are_said_and_fit_the_head(
    labels: Any, word: str, folder: Path, tiny_base: Path
) -> None:
    assert word in str(refused(folder, tiny_base, labels=labels))


def metadata(**facts: Any) -> dict[str, str]:
    plain = {key: v if isinstance(v, str) else json.dumps(v) for key, v in facts.items()}
    return {f"swereg.{key}": value for key, value in plain.items()}


@pytest.mark.parametrize(
    ("inside", "beside", "said", "word"),
    [
        ({"labels": ["a", "b", "c"]}, {}, {}, "other labels"),
        ({"labels": LABELS}, {"labels": ["regn", "sol", "snö"]}, {}, "about its labels"),
        ({"labels": LABELS}, {"labels": "sol"}, {}, "list of texts"),
        ({"labels": "["}, {}, {}, "JSON"),
        ({"task": "väder"}, {"task": "annan"}, {}, "about its task"),
        ({"task": "väder"}, {}, {"task": "annan"}, "another task"),
        ({"task": "../../etc"}, {}, {}, "task name"),
        ({"base": "0" * 64}, {}, {}, "another base"),
        ({}, {"base": {"fingerprint": "0" * 64}}, {}, "another base"),
    ],
)
def test_contradictions_are_refused(
    inside: dict[str, Any],
    beside: dict[str, Any],
    said: dict[str, Any],
    word: str,
    folder: Path,
    tiny_base: Path,
) -> None:
    foreign.change_tensors(folder, lambda found: found, metadata(**inside))
    (folder / "swereg.json").write_text(json.dumps(beside))
    with pytest.raises(SweregError) as caught:
        swereg.import_(folder, **({"name": "ont", "labels": LABELS, "base": str(tiny_base)} | said))
    assert word in str(caught.value)


def test_claims_of_the_wrong_kind_are_left_out(folder: Path, tiny_base: Path) -> None:
    side = {
        "labels": LABELS,
        "scores": {"test": {"accuracy": "1", "loss": 0.5}, "val": 3},
        "recipe": {"max_length": 10**9},
        "created": 7,
        "ref": "x/1",
    }
    (folder / "swereg.json").write_text(json.dumps(side))
    (entry,) = swereg.import_(folder, name="bra", base=str(tiny_base))
    assert entry.origin["claims"]["scores"] == {"test": {"loss": 0.5}}
    assert "created" not in entry.origin["claims"]
    assert entry.recipe.max_length == 64
    assert entry.scores == {}

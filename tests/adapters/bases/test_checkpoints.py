"""A base is read without transformers as transformers reads it, or refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from swereg.adapters.bases.sources import resolve
from swereg.adapters.frozen.base import FrozenBase
from swereg.errors import CheckFailed, SweregError


@pytest.fixture
def copy(tiny_base: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_base, tmp_path / "copy")


def of_2020(tensors: dict[str, Any]) -> dict[str, Any]:
    """Names as a masked-language model of 2020 had them."""
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    renamed = {"cls.predictions.bias": torch.zeros(3)}
    for name, tensor in tensors.items():
        for new, before in old.items():
            name = name.replace(new, before)
        renamed[f"bert.{name}"] = tensor
    return renamed


@pytest.mark.parametrize("form", ["safetensors", "zip", "legacy", "half"])
def test_every_form_of_a_checkpoint_gives_the_same_base(
    form: str, tiny_base: Path, copy: Path
) -> None:
    file = copy / "model.safetensors"
    tensors = load_file(file)
    if form == "safetensors":
        save_file(of_2020(tensors), file)
    elif form == "half":
        exact = {name: tensor.half().float() for name, tensor in tensors.items()}
        save_file(exact, file)
        wanted = resolve(str(copy)).load().info.fingerprint
        save_file({name: tensor.half() for name, tensor in tensors.items()}, file)
        assert FrozenBase.open(resolve(str(copy)), "cpu").info.fingerprint == wanted
        return
    else:
        file.unlink()
        torch.save(
            of_2020(tensors),
            copy / "pytorch_model.bin",
            _use_new_zipfile_serialization=form == "zip",
        )
    wanted = resolve(str(tiny_base)).load().info.fingerprint
    assert FrozenBase.open(resolve(str(copy)), "cpu").info.fingerprint == wanted


@pytest.mark.parametrize("damage", ["missing", "shape", "broken", "evil"])
def test_a_checkpoint_that_is_not_whole_is_refused(damage: str, copy: Path, tmp_path: Path) -> None:
    file = copy / "model.safetensors"
    tensors = load_file(file)
    if damage == "missing":
        del tensors["pooler.dense.weight"]
    elif damage == "shape":
        tensors["pooler.dense.weight"] = torch.zeros(32, 31)
    save_file(tensors, file)
    if damage == "broken":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "evil":
        file.unlink()
        torch.save({"x": _Evil(tmp_path / "ran")}, copy / "pytorch_model.bin")
    named = "pooler.dense.weight" if damage in ("missing", "shape") else "cannot be loaded"
    with pytest.raises(CheckFailed if damage in ("missing", "shape") else SweregError) as caught:
        FrozenBase.open(resolve(str(copy)), "cpu")
    assert named in str(caught.value) + caught.value.why
    assert not (tmp_path / "ran").exists()


class _Evil:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> object:
        return Path.touch, (self.target,)


def test_a_tokenizer_is_what_transformers_makes_of_the_files(copy: Path) -> None:
    before = resolve(str(copy)).load()
    config = copy / "tokenizer_config.json"
    config.write_text(config.read_text().replace('"do_lower_case": false', '"do_lower_case": true'))
    after = FrozenBase.open(resolve(str(copy)), "cpu")
    assert after.tokenizer.encode("HEJ").tokens == before.tokenizer.encode("hej").tokens
    assert after.info.fingerprint != before.info.fingerprint


def test_a_cache_that_cannot_be_written_is_no_error(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SWEREG_HOME", str(tmp_path / "file"))
    assert FrozenBase.open(resolve(str(copy)), "cpu").tokenizer.get_vocab_size() > 100

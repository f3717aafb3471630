"""Reading a base's encoder from its folder, whole or refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file

from swereg.adapters.bert import checkpoint
from swereg.errors import SweregError, first_line

if TYPE_CHECKING:
    from torch import Tensor


def read_bert(name: str, folder: Path, config: Mapping[str, Any]) -> dict[str, Tensor] | None:
    """Read the tensors of a BERT encoder in float32, mapped where they are in float32 already.

    transformers is not imported. None where this is not a BERT in one file.

    Raises:
        CheckFailed: the checkpoint lacks parts of the encoder, or they have other shapes.
    """
    path = checkpoint.weights_file(folder)
    if path is None or not checkpoint.understands(config):
        return None
    try:
        stored = _read_pickle(path) if path.suffix == ".bin" else load_file(path)
    except Exception as fault:  # a broken file can make its reader raise anything
        raise SweregError(
            f"the base {name} cannot be loaded",
            why=first_line(fault),
            hint="Check that the folder is a complete transformers model.",
            code="base.broken",
        ) from fault
    try:
        tensors = checkpoint.whole(name, stored, config)
    except (KeyError, TypeError, ValueError) as fault:
        raise SweregError(
            f"the config.json of {name} describes no BERT",
            why=f"{type(fault).__name__}: {first_line(fault)}",
            code="base.config",
        ) from fault
    return {key: tensor.float() for key, tensor in tensors.items()}


def _read_pickle(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint of torch; with ``weights_only`` no code in it can run."""
    try:
        stored: dict[str, Tensor] = torch.load(path, "cpu", weights_only=True, mmap=True)  # noqa: TID251
    except RuntimeError:  # files from before 2020 cannot be mapped
        stored = torch.load(path, "cpu", weights_only=True)  # noqa: TID251
    return stored


def read_encoder(name: str, folder: Path, config: Mapping[str, Any]) -> Any:
    """Load an encoder for training, every parameter from the checkpoint, in float32.

    Of a BERT its layers alone, without transformers; the engine computes with them.

    Raises:
        CheckFailed: the checkpoint lacks parts of the encoder.
    """
    tensors = read_bert(name, folder, config)
    if tensors is None:
        return read_with_transformers(name, folder)
    from swereg.adapters.bert.layers import BertLayers

    return BertLayers(tensors, config)


def read_with_transformers(name: str, folder: Path) -> Any:
    """Load an encoder of transformers, every parameter from the checkpoint, in float32.

    Raises:
        CheckFailed: the checkpoint lacks parts of the encoder.
    """
    from transformers import AutoModel

    with Quiet():
        try:
            encoder, report = AutoModel.from_pretrained(
                folder,
                dtype=torch.float32,
                local_files_only=True,
                trust_remote_code=False,
                weights_only=True,
                output_loading_info=True,
            )
        except Exception as fault:  # a broken file can make its reader raise anything
            raise SweregError(
                f"the base {name} cannot be loaded",
                why=first_line(fault),
                hint="Check that the folder is a complete transformers model.",
                code="base.broken",
            ) from fault
    mismatched = (key[0] for key in report["mismatched_keys"])
    checkpoint.refuse_missing(name, sorted([*report["missing_keys"], *mismatched]))
    return encoder.eval()


class Quiet:
    """Keep transformers' own progress bars and reports off the terminal."""

    def __enter__(self) -> None:
        from transformers.utils import logging

        self._level, self._bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
        logging.set_verbosity_error()
        logging.disable_progress_bar()

    def __exit__(self, *_: object) -> None:
        from transformers.utils import logging

        logging.set_verbosity(self._level)
        if self._bars:
            logging.enable_progress_bar()

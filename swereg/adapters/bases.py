"""Bases: the packaged ``mini``, a folder, or a model on the Hugging Face Hub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from swereg import home
from swereg.adapters.fingerprint import Remembered, fingerprint
from swereg.errors import CheckFailed, NotFound, SweregError, UsageError
from swereg.records import BaseInfo

DEFAULT = "KB/bert-base-swedish-cased"
PACKAGED = "mini"
SIDE_FILE = "swereg.json"

_TEXT_FILES = [
    "config.json", SIDE_FILE, "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json",
    "added_tokens.json", "*.model",
]  # fmt: skip
_SAFE = ["*.safetensors", "*.safetensors.index.json"]
_PICKLE = ["pytorch_model*.bin", "pytorch_model.bin.index.json"]


@dataclass(frozen=True)
class Base:
    """A base in memory: a fresh encoder in float32 on the CPU, and its tokenizer."""

    info: BaseInfo
    encoder: Any = field(repr=False)
    tokenizer: Any = field(repr=False)


@dataclass(frozen=True)
class BaseSource:
    """Where a base lies, before anything large is read.

    Attributes:
        name: ``mini``, a Hub id, or a folder's full path.
        revision: the Hub commit, or ``""``.
        folder: with config, tokenizer and weights.
        expected: the fingerprint that it must have, or ``""``.
        notices: what has to be said about it.
    """

    name: str
    revision: str
    folder: Path
    expected: str = ""
    notices: tuple[str, ...] = ()

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The model's config.json."""
        return _read_json(self.folder / "config.json")

    @property
    def size(self) -> int:
        """Bytes of its weight files."""
        return sum(path.stat().st_size for path in _weight_files(self.folder))

    @property
    def max_length(self) -> int:
        """The longest input in tokens, special tokens included."""
        return int(self.config.get("max_position_embeddings", 512))

    @property
    def recommended(self) -> Mapping[str, Mapping[str, Any]]:
        """Settings per method that its maker recommends in swereg.json."""
        path = self.folder / SIDE_FILE
        found = _read_json(path).get("recommended", {}) if path.exists() else {}
        return {method: dict(settings) for method, settings in found.items()}

    def load(self) -> Base:
        """Read encoder and tokenizer, and check them.

        Raises:
            CheckFailed: parts are missing in the checkpoint, or it is not the expected base.
        """
        encoder = _load_encoder(self)
        tokenizer = _load_tokenizer(self)
        architecture = type(encoder).__name__
        remembered = Remembered(self.folder)
        found = remembered.get()
        if found is None:
            state = encoder.state_dict()
            found = fingerprint(state, tokenizer.backend_tokenizer.to_str(), architecture)
            remembered.put(found)
        if self.expected and found != self.expected:
            raise _mismatch(self, found)
        info = BaseInfo(
            name=self.name,
            revision=self.revision,
            fingerprint=found,
            architecture=architecture,
            parameters=sum(p.numel() for p in encoder.parameters()),
            hidden_size=encoder.config.hidden_size,
            max_length=self.max_length,
            recommended=self.recommended,
            notices=self.notices,
        )
        return Base(info, encoder, tokenizer)


def resolve(spec: str) -> BaseSource:
    """Find a base by what a person writes: ``mini``, a folder, a Hub id, or ``id@revision``.

    A folder is meant where one of that name exists or the text looks like a path.

    Raises:
        NotFound: there is no such folder, or the Hub's model can neither be fetched nor is it
            in the local cache.
    """
    if spec == PACKAGED:
        return BaseSource(PACKAGED, "", home.PACKAGED_BASES / PACKAGED)
    folder = Path(spec).expanduser()
    if folder.is_dir():
        return _in_folder(folder)
    if spec.startswith((".", "~", "/")) or "\\" in spec or spec.count("/") != 1:
        raise NotFound(
            f"there is no base {spec!r}",
            why="It is no folder, and not a Hub id such as KB/bert-base-swedish-cased.",
            hint=f"Give a folder, a Hub id, or {PACKAGED}.",
            code="base.unknown",
        )
    name, _, revision = spec.partition("@")
    return _on_hub(name, revision)


def resolve_default() -> BaseSource:
    """Find the base of a new registry: KB's model where it can be had, else ``mini``."""
    try:
        return _on_hub(DEFAULT, "")
    except NotFound:
        text = (
            f"{DEFAULT} is neither in the local cache nor can it be fetched, so this registry "
            f"takes the small base {PACKAGED} that ships with swereg. Its results are weaker. "
            f"With a connection, start a new registry, or say --base {DEFAULT}."
        )
        return replace(resolve(PACKAGED), notices=(text,))


def recorded(info: BaseInfo, moved_to: str | None = None) -> BaseSource:
    """Find a base that was recorded; its content must still be the same.

    Args:
        moved_to: where it is now, if that is not where it was.
    """
    if moved_to is not None:
        source = resolve(moved_to)
    elif info.revision:
        source = _on_hub(info.name, info.revision)
    else:
        source = resolve(info.name)
    return replace(source, expected=info.fingerprint)


def _in_folder(folder: Path) -> BaseSource:
    if not (folder / "config.json").is_file():
        raise NotFound(
            f"the folder {str(folder)!r} holds no base",
            why="It has no config.json.",
            hint="Give a folder that transformers' save_pretrained wrote.",
            code="base.folder",
        )
    return BaseSource(str(folder.resolve()), "", folder.resolve(), notices=_pickle_notice(folder))


def _on_hub(name: str, revision: str) -> BaseSource:
    """Fetch a model, or take it from the local cache where the Hub cannot be reached."""
    folder = _snapshot(name, revision, _TEXT_FILES + _SAFE)
    if not any(folder.glob("*.safetensors")):
        folder = _snapshot(name, revision, _TEXT_FILES + _PICKLE)
    if not (folder / "config.json").exists() or not _weight_files(folder):
        raise NotFound(
            f"the base {name!r} is not complete in the local cache",
            why=f"{folder} has no config.json or no weights.",
            hint="Fetch it again with a connection to the Hugging Face Hub.",
            code="base.incomplete",
        )
    return BaseSource(name, folder.name, folder, notices=_pickle_notice(folder))


def _snapshot(name: str, revision: str, patterns: list[str]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=patterns))
    except HFValidationError as fault:
        raise UsageError(f"{name!r} is not a Hub id", why=str(fault), code="base.id") from fault
    except (HfHubHTTPError, OSError) as fault:
        raise NotFound(
            f"the base {f'{name}@{revision}' if revision else name!r} cannot be had",
            why=f"It is not in the local cache, and the Hub says: {_first_line(fault)}",
            hint=f"Check the name and the connection, or use --base {PACKAGED}.",
            code="base.unreachable",
        ) from fault


def _load_encoder(source: BaseSource) -> Any:
    """Load the encoder with every parameter from the checkpoint, in float32."""
    import torch
    from transformers import AutoModel

    with _Quiet():
        try:
            encoder, report = AutoModel.from_pretrained(
                source.folder,
                dtype=torch.float32,
                local_files_only=True,
                trust_remote_code=False,
                weights_only=True,
                output_loading_info=True,
            )
        except Exception as fault:  # a broken file can make its reader raise anything
            raise SweregError(
                f"the base {source.name} cannot be loaded",
                why=_first_line(fault),
                hint="Check that the folder is a complete transformers model.",
                code="base.broken",
            ) from fault
    missing = sorted([*report["missing_keys"], *(key[0] for key in report["mismatched_keys"])])
    if missing:
        raise CheckFailed(
            f"the checkpoint of {source.name} lacks parts of its encoder",
            why=f"They would be random, and different each time: {', '.join(missing[:5])}"
            + (f" and {len(missing) - 5} more" if len(missing) > 5 else ""),
            hint="Use a checkpoint with all of them, the pooler included.",
            code="base.missing-parameters",
        )
    return encoder.eval()


def _load_tokenizer(source: BaseSource) -> Any:
    from transformers import AutoTokenizer

    with _Quiet():
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                source.folder, local_files_only=True, trust_remote_code=False
            )
        except Exception as fault:  # as above
            raise SweregError(
                f"the tokenizer of {source.name} cannot be loaded",
                why=_first_line(fault),
                hint="The folder needs tokenizer.json, or vocab.txt for BERT.",
                code="base.tokenizer",
            ) from fault
    if not tokenizer.is_fast:
        raise SweregError(
            f"the tokenizer of {source.name} has no fast form",
            hint="Save a tokenizer.json beside the model.",
            code="base.tokenizer",
        )
    return tokenizer


class _Quiet:
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


def _weight_files(folder: Path) -> list[Path]:
    return [path for pattern in _SAFE + _PICKLE for path in folder.glob(pattern)]


def _pickle_notice(folder: Path) -> tuple[str, ...]:
    if any(folder.glob("*.safetensors")):
        return ()
    return (
        "This base has no safetensors file, only a pickle; it is read with weights_only=True, "
        "which runs no code from it.",
    )


def _mismatch(source: BaseSource, found: str) -> CheckFailed:
    return CheckFailed(
        f"{source.name} is not the base that was recorded",
        why=f"recorded {source.expected}\nfound    {found}\nin {source.folder}",
        hint="Point to the recorded base with --base, or train again on this one.",
        code="base.mismatch",
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise SweregError(
            f"{path} cannot be read", why=_first_line(fault), code="base.config"
        ) from fault
    return dict(content)


def _first_line(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {str(fault).strip().splitlines()[0] if str(fault) else ''}"

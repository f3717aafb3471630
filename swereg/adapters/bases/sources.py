"""Bases: the packaged ``mini``, a folder, or a model on the Hugging Face Hub."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swereg.adapters.bases.fingerprint import Remembered, fingerprint
from swereg.adapters.bases.tokenizer_files import SIDE_FILE, read_tokenizer
from swereg.errors import CheckFailed, NotFound, SweregError, UsageError, first_line
from swereg.home import locations
from swereg.records.training import BaseInfo

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DEFAULT = "KB/bert-base-swedish-cased"
PACKAGED = "mini"

_TEXT_FILES = [
    "config.json",
    SIDE_FILE,
    "tokenizer*",
    "vocab*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "*.model",
]
_SAFE = ["*.safetensors", "*.safetensors.index.json"]
_PICKLE = ["pytorch_model*.bin", "pytorch_model.bin.index.json"]


@dataclass(frozen=True)
class Base:
    """A base in memory: a fresh encoder in float32 on the CPU, and its tokenizer.

    Attributes:
        encoder: of transformers, or a BERT's layers for the engine.
    """

    info: BaseInfo
    encoder: Any = field(repr=False)
    tokenizer: Tokenizer = field(repr=False)

    @property
    def pad_id(self) -> int:
        """The token that fills short rows."""
        return self.encoder.config.pad_token_id or 0


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
        advice = _read_json(path).get("recommended", {}) if path.exists() else {}
        return {method: dict(settings) for method, settings in advice.items()}

    def tokenizer(self) -> Tokenizer:
        """Read the tokenizer alone, without truncation and padding."""
        return read_tokenizer(self.name, self.folder)

    def load(self, *, by_transformers: bool = False) -> Base:
        """Read encoder and tokenizer for training, and check them.

        Args:
            by_transformers: whether a BERT too is to be transformers', which computes without the
                engine.

        Raises:
            CheckFailed: parts are missing in the checkpoint, or it is not the expected base.
        """
        from swereg.adapters.bases import checkpoints  # it needs torch; a tokenizer does not

        encoder = (
            checkpoints.read_with_transformers(self.name, self.folder)
            if by_transformers
            else checkpoints.read_encoder(self.name, self.folder, self.config)
        )
        architecture = getattr(encoder, "architecture", type(encoder).__name__)
        tokenizer, hidden = self.tokenizer(), encoder.config.hidden_size
        info = self.identify(encoder.state_dict(), tokenizer, architecture, hidden)
        return Base(info, encoder, tokenizer)

    def identify(
        self, tensors: Mapping[str, Any], tokenizer: Tokenizer, architecture: str, hidden: int
    ) -> BaseInfo:
        """Work out the identity of what was read, or remember it, and check it.

        Args:
            tensors: the encoder's, of torch or of numpy.
            hidden: width of the pooled output.

        Raises:
            CheckFailed: it is not the expected base.
        """
        remembered = Remembered(self.folder)
        digest = remembered.get()
        if digest is None:
            digest = fingerprint(tensors, tokenizer.to_str(), architecture)
            remembered.put(digest)
        if self.expected and digest != self.expected:
            raise _mismatch(self, digest)
        return BaseInfo(
            name=self.name,
            revision=self.revision,
            fingerprint=digest,
            architecture=architecture,
            parameters=sum(math.prod(tensor.shape) for tensor in tensors.values()),
            hidden_size=hidden,
            max_length=self.max_length,
            recommended=self.recommended,
            notices=self.notices,
        )


def resolve(spec: str, *, weights: bool = True) -> BaseSource:
    """Find a base by what a person writes: ``mini``, a folder, a Hub id, or ``id@revision``.

    A folder is meant where one of that name exists or the text looks like a path.

    Args:
        weights: whether its weights are needed too, so that a Hub's are fetched.

    Raises:
        NotFound: there is no such folder, or the Hub's model can neither be fetched nor is it
            in the local cache.
    """
    if spec == PACKAGED:
        return BaseSource(PACKAGED, "", locations.PACKAGED_BASES / PACKAGED)
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
    return _on_hub(name, revision) if weights else _without_weights(name, revision)


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
        source = _known_snapshot(info) or _on_hub(info.name, info.revision)
    else:
        source = resolve(info.name)
    return replace(source, expected=info.fingerprint)


def _known_snapshot(info: BaseInfo) -> BaseSource | None:
    """The local copy of a Hub's commit, where it was found before to be the recorded base.

    Asking the Hub would tell nothing new, and takes longer than a prediction.
    """
    folder = locations.hub_cache() / f"models--{info.name.replace('/', '--')}"
    folder = folder / "snapshots" / info.revision
    if not folder.is_dir() or Remembered(folder).get() != info.fingerprint:
        return None
    return BaseSource(info.name, info.revision, folder, notices=_pickle_notice(folder))


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


def _without_weights(name: str, revision: str) -> BaseSource:
    folder = _snapshot(name, revision, _TEXT_FILES)
    return BaseSource(name, folder.name, folder)


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
            why=f"It is not in the local cache, and the Hub says: {first_line(fault)}",
            hint=f"Check the name and the connection, or use --base {PACKAGED}.",
            code="base.unreachable",
        ) from fault


def _weight_files(folder: Path) -> list[Path]:
    return [path for pattern in _SAFE + _PICKLE for path in folder.glob(pattern)]


def _pickle_notice(folder: Path) -> tuple[str, ...]:
    if any(folder.glob("*.safetensors")):
        return ()
    return (
        "This base has no safetensors file, only a pickle; it is read with weights_only=True, "
        "which runs no code from it.",
    )


def _mismatch(source: BaseSource, computed: str) -> CheckFailed:
    return CheckFailed(
        f"{source.name} is not the base that was recorded",
        why=f"recorded {source.expected}\nfound    {computed}\nin {source.folder}",
        hint="Point to the recorded base with --base, or train again on this one.",
        code="base.mismatch",
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise SweregError(
            f"{path} cannot be read", why=first_line(fault), code="base.config"
        ) from fault
    return dict(content)

"""Reading a base's tokenizer from its folder. Needs no torch where the answer is known.

A tokenizer is what transformers makes of the folder's files, in the form of the tokenizers library.
It is asked once, and the answer is kept in the cache folder; `mini` ships it.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.errors import SweregError, first_line
from swereg.home import files as whole_files
from swereg.home import locations

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"
SIDE_FILE = "swereg.json"


def read_tokenizer(name: str, folder: Path) -> Tokenizer:
    """Read a base's tokenizer, without truncation and padding.

    What transformers makes of the folder's files counts (tokenizer_config.json may overrule
    tokenizer.json). Asking it takes seconds, so the answer is kept in the cache folder. A base
    that is signed with its fingerprint was found to have the same in its tokenizer.json.
    """
    from tokenizers import Tokenizer

    try:
        signed = "fingerprint" in json.loads((folder / SIDE_FILE).read_text(encoding="utf-8"))
        text = (folder / TOKENIZER).read_text(encoding="utf-8") if signed else ""
    except (OSError, ValueError):
        text = ""
    try:
        tokenizer = Tokenizer.from_str(text or _converted(name, folder))
    except Exception as fault:  # tokenizers raises plain Exception
        raise _bad_tokenizer(name, first_line(fault)) from fault
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _converted(name: str, folder: Path) -> str:
    """What transformers makes of a folder's tokenizer files, in the form of a tokenizer.json."""
    weights = {".safetensors", ".bin"}
    files = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix not in weights)
    content = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files))
    path = locations.cache_folder() / "tokenizers" / f"{content.hexdigest()}.json"
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        text = _convert(name, folder)
    with suppress(OSError):  # a cache that cannot be written is no error
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_files.write_whole(path, text)
    return text


def _convert(name: str, folder: Path) -> str:
    from transformers import AutoTokenizer

    from swereg.adapters.bases.checkpoints import Quiet

    with Quiet():
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
        except Exception as fault:  # as above
            raise _bad_tokenizer(name, first_line(fault)) from fault
    if not tokenizer.is_fast:
        raise _bad_tokenizer(name, "It has no fast form.")
    text: str = tokenizer.backend_tokenizer.to_str()
    return text


def _bad_tokenizer(name: str, why: str) -> SweregError:
    return SweregError(
        f"the tokenizer of {name} cannot be loaded",
        why=why,
        hint="The folder needs tokenizer.json, or vocab.txt for BERT.",
        code="base.tokenizer",
    )

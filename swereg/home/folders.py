"""Folders that are written whole or not at all."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swereg.errors import Conflict, StorageError

# What exports have in them. A folder with anything else is never replaced.
_OURS = re.compile(
    r"README\.md|swereg\.json|(adapter_)?config\.json|(adapter_)?model\.safetensors|"
    r"model-\d+-of-\d+\.safetensors|model\.safetensors\.index\.json|tokenizer.*|vocab.*|"
    r"special_tokens_map\.json|added_tokens\.json|merges\.txt|spiece\.model|.*\.jinja"
)


@contextmanager
def replacing_folder(target: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside a folder; it takes that one's place when all is well.

    Args:
        force: whether an earlier export may be replaced.

    Raises:
        Conflict: something is there already.
        StorageError: it cannot be written. Nothing is left over then.
    """
    target = target.expanduser().resolve()
    check_folder_free(target, force=force)
    temporary = target.with_name(f".{target.name[:32]}-{secrets.token_hex(6)}.part")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _put(temporary, target)
    except OSError as fault:
        raise StorageError(
            f"the folder {target} cannot be written",
            why=f"{fault.strerror or fault}.",
            hint="Name another folder, or free some space.",
            code="export.folder",
        ) from fault
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_folder_free(target: Path, *, force: bool = False) -> None:
    """Refuse a place that is taken.

    Raises:
        Conflict: it is no folder, not empty without ``force``, or has what no export wrote.
    """
    if target.exists() and not target.is_dir():
        raise Conflict(
            f"{target} is there already, and no folder",
            hint="Name a folder that does not exist.",
            code="export.taken",
        )
    contents = sorted(path.name for path in target.iterdir()) if target.is_dir() else []
    strange = [name for name in contents if not _OURS.fullmatch(name)]
    if strange or (contents and not force):
        raise Conflict(
            f"the folder {target} is not empty",
            why=f"It has {', '.join((strange or contents)[:5])}"
            + (", which no export writes; such a folder is never replaced." if strange else "."),
            hint="Name another folder." if strange else "Name another folder, or say --force.",
            code="export.taken",
        )


def _put(temporary: Path, target: Path) -> None:
    """Rename a folder to its place; what is there goes only once the new one stands."""
    if not target.exists():
        temporary.rename(target)
        return
    old = temporary.with_suffix(".old")
    target.rename(old)
    try:
        temporary.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)

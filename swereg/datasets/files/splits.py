"""Which file is which split: by the names of the files, else by their order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from swereg.datasets.files.formats import DATA, extension, stem
from swereg.datasets.files.refusals import printable, refuse, some
from swereg.errors import UsageError
from swereg.records.dataset import SPLITS, ReadOptions, Split

_WORDS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "träning": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "validering": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}

Source = str | Path | Sequence[str | Path]
Files = dict[Split, Path]


@dataclass(frozen=True)
class Located:
    """The files of each split, and how to read them.

    Attributes:
        notices: what has to be said about finding them.
        source: what to record as their origin, or ``""``.
    """

    files: Mapping[Split, Sequence[Path]]
    notices: Sequence[str]
    options: ReadOptions
    source: str = ""


def find_files(source: Source) -> tuple[Files, list[str]]:
    """Say which file is which split; a single file is ``train`` for now.

    Raises:
        UsageError: the files are too many or none, or two are of one split.
        DataError: a folder has no training data.
    """
    paths = [Path(source)] if isinstance(source, str | Path) else [Path(path) for path in source]
    if len(paths) == 1 and paths[0].is_dir():
        return _in_folder(paths[0])
    if len(paths) == 1:
        return {"train": paths[0]}, []
    if not 1 < len(paths) <= len(SPLITS):
        raise UsageError(
            f"{len(paths)} data files are {'too many' if paths else 'too few'}",
            why="There are three splits: train, val and test.",
            hint="Give one file, or train, val and test, or a folder with them.",
            code="data.files",
        )
    return _by_name_or_order(paths)


def _by_name_or_order(paths: Sequence[Path]) -> tuple[Files, list[str]]:
    """Give named files their splits, and the others what is left, in order."""
    files: Files = {}
    unnamed = []
    for path in paths:
        name = _split_of(path)
        if name is None:
            unnamed.append(path)
        else:
            _put(files, name, path)
    missing = [name for name in SPLITS if name not in files]
    files |= dict(zip(missing, unnamed, strict=False))
    if "train" not in files:
        raise UsageError(
            "there is no file for train",
            why=f"The names say {_shown(files)}.",
            hint="Give the training examples too: --data TRAIN --data VAL --data TEST",
            code="data.files",
        )
    files = {name: files[name] for name in SPLITS if name in files}
    return files, [f"The files are taken for {_shown(files)}."] if unnamed else []


def _in_folder(folder: Path) -> tuple[Files, list[str]]:
    """Take train.csv, val.csv, ...; where no file is called so, names that have these words."""
    data = sorted(
        path
        for path in folder.iterdir()
        if extension(path) in DATA
        and path.is_file()
        and not path.name.startswith((".", "~$"))  # Excel's own mark of an open workbook
    )
    files: Files = {}
    for by_name in (_exactly, _split_of):
        for path in data:
            name = by_name(path)
            if name is not None:
                _put(files, name, path)
        if "train" in files:
            break
        files = {}
    if not files and len(data) == 1:
        return {"train": data[0]}, []
    if not files:
        raise refuse(
            f"the folder {printable(str(folder))} has no file train.csv, train.tsv or train.jsonl",
            f"It has {some([printable(p.name) for p in sorted(folder.iterdir())]) or 'no files'}.",
            "Name the files: --data TRAIN --data VAL --data TEST",
            "no-train",
        )
    unused = [printable(path.name) for path in data if path not in files.values()]
    notices = [f"Not used, though in {printable(folder.name)}: {some(unused)}."] if unused else []
    return {name: files[name] for name in SPLITS if name in files}, notices


def _put(files: Files, name: Split, path: Path) -> None:
    if name in files:
        raise UsageError(
            f"there are two files for {name}",
            why=f"They are {printable(str(files[name]))} and {printable(str(path))}.",
            hint="Name the ones to use: --data TRAIN --data VAL --data TEST",
            code="data.files",
        )
    files[name] = path


def _exactly(path: Path) -> Split | None:
    """The split that a file is called by, such as dev.csv."""
    return split_called(stem(path))


def _split_of(path: Path) -> Split | None:
    """The split that a file's name speaks of, such as mydata-dev.csv."""
    return split_spoken_of(stem(path))


def split_called(name: str) -> Split | None:
    """The split that is called so, such as ``dev`` or ``Validering``."""
    return _WORDS.get(_key(name))


def split_spoken_of(name: str) -> Split | None:
    """The one split that a name has a word for, such as ``mydata-dev``."""
    splits = {_WORDS[word] for word in re.split(r"[\W_\d]+", _key(name)) if word in _WORDS}
    return splits.pop() if len(splits) == 1 else None


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _shown(files: Files) -> str:
    return ", ".join(f"{n} {printable(files[n].name)}" for n in SPLITS if n in files)

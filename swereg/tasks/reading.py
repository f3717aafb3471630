"""Reading data of one's own: a file, several, or a folder, into one dataset."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from swereg.errors import UsageError
from swereg.records import SPLITS, Dataset, Example, ReadOptions, Split
from swereg.tasks.checks import check
from swereg.tasks.cleaning import clean, one_form
from swereg.tasks.columns import choose
from swereg.tasks.complaints import refuse, some
from swereg.tasks.decoding import decode
from swereg.tasks.splitting import split
from swereg.tasks.tables import JSON_LINES, TABLES, read_table

SHARES = (0.8, 0.1, 0.1)
_WORDS: dict[str, Split] = {
    "train": "train", "training": "train", "träning": "train",
    "val": "val", "valid": "val", "validation": "val", "validering": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip

Source = str | Path | Sequence[str | Path]
Parts = dict[Split, list[Example]]


def read_data(
    source: Source, options: ReadOptions | None = None, labels: tuple[str, ...] = ()
) -> Dataset:
    """Read a file, two or three files, or a folder with train, val and test.

    What has no split is split 80/10/10, stratified and seeded; where only validation is missing,
    a tenth of the training examples becomes it.

    Args:
        labels: their order; by default the sorted labels of the data.

    Returns:
        A checked dataset with its notices.

    Raises:
        NotFound: there is no such file.
        DataError: the data cannot be used as it is.
    """
    options = options or ReadOptions()
    files, notices = find_files(source)
    parts: Parts = {}
    for name, path in files.items():
        text, said = decode(path, options.encoding)
        table = read_table(path, text, options)
        examples, mended = clean(table, *choose(table, options.text, options.label), options)
        parts[name] = examples
        notices += [*said, *table.notices, *mended]
    form = one_form((e for part in parts.values() for e in part), options)
    parts = {n: [Example(e.text, form[e.label]) for e in part] for n, part in parts.items()}
    notices += _complete(parts, options.seed)
    found = sorted({example.label for part in parts.values() for example in part})
    order = tuple(unicodedata.normalize("NFC", label) for label in labels) or tuple(found)
    train, val, test = (tuple(parts.get(name, ())) for name in SPLITS)
    return check(Dataset(order, train, val, test, notices=tuple(notices)), options)


def find_files(source: Source) -> tuple[dict[Split, Path], list[str]]:
    """Say which file is which split; a single file is ``train`` for now.

    Raises:
        UsageError: the files are too many, or two are of one split.
        DataError: a folder has no data.
    """
    several = [Path(p) for p in source] if not isinstance(source, str | Path) else [Path(source)]
    if len(several) == 1 and several[0].is_dir():
        return _in_folder(several[0])
    if len(several) == 1:
        return {"train": several[0]}, []
    if len(several) > 3:
        raise UsageError(
            f"{len(several)} data files are too many",
            hint="Give one file, or train, val and test.",
            code="data.files",
        )
    named = [_split_of(path) for path in several]
    if None in named:
        return dict(zip(SPLITS, several, strict=False)), []
    files = {name: path for name, path in zip(named, several, strict=True) if name is not None}
    if len(files) < len(several):
        raise UsageError(
            "two data files are of the same split",
            why=f"They are {some([path.name for path in several])}.",
            hint="Give one file for each of train, val and test.",
            code="data.files",
        )
    return files, []


def _in_folder(folder: Path) -> tuple[dict[Split, Path], list[str]]:
    data = sorted(p for p in folder.iterdir() if p.suffix.lower() in JSON_LINES | TABLES)
    files: dict[Split, Path] = {}
    others = []
    for path in data:
        name = _WORDS.get(unicodedata.normalize("NFC", path.stem).casefold())
        if name is None:
            others.append(path.name)
        elif name in files:
            raise UsageError(
                f"{folder.name} has two files for {name}",
                why=f"They are {files[name].name} and {path.name}.",
                hint="Name the ones to use: --data FILE --data FILE --data FILE",
                code="data.files",
            )
        else:
            files[name] = path
    if "train" not in files:
        if len(data) == 1:
            return {"train": data[0]}, []
        raise refuse(
            f"the folder {folder} has no file train.csv, train.tsv or train.jsonl",
            f"It has {some([path.name for path in sorted(folder.iterdir())]) or 'no files'}.",
            "Name the files: --data TRAIN --data VAL --data TEST",
            "no-train",
        )
    notices = [f"Other files in {folder.name} are not used: {some(others)}."] if others else []
    return files, notices


def _split_of(path: Path) -> Split | None:
    """The split that a file's name speaks of, such as mydata-dev.csv."""
    words = re.split(r"[\W_\d]+", unicodedata.normalize("NFC", path.stem).casefold())
    found = {_WORDS[word] for word in words if word in _WORDS}
    return found.pop() if len(found) == 1 else None


def _complete(parts: Parts, seed: int) -> list[str]:
    """Make the splits that are missing, and say so."""
    if set(parts) == {"train"}:
        made = split(parts["train"], SHARES, seed)
        parts.update({name: list(part) for name, part in zip(SPLITS, made, strict=True)})
        sizes = ", ".join(f"{len(parts[name]):,} {name}" for name in SPLITS)
        return [f"Split 80/10/10 by label with seed {seed}: {sizes}."]
    notices = []
    if "val" not in parts:
        train, val = split(parts["train"], (0.9, 0.1), seed)
        parts["train"], parts["val"] = list(train), list(val)
        notices.append(
            f"There is no validation file: {len(val):,} training examples become it (seed {seed})."
        )
    if "test" not in parts:
        notices.append("There is no test file; scores are those on validation.")
    return notices

"""Reading data of one's own: a file, several, or a folder, into one dataset."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from swereg.records import SPLITS, Dataset, Example, ReadOptions, Split
from swereg.tasks.checks import check
from swereg.tasks.cleaning import Found, clean, one_form
from swereg.tasks.complaints import counted, printable, refuse
from swereg.tasks.decoding import decode
from swereg.tasks.files import JSON_LINES, Source, find_files
from swereg.tasks.json_rows import read_json
from swereg.tasks.splitting import split
from swereg.tasks.tables import Table, read_table

SHARES = (0.8, 0.1, 0.1)

Parts = dict[Split, list[Found]]


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
        UsageError: the files or options make no sense.
    """
    options = options or ReadOptions()
    known = tuple(unicodedata.normalize("NFC", label) for label in labels)
    files, notices = find_files(source)
    parts: Parts = {}
    for name, path in files.items():
        parts[name], said = read_file(path, options, known)
        notices += said
    form = one_form((found for part in parts.values() for found in part), options, known)
    for name, part in parts.items():
        parts[name] = [Found(Example(e.text, form[e.label]), place) for e, place in part]
    notices += _complete(parts, options.seed)
    examples = {n: tuple(found.example for found in parts.get(n, ())) for n in SPLITS}
    places = {n: [found.place for found in part] for n, part in parts.items()}
    order = known or tuple(sorted(set(form.values())))
    return check(
        Dataset(order, examples["train"], examples["val"], examples["test"], tuple(notices)),
        options,
        places,
    )


def read_file(
    path: Path, options: ReadOptions, known: tuple[str, ...]
) -> tuple[list[Found], list[str]]:
    """Read one file; its labels are not yet in one form."""
    text, said = decode(path, options.encoding)
    table = _rows(path, text, options)
    found, mended = clean(table, options, known)
    if not found:
        raise refuse(
            f"{printable(path.name)} has no rows",
            f"{printable(str(path))}:1 is all there is: it is empty, or has a header alone."
            if not table.rows
            else f"Of {counted(len(table.rows), 'row')}, not one has both a text and a label.",
            "Give a file with a text and a label per row.",
            "empty",
        )
    return found, [*said, *table.notices, *mended]


def _rows(path: Path, text: str, options: ReadOptions) -> Table:
    if not text.strip():
        return Table(path, [], [])
    if path.suffix.lower() in JSON_LINES or text.lstrip().startswith('{"'):
        return read_json(path, text, options)
    return read_table(path, text, options)


def _complete(parts: Parts, seed: int) -> list[str]:
    """Make the splits that are missing, and say so."""
    if set(parts) == {"train"}:
        _cut(parts, SPLITS, SHARES, seed)
        sizes = ", ".join(f"{len(parts[name]):,} {name}" for name in SPLITS)
        return [f"Split 80/10/10 by label with seed {seed}: {sizes}."]
    notices = []
    if "val" not in parts:
        _cut(parts, ("train", "val"), (0.9, 0.1), seed)
        notices.append(
            f"There is no validation file: {counted(len(parts['val']), 'training example')} "
            f"taken for it by label, with seed {seed}."
        )
    if "test" not in parts:
        notices.append("There is no test file; scores are those on validation.")
    return notices


def _cut(parts: Parts, names: tuple[Split, ...], shares: tuple[float, ...], seed: int) -> None:
    """Divide the training examples among some splits."""
    whole = parts["train"]
    made = split([found.example for found in whole], shares, seed)
    for name, numbers in zip(names, made, strict=True):
        parts[name] = [whole[number] for number in numbers]

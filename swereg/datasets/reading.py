"""Reading data of one's own: a file, several, or a folder, into one dataset."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from swereg.datasets import split_column
from swereg.datasets.checks import check_dataset
from swereg.datasets.cleaning import PlacedExample, clean, one_form
from swereg.datasets.files.csv_rows import Table
from swereg.datasets.files.decoding import decode
from swereg.datasets.files.formats import JSON_LINES, Format, format_of
from swereg.datasets.files.refusals import counted, printable, refuse
from swereg.datasets.files.splits import Located, Source, find_files
from swereg.datasets.hub import fetching
from swereg.datasets.hub.spec import spec_in
from swereg.datasets.labels import Labels
from swereg.datasets.split_column import Parts
from swereg.datasets.splitting import split_examples
from swereg.records.dataset import SPLITS, Dataset, Example, ReadOptions, Split

SHARES = (0.8, 0.1, 0.1)


def read_data(
    source: Source, options: ReadOptions | None = None, labels: tuple[str, ...] = ()
) -> Dataset:
    """Read a file, two or three files, a folder with train, val and test, or a Hub dataset.

    What has no split is split 80/10/10, stratified and seeded; where only validation is missing,
    a tenth of the training examples becomes it.

    Args:
        source: paths, or ``hub:ORG/NAME``.
        labels: their order; by default the sorted labels of the data.

    Returns:
        A checked dataset with its notices.

    Raises:
        NotFound: there is no such file, or the Hub cannot be reached.
        DataError: the data cannot be used as it is.
        UsageError: the files or options make no sense.
    """
    options = options or ReadOptions()
    dataset, places = gather(locate_files(source, options), Labels(labels))
    return check_dataset(dataset, options, places)


def locate_files(source: Source, options: ReadOptions) -> Located:
    """Say where the files of each split are; those of the Hub are fetched.

    Raises:
        NotFound: the Hub's dataset cannot be had.
        UsageError: the files make no sense.
    """
    spec = spec_in(source)
    if spec is not None:
        return fetching.fetch(spec, options)
    files, notices = find_files(source)
    return Located({name: [path] for name, path in files.items()}, notices, options)


def gather(located: Located, labels: Labels) -> tuple[Dataset, dict[Split, list[str]]]:
    """Read the files of all splits into a dataset that is not yet checked, and places of it.

    Raises:
        NotFound: there is no such file.
        DataError: a file cannot be read as it is.
    """
    options, labels_so_far = located.options, labels.known
    notices = list(located.notices)
    parts: Parts = {}
    for name, paths in located.files.items():
        parts[name] = []
        for path in paths:
            examples, messages = read_file(path, options, labels_so_far)
            parts[name] += labels.of(examples)
            notices += messages
    if set(parts) == {"train"}:
        parts, messages = split_column.divide_by_column(parts["train"])
        notices += messages
        _refuse_no_train(parts)
    form = one_form((placed for part in parts.values() for placed in part), options, labels.order)
    for name, part in parts.items():
        parts[name] = [PlacedExample(Example(e.text, form[e.label]), place) for e, place, _ in part]
    notices += _complete(parts, options.seed)
    splits = {n: tuple(placed.example for placed in parts.get(n, ())) for n in SPLITS}
    places = {n: [placed.place for placed in part] for n, part in parts.items()}
    order = labels.order or tuple(sorted(set(form.values())))
    return Dataset(
        order,
        splits["train"],
        splits["val"],
        splits["test"],
        tuple(notices),
        located.source,
    ), places


def read_file(
    path: Path, options: ReadOptions, labels: tuple[str, ...]
) -> tuple[list[PlacedExample], list[str]]:
    """Read one file; its labels are not yet in one form."""
    table, notices = _table(path, options)
    examples, mended = clean(table, options, labels)
    if not examples:
        raise refuse(
            f"{printable(path.name)} has no rows",
            f"{printable(str(path))}:1 is all there is: it is empty, or has a header alone."
            if not table.rows
            else f"Of {counted(len(table.rows), 'row')}, not one has both a text and a label.",
            "Give a file with a text and a label per row.",
            "empty",
        )
    return examples, [*notices, *table.notices, *mended]


def _table(path: Path, options: ReadOptions) -> tuple[Table, list[str]]:
    """Cut a file into rows, by what its name says it is."""
    data_format = format_of(path)
    if not data_format.is_text:
        table: Table = _reader(data_format)(path, options)
        return table, []
    text, notices = decode(path, options.encoding)
    if not text.strip():
        return Table(path, [], []), notices
    if text.lstrip().startswith('{"'):  # whatever its name says
        data_format = JSON_LINES
    return _reader(data_format)(path, text, options), notices


def _reader(data_format: Format) -> Callable[..., Table]:
    """Import a reader: each brings a library of its own."""
    module, function = data_format.reader.split(":")
    reader: Callable[..., Table] = getattr(
        import_module(f"swereg.datasets.files.{module}"), function
    )
    return reader


def _refuse_no_train(parts: Parts) -> None:
    if "train" not in parts:
        raise refuse(
            "there are no examples for train",
            f"The column split says {' and '.join(parts)} alone.",
            "Give training examples too.",
            "no-train",
        )


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
    examples = parts["train"]
    split_parts = split_examples([example.example for example in examples], shares, seed)
    for name, numbers in zip(names, split_parts, strict=True):
        parts[name] = [examples[number] for number in numbers]

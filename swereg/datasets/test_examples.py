"""Reading examples to score something on that was trained elsewhere."""

from __future__ import annotations

from swereg.datasets import split_column
from swereg.datasets.cleaning import PlacedExample, one_form
from swereg.datasets.files.refusals import quote, refuse, some
from swereg.datasets.files.splits import Source
from swereg.datasets.reading import locate_files, read_file
from swereg.records.dataset import Dataset, Example, ReadOptions, Split

BEST_FIRST: tuple[Split, ...] = ("test", "val", "train")


def read_test(source: Source, options: ReadOptions | None, labels: tuple[str, ...]) -> Dataset:
    """Read examples for a test: of several files the test part, else validation; or all of one.

    Args:
        labels: those of the head, in its order. Not every one of them has to occur.

    Returns:
        A dataset that has only a test part, with its notices.

    Raises:
        NotFound: there is no such file.
        DataError: the data cannot be used as it is, or has other labels.
    """
    options = options or ReadOptions()
    located = locate_files(source, options)
    split = next(name for name in BEST_FIRST if name in located.files)
    paths, notices = located.files[split], list(located.notices)
    gathered: list[PlacedExample] = []
    for path in paths:
        further, messages = read_file(path, located.options, labels)
        gathered += further
        notices += messages
    if set(located.files) == {"train"}:
        parts, messages = split_column.divide_by_column(gathered)
        gathered = next(parts[name] for name in BEST_FIRST if name in parts)
        notices += messages
    form = one_form(gathered, options, labels)
    examples = tuple(Example(e.text, form[e.label]) for e, _, _ in gathered)
    unknown = sorted({example.label for example in examples} - set(labels))
    if unknown:
        raise refuse(
            "there are labels that the adapter does not have",
            f"They are {some([quote(label) for label in unknown])}; the adapter has "
            f"{some([quote(label) for label in labels])}.",
            "Name the adapter's labels as the data has them, in the order of its head.",
            "labels-unknown",
        )
    if len(located.files) > 1:
        notices.append(f"The scores are those on {', '.join(path.name for path in paths)}.")
    return Dataset(labels, (), (), examples, tuple(notices), located.source)

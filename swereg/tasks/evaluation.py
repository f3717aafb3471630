"""Reading examples to score something on that was trained elsewhere."""

from __future__ import annotations

from swereg.records import Dataset, Example, ReadOptions
from swereg.tasks.cleaning import one_form
from swereg.tasks.complaints import quote, refuse, some
from swereg.tasks.files import Source, find_files
from swereg.tasks.reading import read_file


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
    files, notices = find_files(source)
    split = next(name for name in ("test", "val", "train") if name in files)
    found, said = read_file(files[split], options, labels)
    form = one_form(found, options, labels)
    examples = tuple(Example(e.text, form[e.label]) for e, _ in found)
    unknown = sorted({example.label for example in examples} - set(labels))
    if unknown:
        raise refuse(
            "there are labels that the adapter does not have",
            f"They are {some([quote(label) for label in unknown])}; the adapter has "
            f"{some([quote(label) for label in labels])}.",
            "Name the adapter's labels as the data has them, in the order of its head.",
            "labels-unknown",
        )
    if len(files) > 1:
        notices = [*notices, f"The scores are those on {files[split].name}."]
    return Dataset(labels, (), (), examples, (*notices, *said))

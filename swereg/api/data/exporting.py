"""Datasets as files that are read again as they were."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.api.arguments.opening import open_reader
from swereg.errors import Conflict, StorageError
from swereg.home import files
from swereg.records.dataset import Dataset, ReadOptions, StoredDataset

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place


@dataclass(frozen=True)
class Exported:
    """A dataset as a text that can be written to a file.

    Attributes:
        dataset: what was exported.
        text: the file's content.
        form: ``csv``, ``tsv`` or ``jsonl``.
        formulas: cells that a spreadsheet would take for formulas, where they are not protected.
        fault: why reading it again would not give the same dataset, or ``""``.
    """

    dataset: StoredDataset
    text: str
    form: str
    formulas: int
    fault: str


def export(
    dataset: str,
    output: str | Path | None = None,
    *,
    form: str | None = None,
    spreadsheet: bool = False,
    force: bool = False,
    registry: Place = None,
) -> Exported:
    """Write a dataset as CSV, TSV or JSON Lines, with a column that names the splits.

    Read again by swereg, the file gives the dataset with the same digest; that is tried out.

    Args:
        output: the file; without one, the text is only returned.
        form: ``csv``, ``tsv`` or ``jsonl``; by default what the file ends in.
        spreadsheet: write for Excel, with an apostrophe before what would be a formula. Read
            again, such texts are others.
        force: whether a file that is there may be replaced.

    Raises:
        NotFound: there is no such dataset, or its texts are not in the registry.
        Conflict: the file is there already.
        UsageError: the format is not known.
        StorageError: the file cannot be written.
    """
    from swereg.datasets import writing

    path = None if output is None else Path(output).expanduser()
    form = form or (writing.format_of(path) if path else "csv")
    if path and path.exists() and not force:
        raise Conflict(
            f"{path} is there already", hint="Name another file, or say --force.", code="data.taken"
        )
    with open_reader(registry) as store:
        facts = store.find_dataset(dataset)
        examples = store.dataset(facts.digest)
    text = writing.write_dataset(examples, form, spreadsheet=spreadsheet)
    if path:
        _put(path, text)
    fault = "" if spreadsheet else _fault(examples, text, form)
    formulas = 0 if spreadsheet or form == "jsonl" else writing.formulas(examples)
    return Exported(facts, text, form, formulas, fault)


def _put(path: Path, text: str) -> None:
    try:
        files.write_whole(path, text, private=True)
    except OSError as fault:
        raise StorageError(
            f"{path} cannot be written",
            why=f"{fault.strerror}.",
            hint="Name another file, or free some space.",
            code="data.unwritable",
        ) from fault


def _fault(dataset: Dataset, text: str, form: str) -> str:
    """Read an exported text again, and say what is wrong if it is not the same."""
    from swereg.datasets.inspection import inspect_data

    with tempfile.TemporaryDirectory(prefix="swereg-") as folder:
        path = Path(folder) / f"data.{form}"
        path.write_bytes(text.encode())
        inspection = inspect_data(path, ReadOptions(), dataset.labels)
    if inspection.dataset == dataset:
        return ""
    if inspection.refusals:
        return f"{inspection.refusals[0].what[:1].upper()}{inspection.refusals[0].what[1:]}."
    return "Some texts have spaces or control characters that a reader of files leaves out."

"""From a Parquet file to rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from swereg.datasets.files.cells import plain
from swereg.datasets.files.columns import choose_columns
from swereg.datasets.files.csv_rows import Row, Table, refuse_too_many
from swereg.datasets.files.decoding import LARGEST, read_bytes, too_large
from swereg.datasets.files.refusals import import_extra, place, printable, quote, refuse
from swereg.errors import SweregError, first_line
from swereg.records.dataset import ReadOptions

_BATCH = 2**14  # rows


def read_parquet(path: Path, options: ReadOptions) -> Table:
    """Read the column of the texts and that of the labels into rows, numbered from 1.

    Labels that are numbers become names where the schema has those of a Hugging Face ClassLabel.

    Raises:
        NotFound: there is no such file.
        DataError: it is no Parquet file, too large, or has no such column.
        SweregError: pyarrow is not installed.
    """
    parquet = import_extra("pyarrow.parquet", "parquet", "Parquet files")
    arrow = import_extra("pyarrow", "parquet", "Parquet files")
    data = read_bytes(path)
    try:
        file = parquet.ParquetFile(arrow.BufferReader(data))
        columns = list(file.schema_arrow.names)
        chosen = choose_columns(path, columns, options)
        chosen_columns = [name for name in (chosen.text, chosen.label, chosen.split) if name]
        _refuse_size(path, file.metadata, chosen_columns)
        words = [
            name for name in chosen_columns if _is_text(arrow, file.schema_arrow.field(name).type)
        ]
        # as a dictionary, a text that stands a million times is in memory once
        file = parquet.ParquetFile(arrow.BufferReader(data), read_dictionary=words)
        names = _class_names(file.schema_arrow.metadata or {}, chosen.label)
        rows = list(_rows(path, file, chosen_columns, names))
    except (SweregError, MemoryError):
        raise
    except Exception as fault:  # pyarrow raises many kinds on what is not sound
        raise refuse(
            f"{printable(path.name)} cannot be read as a Parquet file",
            f"{first_line(fault)}.",
            "Write it again, or give its rows as CSV or JSON Lines.",
            "parquet",
        ) from fault
    return Table(path, rows, chosen.notices)


def _refuse_size(path: Path, metadata: Any, columns: Sequence[str]) -> None:
    """Refuse more rows or bytes than are read, by what the file says of itself."""
    refuse_too_many(path, metadata.num_rows)
    size = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column in map(group.column, range(group.num_columns)):
            if column.path_in_schema in columns:
                size += column.total_uncompressed_size
    if size > LARGEST:
        raise too_large(
            path, f"Its texts and labels have {size:,} bytes; at most {LARGEST:,} are read."
        )


def _is_text(arrow: Any, kind: Any) -> bool:
    return bool(arrow.types.is_string(kind) or arrow.types.is_large_string(kind))


def _class_names(metadata: dict[bytes, bytes], label: str) -> list[str]:
    """The names of a ClassLabel, which the library datasets writes into the schema, or none."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        names = features[label]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return []
    sound = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return names if sound else []


def _rows(
    path: Path, file: Any, chosen_columns: Sequence[str], names: Sequence[str]
) -> Iterator[Row]:
    line = 0
    for batch in file.iter_batches(batch_size=_BATCH, columns=list(chosen_columns)):
        columns = (_values(batch.column(name)) for name in chosen_columns)
        for text, label, *split in zip(*columns, strict=True):
            line += 1
            refuse_too_many(path, line)
            values = [text, _named(path, line, label, names), *split]
            pairs = zip(chosen_columns, values, strict=True)
            yield Row(line, *(_plain(path, line, name, value) for name, value in pairs))


def _values(column: Any) -> list[Any]:
    """The values of a column; equal texts are one object."""
    if not hasattr(column, "indices"):
        return list(column.to_pylist())
    words = column.dictionary.to_pylist()
    return [None if number is None else words[number] for number in column.indices.to_pylist()]


def _named(path: Path, line: int, label: Any, names: Sequence[str]) -> Any:
    """The name of a class; -1 is Hugging Face's word for no label."""
    if not names or isinstance(label, bool) or not isinstance(label, int):
        return label
    if -1 <= label < len(names):
        return names[label] if label >= 0 else None
    raise refuse(
        f"{place(path, line)} has the label {label}, which has no name",
        f"The file names {len(names):,} labels, from 0 on.",
        "Write the file again with its right features.",
        "parquet",
    )


def _plain(path: Path, line: int, name: str, value: Any) -> str:
    text = plain(value.decode("utf-8") if isinstance(value, bytes) else value)
    if text is None:
        raise refuse(
            f"{place(path, line)} has more than one value in {quote(name)}",
            f"It is {quote(repr(value))}.",
            f"Give {printable(name)} one text or number in each row.",
            "parquet",
        )
    return text

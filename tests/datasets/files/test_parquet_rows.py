"""Parquet files: the same rows and the same refusals as a table."""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swereg.datasets.files import decoding, parquet_rows
from swereg.datasets.reading import read_data
from swereg.errors import DataError, NotFound
from swereg.records.dataset import ReadOptions
from tests.datasets.conftest import CSV, ROWS, Write

Save = Callable[..., Path]
TEXTS = [text for text, _ in ROWS]
LABELS = [label for _, label in ROWS]
NUMBERS = [int(label == "positiv") for label in LABELS]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write columns to a Parquet file."""

    def _save(name: str = "data.parquet", names: Any = None, rows: int = 7, **columns: Any) -> Path:
        made = pa.table(columns)
        if names is not None:
            info = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
            made = made.replace_schema_metadata({"huggingface": json.dumps(info)})
        path = tmp_path / "files" / name
        path.parent.mkdir(exist_ok=True)
        pq.write_table(made, path, row_group_size=rows)
        return path

    return _save


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.binary(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ],
    ids=str,
)
def test_every_kind_of_text_gives_what_the_same_table_gives(
    kind: Any, save: Save, write: Write
) -> None:
    path = save(text=pa.array(TEXTS).cast(kind), label=pa.array(LABELS).cast(kind), nr=NUMBERS)
    assert read_data(path) == read_data(write(CSV))


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (pa.array(NUMBERS, pa.int8()), ("0", "1")),
        (pa.array(NUMBERS, pa.uint64()), ("0", "1")),
        (pa.array(map(float, NUMBERS), pa.float32()), ("0", "1")),
        (pa.array([n / 10 + 0.1 for n in NUMBERS], pa.float64()), ("0.1", "0.2")),
        (pa.array(map(bool, NUMBERS)), ("false", "true")),
        (pa.array(NUMBERS, pa.date32()), ("1970-01-01", "1970-01-02")),
    ],
)
def test_labels_that_are_no_texts_are_written_as_such(
    values: Any, labels: tuple[str, ...], save: Save
) -> None:
    assert read_data(save(text=TEXTS, label=values)).labels == labels


def test_numbers_get_the_names_that_the_library_datasets_gave_them(save: Save) -> None:
    read = read_data(save(names=["dålig", "bra"], text=TEXTS, label=NUMBERS))
    assert read.labels == ("bra", "dålig")
    assert {e.label for e in read.train if "underbar" in e.text} == {"bra"}
    with pytest.raises(DataError) as caught:
        read_data(save(names=["dålig"], text=TEXTS, label=NUMBERS))
    assert "has no name" in caught.value.what
    with pytest.raises(DataError) as caught:
        read_data(save(names=["dålig", "bra"], text=TEXTS, label=[-1, *NUMBERS[1:]]))
    assert caught.value.code == "data.empty-cells"
    assert read_data(save(names={"0": "x"}, text=TEXTS, label=NUMBERS)).labels == ("0", "1")


def test_texts_and_columns_are_read_in_any_unicode_form(save: Save) -> None:
    texts = [unicodedata.normalize("NFD", f"{text} å ä ö") for text in TEXTS]
    columns = {unicodedata.normalize("NFD", "Omdöme"): texts, "a.b": LABELS}
    read = read_data(save(**columns), ReadOptions(label="a.b"))
    assert read.train[0].text.endswith("å ä ö")
    assert any("40 rows brought into Unicode NFC" in notice for notice in read.notices)


def test_a_fault_names_the_row(save: Save) -> None:
    with pytest.raises(DataError) as caught:
        read_data(save(text=[*TEXTS[:-1], None], label=LABELS))
    assert caught.value.code == "data.empty-cells"
    assert "data.parquet, line 40" in caught.value.why
    with pytest.raises(DataError) as caught:
        read_data(save(text=TEXTS, label=[[label] for label in LABELS]))
    assert "data.parquet:1 has more than one value in 'label'" in caught.value.what


def test_two_columns_of_one_name_are_refused(save: Save) -> None:
    path = save(text=TEXTS, label=LABELS)
    twice = pa.Table.from_arrays(
        [pa.array(TEXTS)] * 2 + [pa.array(LABELS)], names=["text", "text", "label"]
    )
    pq.write_table(twice, path)
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert caught.value.code == "data.columns"


def test_a_folder_and_several_files_are_splits(save: Save) -> None:
    for name in ("train", "dev", "test"):
        path = save(f"{name}.parquet", text=[f"{t} {name}" for t in TEXTS], label=LABELS)
    read = read_data(path.parent)
    assert [len(read.split(n)) for n in ("train", "val", "test")] == [40, 40, 40]
    assert read_data(sorted(path.parent.iterdir(), reverse=True)) == read


def test_what_is_no_parquet_is_refused(save: Save) -> None:
    path = save(text=TEXTS, label=LABELS)
    whole = path.read_bytes()
    for content in (b"", b"PAR1", CSV.encode(), whole[:-20], whole[:50] + bytes(300) + whole[350:]):
        path.write_bytes(content)
        with pytest.raises(DataError) as caught:
            read_data(path)
        assert caught.value.code == "data.parquet"
    with pytest.raises(NotFound):
        read_data(path.with_name("none.parquet"))
    path.write_bytes(b"")
    with pytest.raises(DataError) as caught:
        read_data(save(text=pa.array([], pa.string()), label=pa.array([], pa.string())))
    assert caught.value.code == "data.empty"


def test_texts_that_are_no_utf8_are_refused(save: Save) -> None:
    texts = pa.array([*TEXTS[:-1], "Hallå".encode("cp1252")], pa.binary())
    with pytest.raises(DataError) as caught:
        read_data(save(text=texts, label=LABELS))
    assert "UnicodeDecodeError" in caught.value.why


def test_a_file_that_would_grow_is_refused(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(text=[f"{n}" + "a" * 5000 for n in range(40)], label=LABELS)
    monkeypatch.setattr(parquet_rows, "LARGEST", 10**5)
    assert path.stat().st_size < 10**5
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert caught.value.code == "data.too-large"


def test_one_text_a_million_times_is_in_memory_once(save: Save) -> None:
    texts = pa.DictionaryArray.from_arrays([0] * 20_000, ["a" * 10**6])
    path = save(text=texts, label=["x"] * 20_000, rows=20_000)
    rows = parquet_rows.read_parquet(path, ReadOptions()).rows
    assert len(rows) == 20_000
    assert len({id(row.text) for row in rows}) <= 2


def test_a_gzip_archive_of_a_table_is_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_data(write(CSV))
    packed = gzip.compress(CSV.encode())
    assert read_data(write(packed, "data.csv.gz")) == read
    path = write(packed[:-30], "data.csv.gz")
    with pytest.raises(DataError) as caught:
        read_data(path)
    assert caught.value.code == "data.unreadable"
    monkeypatch.setattr(decoding, "LARGEST", 10**5)
    with pytest.raises(DataError) as caught:
        read_data(write(gzip.compress(bytes(10**6)), "data.csv.gz"))
    assert caught.value.code == "data.too-large"

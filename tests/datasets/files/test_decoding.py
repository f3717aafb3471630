"""Swedish survives: one file in many encodings gives the same examples."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from typing import Literal

import pytest

from swereg.datasets.reading import read_data
from swereg.records.dataset import ReadOptions
from tests.datasets.conftest import ROWS, Write

TEXTS = [
    ('Hon sa "nej"; sedan gick hon, och åt', "negativ"),
    ("Kön var lång\noch öde, ända till Ängelholm", "negativ"),
    ("É på köpet: 5 € för kaffe – prisvärt…", "positiv"),
    *ROWS,
]


def table(delimiter: str, ending: str, form: Literal["NFC", "NFD"] = "NFC") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending)
    writer.writerows([("Mening", "Etikett"), *TEXTS])
    text = out.getvalue()
    # a text's own line end becomes the file's, as spreadsheets do it
    return unicodedata.normalize(
        form, text.replace("\nå", f"{ending}å").replace("\no", ending + "o")
    )


DIGEST = "484ca14c0c9b7856b4969017fc52c934a5c84db772dc766922084524d20bf9d9"
FILES: dict[str, bytes] = {
    "utf-8.csv": table(",", "\n").encode(),
    "bom-semicolon.csv": table(";", "\r\n").encode("utf-8-sig"),
    "excel.csv": table(";", "\r\n").encode("cp1252"),
    "sep-line.csv": b"sep=;\r\n" + table(";", "\r\n").encode("cp1252"),
    "unicode-text.txt": table("\t", "\r\n").encode("utf-16"),
    "big-endian.tsv": b"\xfe\xff" + table("\t", "\n").encode("utf-16-be"),
    "no-mark.csv": table(",", "\n").encode("utf-16-le"),
    "utf-32.csv": table(",", "\n").encode("utf-32"),
    "decomposed.csv": table(",", "\n", "NFD").encode(),
    "decomposed.tsv": table("\t", "\r\n", "NFD").encode("utf-16"),
    "lines.jsonl": "".join(
        json.dumps({"mening": text, "etikett": label, "id": 1}, ensure_ascii=False) + "\n"
        for text, label in TEXTS
    ).encode(),
    "escaped.jsonl": "".join(
        json.dumps({"mening": text, "etikett": label}) + "\r\n" for text, label in TEXTS
    ).encode("utf-8-sig"),
    "array.json": json.dumps([{"text": t, "label": k} for t, k in TEXTS], indent=2).encode(),
    "three-columns.csv": "".join(
        f'"{n}";"{text}";"{label}"\n'
        for n, (text, label) in enumerate(
            [("Text", "Klass"), *((t.replace('"', '""'), k) for t, k in TEXTS)]
        )
    ).encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_each_form_of_a_file_gives_the_same_digest(name: str, write: Write) -> None:
    read = read_data(write(FILES[name], name))
    assert read.labels == ("negativ", "positiv")
    assert {(e.text, e.label) for e in (*read.train, *read.val, *read.test)} == set(TEXTS)
    assert read.digest == DIGEST


@pytest.mark.parametrize("encoding", ["cp850", "mac_roman", "latin-1", "utf-16-le", "cp1252"])
def test_an_encoding_that_is_named_wins(encoding: str, write: Write) -> None:
    rows = "text;label\n" + "".join(f"{text};{label}\n" for text, label in ROWS)
    expected = read_data(write(rows)).digest
    read = read_data(write(rows.encode(encoding)), ReadOptions(encoding=encoding))
    assert read.digest == expected

"""Every way a data file can be wrong, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from swereg.datasets import checks, cleaning
from swereg.datasets.files import csv_rows, decoding, not_text
from swereg.datasets.reading import read_data
from swereg.errors import DataError, NotFound, SweregError, UsageError
from swereg.records.dataset import SPLITS, ReadOptions
from tests.datasets.conftest import BAD, CSV, GOOD, ROWS, Write, table

BOOK = b"PK\x03\x04" + bytes(range(256)) * 8
TWINS = ["positiv" if n % 2 else "Positiv" for n in range(20)]


def lines(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def mojibake(text: str) -> str:
    return text.encode().decode("cp1252")


REFUSED: list[tuple[str, str | bytes, dict[str, Any], str, tuple[str, ...]]] = [
    # what it is, the file, options, the code, what the message has
    ("D01 empty", "", {}, "empty", ("no rows", "data.csv:1")),
    ("D01 spaces", " \n \n", {}, "empty", ("no rows", "data.csv:1")),
    ("D01 header", "text,label\n", {}, "empty", ("no rows", "data.csv:1")),
    ("D02 xlsx", BOOK, {}, "binary", ("data.csv", "Excel", "CSV UTF-8")),
    ("D02 empty zip", b"PK\x05\x06" + bytes(18), {}, "binary", ("zip",)),
    ("D02 xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), {}, "binary", ("Excel",)),
    ("D02 pdf", b"%PDF-1.7\n%\xe2\xe3\n", {}, "binary", ("PDF",)),
    ("D02 gzip", b"\x1f\x8b\x08" + bytes(20), {}, "binary", ("gzip",)),
    ("D02 sqlite", b"SQLite format 3\0" + bytes(80), {}, "binary", ("SQLite",)),
    ("D02 parquet", b"PAR1\x15\x04\x15" + bytes(20), {}, "binary", ("Parquet",)),
    ("D02 web page", b"\n<!DOCTYPE html><title>Logga in", {}, "binary", ("web page",)),
    ("D02 lfs", b"version https://git-lfs.github.com/spec/v1\n", {}, "binary", ("git lfs pull",)),
    ("D02 zeros", b"text,label\n" + bytes(200), {}, "binary", ("data.csv:2",)),
    (
        "D03 too many fields",
        CSV + "Dyrt, men gott,positiv\n",
        {},
        "ragged",
        ("data.csv:42", "3 fields", "header has 2", "'Dyrt'", "quotes", "--skip-bad-rows 1"),
    ),
    (
        "D03 too few fields",
        CSV + "Dyrt;positiv\n",
        {},
        "ragged",
        ("data.csv:42", "1 field,", "--delimiter", "--skip-bad-rows 1"),
    ),
    (
        "D03 after a text of three lines",
        CSV + '"Bra\n\nså",positiv\n\nHej\n',
        {},
        "ragged",
        ("data.csv:46", "1 field,"),
    ),
    (
        "D03 one more than allowed",
        CSV + "a,b,c\n" * 3,
        {"skip_bad_rows": 2},
        "ragged",
        ("data.csv:42", "3 rows of that kind, lines 42, 43, 44.", "--skip-bad-rows 3"),
    ),
    (
        "D04 open quote",
        CSV + '"Dyrt,positiv\nGott,positiv\n',
        {},
        "quote",
        ("data.csv:42", "JSON Lines"),
    ),
    (
        "D04 quote in a quote",
        CSV + '"Så "gott" det var",positiv\n',
        {},
        "quote",
        ("data.csv:42", 'twice ("")'),
    ),
    (
        "D04 rows swallowed",
        CSV + '"Så gott,positiv\nUsch,negativ\nInte "gott",positiv\n',
        {},
        "quote",
        ("data.csv:42",),
    ),
    (
        "D04 rows swallowed, well-formed",
        CSV + '"Så gott,positiv\nUsch,negativ\nBra",positiv\n',
        {},
        "quote",
        ("data.csv:42", "swallows", "2 of the lines"),
    ),
    (
        "D05 neither",
        CSV.encode("cp1252") + b"\x81,positiv\n",
        {},
        "encoding",
        ("data.csv:42", "81 2c 70 6f", "neither", "--encoding"),
    ),
    ("D05 old Mac", CSV.encode("mac_roman"), {}, "encoding", ("mac_roman", "data.csv:2")),
    ("D05 DOS", CSV.encode("cp850"), {}, "encoding", ("cp850", "data.csv:2")),
    (
        "D05 in parts",
        CSV.encode() + "Tråkigt,negativ\n".encode("cp1252"),
        {},
        "encoding",
        ("in parts", "data.csv:42", "e5 6b 69 67"),
    ),
    (
        "D05 not as named",
        CSV.encode("cp1252"),
        {"encoding": "utf-8"},
        "encoding",
        ("not utf-8", "data.csv:2"),
    ),
    ("D05 no such encoding", CSV, {"encoding": "klingon"}, "encoding", ("'klingon'",)),
    ("D05 no text encoding", CSV, {"encoding": "hex"}, "encoding", ("'hex'",)),
    ("D05 UTF-16 cut short", CSV.encode("utf-16")[:-1], {}, "encoding", ("not utf-16",)),
    (
        "D06 mojibake",
        mojibake(CSV),
        {},
        "mojibake",
        ("broken", "lines 2, 3, 4, 5, 6 and 35 more", "--repair-mojibake"),
    ),
    (
        "D07 columns",
        "texten,betyg\nHej,1\n",
        {},
        "columns",
        ("'texten', 'betyg'", "--text 'texten'"),
    ),
    ("D07 no label", "text,labeltext\nHej,1\n", {}, "columns", ("for the labels", "'labeltext'")),
    ("D07 named column", CSV, {"text": "txet"}, "columns", ("'txet'", "--text 'text'")),
    (
        "D07 no header",
        "".join(CSV.splitlines(keepends=True)[1:]),
        {},
        "columns",
        ("first line", "--text NAME"),
    ),
    (
        "D07 twice",
        "text,label,Label \nHej,a,b\n",
        {"label": "LABEL"},
        "columns",
        ("2 columns", "'label', 'Label'"),
    ),
    ("D07 same column", "text,label\nHej,a\n", {"label": "Text"}, "columns", ("same column",)),
    ("D07 another delimiter", "text|label\nHej|a\n", {}, "columns", ("--delimiter",)),
    ("D07 wrong delimiter", CSV, {"delimiter": ";"}, "columns", ("'text,label'", "--delimiter")),
    ("D09 zero", CSV + "Du\0r,positiv\n", {}, "control", ("data.csv:42", "zero character")),
    ("D11 field", CSV + "a" * 1_000_001 + ",positiv\n", {}, "field", ("data.csv:42", "1,000,000")),
    (
        "D13 text",
        CSV + " ,positiv\n,negativ\n",
        {},
        "empty-cells",
        ("2 rows", "data.csv, lines 42, 43", "--drop-empty"),
    ),
    (
        "D13 label",
        CSV + "Hej,\nHej,nan\nHej,None\nHej,#N/A\nHej, NaN\nHej,null\n",
        {},
        "empty-cells",
        ("6 rows", "lines 42, 43, 44, 45, 46 and 1 more", "--drop-empty"),
    ),
    ("D13 all", "text,label\nHej,nan\n", {"drop_empty": True}, "empty", ("data.csv", "not one")),
    (
        "D14 case",
        table(list(zip(GOOD, TWINS, strict=True))),
        {},
        "labels-alike",
        ("'Positiv' (", "data.csv:2)", "'positiv' (", "data.csv:3)", "--normalise-labels"),
    ),
    ("D14 spaces", CSV + "Hej,positiv \n", {}, "labels-alike", ("'positiv '", "data.csv:42")),
    (
        "D15 one label",
        table([(text, "a") for text in GOOD]),
        {},
        "one-label",
        ("'a'", "20 examples"),
    ),
    (
        "D15 many labels",
        table([(f"t{n}", f"l{n % 201}") for n in range(603)]),
        {},
        "many-labels",
        ("201 labels", "swapped", "--text", "--label"),
    ),
    (
        "D15 labels are texts",
        table([(f"t{n}", f"l{n}") for n in range(30)]),
        {},
        "many-labels",
        ("30 labels for 30 training examples", "swapped"),
    ),
    (
        "D15 too few to split",
        table([("Bra", "a"), ("Dåligt", "b")] * 2),
        {},
        "empty-split",
        ("no examples for val", "train has 4"),
    ),
    (
        "D17 two labels",
        CSV + f"{GOOD[0]},negativ\n",
        {},
        "conflicts",
        (repr(GOOD[0]), "data.csv:2)", "data.csv:42)", "1 text has"),
    ),
]


@pytest.mark.parametrize(
    ("content", "options", "code", "parts"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_a_fault_is_refused_with_what_why_and_hint(
    content: str | bytes, options: dict[str, Any], code: str, parts: tuple[str, ...], write: Write
) -> None:
    with pytest.raises(DataError) as caught:
        read_data(write(content), ReadOptions(**options))
    _is_well_said(caught.value, code, parts)


JSON_REFUSED = [
    ("no JSON", lines({"text": "Hej", "label": "a"}) + "text,label\n", "json", ":2 is not"),
    ("no object", lines({"text": "Hej", "label": "a"}, ["Hej", "a"]), "json", "it is a list"),
    ("array", '[{"text": "Hej", "label": "a"},\n {"text": 1]', "json", ":2 is not"),
    ("array of others", '[{"text": "Hej", "label": "a"},\n\n 3]', "json", ":3 is not"),
    (
        "array of lists",
        '[\n{"text": "Hej",\n"label": "a"},\n{"text": 1, "label": ["a"]}]',
        "json",
        ":4 has more than one",
    ),
    ("deep", '{"text": ' + "[" * 100_000 + "\n", "json", ":1 is not"),
    ("many labels", lines({"text": "Hej", "labels": ["a", "b"]}), "json", "more than one value"),
    ("no key", lines({"txt": "Hej", "label": "a"}), "columns", "Did you mean --text 'txt'?"),
    ("null", lines({"text": "Hej", "label": None}), "empty-cells", "line 1"),
    ("NaN", '{"text": "Hej", "label": NaN}\n', "empty-cells", "line 1"),
    ("key missing", lines({"text": "Hej", "label": "a"}, {"text": "Hå"}), "empty-cells", "line 2"),
    ("D09 half a character", r'{"text": "Hej \ud83d", "label": "a"}', "surrogate", ":1 has half"),
    ("D09 zero", r'{"text": "He\u0000j", "label": "a"}', "control", ":1 has a zero"),
    ("D11 field", lines({"text": "å" * 1_000_001, "label": "a"}), "field", "1,000,001"),
    ("D01 empty", "\n", "empty", "no rows"),
    ("D01 empty array", "[]", "empty", "no rows"),
]


@pytest.mark.parametrize(
    ("content", "code", "part"), [row[1:] for row in JSON_REFUSED], ids=[r[0] for r in JSON_REFUSED]
)
def test_a_fault_in_json_is_refused_with_what_why_and_hint(
    content: str, code: str, part: str, write: Write
) -> None:
    with pytest.raises(DataError) as caught:
        read_data(write(content, "data.jsonl"))
    _is_well_said(caught.value, code, (part, "data.jsonl"))


def _is_well_said(error: SweregError, code: str, parts: tuple[str, ...]) -> None:
    said = str(error)
    assert error.code == f"data.{code}", said
    for part in parts:
        assert part in said
    assert error.what
    assert not error.what.endswith(".")
    assert error.why.endswith(".")
    assert error.hint.endswith((".", "?"))
    assert all(c.isprintable() or c == "\n" for c in said)
    assert max(map(len, said.split("\n"))) < 900


NOTICED: list[tuple[str, str | bytes, dict[str, Any], str]] = [
    ("D03 skipped", CSV + "a,b,c\nd\n", {"skip_bad_rows": 2}, "data.csv: 2 rows with a wrong"),
    ("D03 blank", CSV + ",\n , \n", {}, "data.csv: 2 rows with nothing"),
    ("D05 Windows", CSV.encode("cp1252"), {}, "data.csv is read as Windows-1252 (not UTF-8)."),
    ("D05 no mark", CSV.encode("utf-16-le"), {}, "read as UTF-16"),
    ("D06 few", CSV * 6 + "TÃ¥g,negativ\n", {}, "data.csv: 1 row with broken å, ä, ö"),
    ("D06 repaired", mojibake(CSV), {"repair_mojibake": True}, "data.csv: 40 rows with broken å"),
    ("D09 controls", CSV + "Du\x0b\u2028är,positiv\n", {}, "data.csv: 1 row with control"),
    ("D09 lost", CSV + "Tr\ufffdkigt,negativ\n", {}, "data.csv: 1 row with \ufffd"),
    ("D10 NFD", CSV + "Tra\u030akigt,negativ\n", {}, "data.csv: 1 row brought into Unicode NFC."),
    ("D13 dropped", CSV + ",positiv\n", {"drop_empty": True}, "data.csv: 1 row without a text"),
    ("D15 rare", CSV + "Hm,neutral\n", {}, "There is a single training example of 'neutral'."),
    ("D15 not split", CSV + "Hm,neutral\n", {}, "val has no example of 'neutral'."),
    (
        "D16 balance",
        CSV + table([(f"Så bra {n}", "positiv") for n in range(400)], "")[1:],
        {},
        "far from balanced: 'positiv' has 336 training examples, 'negativ' has 16",
    ),
    ("D17 again", CSV + f"{GOOD[0].upper()}!,positiv\n" * 2, {}, "2 repeated texts in train."),
    (
        "D17 few conflicts",
        table([(f"t{n}", "ab"[n % 2]) for n in range(200)]) + "T0,b\n",
        {},
        "1 of 200 texts with more than one label: 't0' is 'a' (",
    ),
    (
        "other column",
        "text,label,sentiment\n" + "".join(f"{t},{k},1\n" for t, k in ROWS),
        {},
        "the labels are those of column 'label', not 'sentiment'",
    ),
]


@pytest.mark.parametrize(
    ("content", "options", "notice"),
    [row[1:] for row in NOTICED],
    ids=[row[0] for row in NOTICED],
)
def test_what_is_mended_is_said(
    content: str | bytes, options: dict[str, Any], notice: str, write: Write
) -> None:
    notices = read_data(write(content), ReadOptions(**options)).notices
    assert any(notice in said for said in notices), notices
    assert all(said.endswith(".") for said in notices)


def test_mojibake_is_undone(write: Write) -> None:
    text = CSV + "Á la carte – Selimović 😀 Å,positiv\n"
    shown = "".join(
        chr(b) if b in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([b]).decode("cp1252")
        for b in text.encode()
    )
    read = read_data(write(shown), ReadOptions(repair_mojibake=True))
    assert read.digest == read_data(write(text)).digest


def test_labels_are_joined_to_the_most_frequent_form(write: Write) -> None:
    text = CSV + "Hej,Positiv\nHå,NEGATIV \n"
    assert read_data(write(text), ReadOptions(normalise_labels=True)).labels == (
        "negativ",
        "positiv",
    )


def test_labels_are_joined_to_the_form_of_the_task(write: Write) -> None:
    labels = ("Positiv", "Negativ")
    with pytest.raises(DataError, match="--normalise-labels"):
        read_data(write(CSV), labels=labels)
    assert read_data(write(CSV), ReadOptions(normalise_labels=True), labels).labels == labels


def test_a_label_of_the_task_may_look_like_an_empty_cell(write: Write) -> None:
    text = CSV.replace("negativ", "none")
    with pytest.raises(DataError, match="--drop-empty"):
        read_data(write(text))
    assert read_data(write(text), labels=("none", "positiv")).labels == ("none", "positiv")


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [(decoding, "LARGEST", 500), (csv_rows, "MOST_ROWS", 30)],
    ids=["D11 bytes", "D11 rows"],
)
@pytest.mark.parametrize("name", ["data.csv", "data.jsonl"])
def test_what_is_too_large_is_refused(
    module: Any, limit: str, value: int, name: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, limit, value)
    rows = lines(*({"text": text, "label": label} for text, label in ROWS))
    with pytest.raises(DataError) as caught:
        read_data(write(rows if name.endswith("l") else CSV, name))
    _is_well_said(caught.value, "too-large", (name,))


def test_a_long_field_within_the_limit_is_read(write: Write) -> None:
    text = "å" * 200_000
    read = read_data(write(CSV + f"{text},positiv\n"))
    assert text in {e.text for name in SPLITS for e in read.split(name)}


def test_a_tab_file_may_use_quotes_as_characters(write: Write) -> None:
    rows = [*ROWS, ('"Bra, sa han', "positiv"), ('Nej" svarade "hon"', "negativ")]
    text = "text\tlabel\n" + "".join(f"{t}\t{label}\n" for t, label in rows)
    read = read_data(write(text, "data.tsv"))
    assert {e.text for e in (*read.train, *read.val, *read.test)} == {t for t, _ in rows}
    assert "data.tsv: quotes are read as characters, as they enclose no fields." in read.notices


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "x"])
def test_what_can_be_no_delimiter_is_a_usage_error(delimiter: str, write: Write) -> None:
    path = write(CSV)
    if not delimiter:
        assert read_data(path, ReadOptions(delimiter=delimiter)).labels
        return
    with pytest.raises(UsageError) as caught:
        read_data(path, ReadOptions(delimiter=delimiter))
    _is_well_said(caught.value, "delimiter", ())


@pytest.mark.parametrize("name", ["nothing.csv", "data.csv/x.csv"])
def test_a_missing_file_is_not_found(name: str, write: Write) -> None:
    path = write(CSV).parent / name
    with pytest.raises(NotFound) as caught:
        read_data(path)
    _is_well_said(caught.value, "missing", (str(path),))


def test_a_file_that_cannot_be_opened_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_data([write(CSV, "train.csv"), tmp_path])
    _is_well_said(caught.value, "unreadable", (str(tmp_path),))


def test_a_value_is_escaped_and_cut(write: Write) -> None:
    with pytest.raises(DataError) as caught:
        read_data(write(CSV + "\x1b[2J\u202e" + "å" * 200 + ",positiv,x\n"))
    assert r"'\x1b[2J\u202e" + "å" * 54 + "…'" in caught.value.why
    assert caught.value.why.isprintable()


def test_the_limits_are_those_that_are_documented() -> None:
    assert (decoding.LARGEST, csv_rows.MOST_ROWS, csv_rows.LARGEST_FIELD) == (2**30, 10**7, 10**6)
    assert (checks.MOST_LABELS, checks.IMBALANCE, cleaning.MOJIBAKE_SHARE) == (200, 20, 0.005)
    assert not_text.line_of(b"a\r\nb\rc\nd", 7) == 4


def test_bad_is_bad() -> None:
    assert len({*GOOD, *BAD}) == 40

"""Which file is which split."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from swereg.datasets.reading import read_data
from swereg.errors import DataError, UsageError
from swereg.records.dataset import ReadOptions
from tests.datasets.conftest import ROWS, Write, table


def part(name: str) -> str:
    """Rows that only this part has."""
    return table([(f"{text} {name}", label) for text, label in ROWS])


@pytest.mark.parametrize("extension", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("val", ["val", "Valid", "validation", "DEV", "Validering"])
def test_a_folder_has_its_splits_in_files(extension: str, val: str, write: Write) -> None:
    for name in ("train", val, "test"):
        content = part(name)
        if extension == "tsv":
            content = content.replace(",", "\t")
        if extension == "jsonl":
            rows = [line.split(",") for line in content.splitlines()[1:]]
            content = "".join(f'{{"text": "{t}", "label": "{k}"}}\n' for t, k in rows)
        path = write(content, f"{name}.{extension}")
    read = read_data(path.parent)
    assert (len(read.train), len(read.val), len(read.test)) == (40, 40, 40)
    assert read.train[0].text == f"{ROWS[0][0]} train"
    assert read.val[0].text == f"{ROWS[0][0]} {val}"
    assert read.notices == ()


def test_other_files_of_a_folder_are_named(write: Write) -> None:
    for name in ("train", "val", "test", "train_v1_50", "._train"):
        path = write(part(name), f"{name}.csv")
    write("# About", "SOURCE.md")
    assert read_data(path.parent).notices == ("Not used, though in files: train_v1_50.csv.",)


def test_names_that_speak_of_a_split_will_do(write: Write) -> None:
    for name in ("sv-train", "sv-dev", "sv-test", "sv-unlabelled"):
        path = write(part(name), f"{name}.csv")
    read = read_data(path.parent)
    assert read.test[0].text.endswith("sv-test")
    assert read.notices == ("Not used, though in files: sv-unlabelled.csv.",)


def test_names_are_read_in_any_unicode_form(write: Write) -> None:
    for name in ("träning", "val"):
        path = write(part(name), unicodedata.normalize("NFD", f"{name}.csv"))
    assert read_data(path.parent).train[0].text.endswith("träning")


def test_a_missing_test_file_is_said(write: Write) -> None:
    write(part("train"), "train.csv")
    read = read_data(write(part("val"), "val.csv").parent)
    assert (len(read.train), len(read.val), len(read.test)) == (40, 40, 0)
    assert read.notices == ("There is no test file; scores are those on validation.",)


def test_a_missing_validation_file_is_cut_from_training(write: Write) -> None:
    write(part("train"), "train.csv")
    read = read_data(write(part("test"), "test.csv").parent)
    assert (len(read.train), len(read.val), len(read.test)) == (36, 4, 40)
    assert read.counts("val") == {"negativ": 2, "positiv": 2}
    assert read.notices == (
        "There is no validation file: 4 training examples taken for it by label, with seed 42.",
    )


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a")])
def test_files_without_a_split_in_their_names_go_by_order(
    names: tuple[str, ...], write: Write
) -> None:
    read = read_data([write(part(name), f"{name}.csv") for name in names])
    assert [read.split(s)[0].text[-1] for s in ("train", "val", "test")] == list(names)
    assert read.notices == (
        "The files are taken for train {}.csv, val {}.csv, test {}.csv.".format(*names),
    )


def test_files_with_a_split_in_their_names_go_by_name(write: Write) -> None:
    names = ("my_test_2", "my_dev", "my.train")
    read = read_data([str(write(part(name), f"{name}.csv")) for name in names])
    assert read.train[0].text.endswith("my.train")
    assert read.test[0].text.endswith("my_test_2")
    assert read.notices == ()


def test_a_named_file_takes_its_place_and_the_others_the_rest(write: Write) -> None:
    read = read_data([write(part(name), f"{name}.csv") for name in ("test", "other")])
    assert read.train[0].text.endswith("other")
    assert "The files are taken for train other.csv, test test.csv." in read.notices


def test_the_second_file_is_validation(write: Write) -> None:
    read = read_data([write(part(name), f"{name}.csv") for name in ("train", "other")])
    assert (read.train[0].text[-5:], read.val[0].text[-5:]) == ("train", "other")


def test_a_single_file_is_split(write: Write) -> None:
    read = read_data(write(table(ROWS)))
    assert read.notices == ("Split 80/10/10 by label with seed 42: 32 train, 4 val, 4 test.",)
    for split in ("val", "test"):
        assert read.counts(split) == {"negativ": 2, "positiv": 2}


def test_the_only_file_of_a_folder_is_split(write: Write) -> None:
    path = write(table(ROWS))
    assert read_data(path.parent) == read_data([path])


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["a.csv", "b.csv", "c.csv", "d.csv"],
        ["train-1.csv", "train-2.csv"],
        ["val.csv", "test.csv"],
    ],
)
def test_files_that_are_no_splits_are_a_usage_error(names: list[str], write: Write) -> None:
    with pytest.raises(UsageError) as caught:
        read_data([write(part(name), name) for name in names])
    assert caught.value.code == "data.files"
    assert caught.value.why
    assert "--data" in caught.value.hint or "Give one file" in caught.value.hint


def test_a_folder_with_two_files_for_a_split_is_a_usage_error(write: Write) -> None:
    write(part("a"), "train.csv")
    path = write(part("a"), "train.jsonl")
    with pytest.raises(UsageError, match=r"train\.csv and .*train\.jsonl"):
        read_data(path.parent)


def test_a_folder_without_training_data_is_refused(tmp_path: Path, write: Write) -> None:
    with pytest.raises(DataError) as empty:
        read_data(tmp_path / write("", "a.md").parent)
    assert (empty.value.code, "a.md" in empty.value.why) == ("data.no-train", True)
    write(part("a"), "one.csv")
    path = write(part("a"), "two.csv")
    with pytest.raises(DataError, match="--data TRAIN"):
        read_data(path.parent)


def test_labels_keep_the_order_that_is_given(write: Write) -> None:
    path = write(table(ROWS))
    assert read_data(path).labels == ("negativ", "positiv")
    assert read_data(path, labels=("positiv", "negativ")).labels == ("positiv", "negativ")
    with pytest.raises(DataError, match="'negativ'; the task has 'positiv', 'ilsken'") as caught:
        read_data(path, labels=("positiv", "ilsken"))
    assert caught.value.code == "data.labels-unknown"


def test_labels_are_sorted_in_their_one_form(write: Write) -> None:
    text = table(ROWS).replace("negativ", "o\u0308de").replace("positiv", "zon")
    assert read_data(write(text)).labels == ("zon", "öde")
    assert read_data(write(text), labels=("o\u0308de", "zon")).labels == ("öde", "zon")


def test_leakage_between_files_says_where(write: Write) -> None:
    write(part("a") + f"{ROWS[1][0].upper()}  b!,negativ\n", "train.csv")
    path = write(part("b"), "val.csv")
    with pytest.raises(DataError) as caught:
        read_data(path.parent)
    assert caught.value.code == "data.leakage"
    assert "train.csv:42 and " in caught.value.why
    assert "val.csv:3)" in caught.value.why
    read = read_data(path.parent, ReadOptions(dedupe=True))
    assert (len(read.train), len(read.val)) == (40, 40)
    assert "Dropped from training: 1 text also in validation or test." in read.notices


def test_a_label_that_is_only_in_test_is_refused(write: Write) -> None:
    for name in ("train", "val"):
        write(part(name), f"{name}.csv")
    path = write(part("test") + "Hm,neutral\n", "test.csv")
    with pytest.raises(DataError, match=r"'neutral' \(.*test\.csv:42\)") as caught:
        read_data(path.parent)
    assert caught.value.code == "data.label-untrained"

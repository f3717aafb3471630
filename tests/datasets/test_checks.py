"""The checks of any dataset, wherever it comes from."""

from __future__ import annotations

import pytest

from swereg.datasets.checks import check_dataset
from swereg.errors import DataError
from swereg.records.dataset import Dataset, Example, ReadOptions


def examples(prefix: str, count: int = 6, labels: str = "ab") -> tuple[Example, ...]:
    return tuple(Example(f"{prefix} {n}", labels[n % len(labels)]) for n in range(count))


GOOD = Dataset(("a", "b"), examples("train"), examples("val"), examples("test"))


def test_a_good_dataset_is_returned_as_it_is() -> None:
    checked = check_dataset(GOOD)
    assert checked == GOOD
    assert checked.notices == ()


def test_checking_twice_says_nothing_twice() -> None:
    noisy = Dataset(GOOD.labels, (*GOOD.train, GOOD.train[0]), GOOD.val, notices=("read",))
    once = check_dataset(noisy)
    assert once.notices == ("read", "1 repeated text in train.")
    assert check_dataset(once).notices == once.notices


@pytest.mark.parametrize(
    ("changed", "code", "part"),
    [
        (Dataset(("a", "b"), (), GOOD.val), "empty-split", "for train"),
        (Dataset(("a", "b"), GOOD.train, ()), "empty-split", "for val"),
        (Dataset(("a",), GOOD.train, GOOD.val), "labels-unknown", "'b'; the task has 'a'"),
        (Dataset(("a", "b", "a"), GOOD.train, GOOD.val), "labels-twice", "'a', 'b', 'a'"),
        (Dataset(("a",), examples("x", 3, "a"), examples("y", 3, "a")), "one-label", "'a'"),
        (Dataset(("a", "b", "c"), GOOD.train, GOOD.val), "label-untrained", "'c' (used nowhere)"),
        (
            Dataset(("a", "b", "c"), GOOD.train, examples("y", 3, "abc")),
            "label-untrained",
            "'c' (used in val)",
        ),
        (Dataset(("a", "b"), GOOD.train, (Example(" ", "a"),)), "text", "example 1 of val"),
        (Dataset(("a", "b"), GOOD.train, (Example("x\0", "a"),)), "text", r"'x\x00'"),
        (Dataset(("a", "b"), GOOD.train, (Example("x\ud83d", "a"),)), "text", "surrogate"),
        (Dataset(("a", "b"), GOOD.train, (Example("TRAIN, 1", "b"),)), "leakage", "'train 1'"),
        (
            Dataset(("a", "b"), (*GOOD.train, Example("train 0", "b")), GOOD.val),
            "conflicts",
            "'train 0' is 'a' (train) and 'b' (train)",
        ),
        (
            Dataset(
                tuple(f"{n}" for n in range(40)),
                tuple(Example(f"t{n}", f"{n}") for n in range(40)),
                (Example("v", "1"),),
            ),
            "many-labels",
            "40 labels for 40 training examples",
        ),
    ],
)
def test_a_dataset_that_cannot_be_trained_on_is_refused(
    changed: Dataset, code: str, part: str
) -> None:
    with pytest.raises(DataError) as caught:
        check_dataset(changed)
    assert caught.value.code == f"data.{code}"
    assert part in str(caught.value)
    assert caught.value.hint


def test_leakage_is_counted_exactly_and_dropped_if_asked_for() -> None:
    val = (*examples("val"), Example("Train – 0!", "a"), Example("train 3", "b"))
    test = (Example("TRAIN 5", "b"), Example("train  0", "a"))
    leaking = Dataset(("a", "b"), GOOD.train, val, test)
    with pytest.raises(DataError, match="3 training texts are also") as caught:
        check_dataset(leaking)
    assert "Of 6: 'train 0' (train and val), 'train 3'" in caught.value.why
    mended = check_dataset(leaking, ReadOptions(dedupe=True))
    assert [e.text for e in mended.train] == ["train 1", "train 2", "train 4"]
    assert (mended.val, mended.test) == (val, test)
    assert mended.notices[0].startswith("Dropped from training: 3 texts")
    assert "1 text in both validation and test." in mended.notices


def test_dropping_leakage_may_not_empty_a_label() -> None:
    leaking = Dataset(("a", "b"), examples("x"), (Example("x 1", "b"), *examples("y")))
    assert len(check_dataset(leaking, ReadOptions(dedupe=True)).train) == 5
    val = tuple(e for e in leaking.train if e.label == "b")
    with pytest.raises(DataError, match="without a training example"):
        check_dataset(Dataset(("a", "b"), leaking.train, val), ReadOptions(dedupe=True))
    with pytest.raises(DataError, match="no examples for train"):
        check_dataset(Dataset(("a", "b"), leaking.train, leaking.train), ReadOptions(dedupe=True))


def test_a_smiley_or_a_question_mark_may_change_the_label() -> None:
    pairs = (
        Example("Du kommer?", "a"),
        Example("Du kommer.", "b"),
        Example("Ny chef :)", "a"),
        Example("Ny chef :(", "b"),
    )
    assert check_dataset(Dataset(("a", "b"), pairs, GOOD.val)).notices == (
        "2 repeated texts in train.",
    )


def test_texts_and_labels_become_nfc() -> None:
    decomposed = Dataset(
        ("a\u030a", "b"),
        (Example("fo\u0308re", "a\u030a"), Example("efter", "b")),
        (Example("under", "b"),),
    )
    checked = check_dataset(decomposed)
    assert checked.labels == ("å", "b")
    assert checked.train[0] == Example("före", "å")
    assert "1 example brought into Unicode NFC." in checked.notices


def test_messages_come_in_the_same_order_every_time() -> None:
    labels = tuple(f"etikett {n}" for n in range(30))
    rows = tuple(Example(f"t{n}", label) for n, label in enumerate(labels))
    with pytest.raises(DataError) as caught:
        check_dataset(Dataset(("a", "b"), rows, rows))
    first = ", ".join(repr(label) for label in sorted(labels)[:5])
    assert f"They are {first} and 25 more; the task has 'a', 'b'." in caught.value.why

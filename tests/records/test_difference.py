"""What changed between two datasets: nothing is missed, and nothing is said that is not so."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from swereg.records.dataset import SPLITS, Dataset, Example
from swereg.records.difference import Change, Place, difference

EXAMPLES = st.lists(
    st.builds(Example, st.sampled_from("abcde"), st.sampled_from("xyz")), max_size=6
)
DATASETS = st.builds(Dataset, st.just(("x", "y", "z")), *(EXAMPLES.map(tuple) for _ in SPLITS))
FEW = settings(derandomize=True, max_examples=200, deadline=None, database=None)


def rows(dataset: Dataset) -> Counter[tuple[str, Place]]:
    return Counter((e.text, Place(name, e.label)) for name in SPLITS for e in dataset.split(name))


@FEW
@given(DATASETS, DATASETS)
def test_the_changes_lead_from_one_to_the_other(before: Dataset, after: Dataset) -> None:
    found = difference(before, after)
    now = rows(before)
    for change in found.changes:
        assert change.before != change.after
        if change.before:
            now[change.text, change.before] -= 1
        if change.after:
            now[change.text, change.after] += 1
    assert +now == rows(after)
    assert found.same == (rows(before) & rows(after)).total()
    gone, come = Counter(e.text for e in all_of(before)), Counter(e.text for e in all_of(after))
    assert len(found.kinds["added"]) == (come - gone).total()
    assert len(found.kinds["removed"]) == (gone - come).total()


def all_of(dataset: Dataset) -> list[Example]:
    return [example for name in SPLITS for example in dataset.split(name)]


@FEW
@given(DATASETS)
def test_a_dataset_does_not_differ_from_itself(dataset: Dataset) -> None:
    found = difference(dataset, dataset)
    assert (found.changes, found.reordered) == ((), False)


def test_each_kind_of_change_is_named() -> None:
    before = Dataset(
        ("ja", "nej"),
        (Example("a", "ja"), Example("b", "ja"), Example("c", "ja"), Example("e", "ja")),
        (Example("d", "nej"),),
    )
    after = Dataset(
        ("ja", "nej", "vet ej"),
        (Example("a", "nej"), Example("d", "nej"), Example("f", "vet ej"), Example("e", "ja")),
        (Example("b", "nej"),),
    )
    found = difference(before, after)
    assert found.changes == (
        Change("a", Place("train", "ja"), Place("train", "nej")),
        Change("b", Place("train", "ja"), Place("val", "nej")),
        Change("c", Place("train", "ja"), None),
        Change("d", Place("val", "nej"), Place("train", "nej")),
        Change("f", None, Place("train", "vet ej")),
    )
    assert {kind: [c.text for c in changes] for kind, changes in found.kinds.items()} == {
        "added": ["f"],
        "removed": ["c"],
        "relabelled": ["a", "b"],
        "moved": ["b", "d"],
    }
    assert (found.labels_added, found.labels_removed, found.same) == (("vet ej",), (), 1)
    assert found.to_json()["counts"] == {"added": 1, "removed": 1, "relabelled": 2, "moved": 2}
    assert found.to_json()["added"] == [
        {"text": "f", "before": None, "after": {"split": "train", "label": "vet ej"}}
    ]


def test_another_order_alone_is_said() -> None:
    rows_ = (Example("a", "ja"), Example("b", "nej"))
    found = difference(Dataset(("ja", "nej"), rows_, ()), Dataset(("ja", "nej"), rows_[::-1], ()))
    assert found.reordered
    assert found.changes == ()

"""Find the examples that several entries answered, whatever files those came from."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_

from swereg.errors import Conflict
from swereg.evaluation.statistics.scored import Scored
from swereg.records.dataset import Example


@dataclass(frozen=True)
class Aligned:
    """Entries on the same examples in the same order, with their columns in the same order.

    Attributes:
        scored: by name, as given; the labels and the order of the examples are the first's, and
            the texts are in NFC.
        rows: how many examples are compared.
        relabelled: how many more texts they share whose labels do not agree; left out.
        learnt: how many more examples they share whose text one of them learnt from; left out.
        of: by name, how many examples each had before.
    """

    scored: Mapping[str, Scored]
    rows: int
    relabelled: int
    learnt: int
    of: Mapping[str, int]


def align_answers(scored: Mapping[str, Scored], learnt: Iterable[str] = ()) -> Aligned:
    """Keep the examples that all entries answered and on whose label all agree.

    Texts are the same if they are equal in Unicode form NFC; a text that occurs twice on one side
    and three times on the other is shared twice.

    Args:
        scored: at least one entry, by name.
        learnt: texts to leave out, such as those of every entry's training split: an entry is not
            tested on what it learnt by heart.

    Raises:
        Conflict: the entries have different labels, or there is no example to compare.
    """
    _check_labels(scored)
    skipped = {_nfc(text) for text in learnt}
    # entries on one dataset have the very same examples
    examples_by_id = {id(item.examples): item.examples for item in scored.values()}
    keys = {
        number: [_key(example) for example in examples]
        for number, examples in examples_by_id.items()
    }
    agreed: Counter[Example] = reduce(and_, map(Counter, keys.values()))
    texts = reduce(and_, (Counter(key.text for key in keys_of) for keys_of in keys.values()))
    unseen = Counter({key: count for key, count in agreed.items() if key.text not in skipped})
    relabelled, dropped = texts.total() - agreed.total(), agreed.total() - unseen.total()
    if not unseen:
        raise _nothing(list(scored), relabelled, dropped)
    first = next(iter(scored))
    labels = scored[first].labels
    common = _in_order(keys[id(scored[first].examples)], unseen)
    examples = tuple(key for key, _ in common)
    places = {number: _places(keys_of, common) for number, keys_of in keys.items()}
    return Aligned(
        scored={
            name: replace(item.take(places[id(item.examples)], labels), examples=examples)
            for name, item in scored.items()
        },
        rows=unseen.total(),
        relabelled=relabelled,
        learnt=dropped,
        of={name: item.rows for name, item in scored.items()},
    )


def check_same(scored: Sequence[Scored]) -> None:
    """Refuse entries that are not on the same examples and labels in the same order.

    Raises:
        Conflict: they are not.
    """
    first = scored[0]
    if any(item.labels != first.labels or item.examples != first.examples for item in scored[1:]):
        raise Conflict(
            "these answers are not to the same examples",
            hint="Align them first.",
            code="statistics.alignment",
        )


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _key(example: Example) -> Example:
    return Example(_nfc(example.text), example.label)


def _in_order(keys: Sequence[Example], shared: Counter[Example]) -> list[tuple[Example, int]]:
    """Number the occurrences of each example, as many as are shared."""
    counts: Counter[Example] = Counter()
    keyed = []
    for key in keys:
        if counts[key] < shared[key]:
            keyed.append((key, counts[key]))
            counts[key] += 1
    return keyed


def _places(keys: Sequence[Example], order: Sequence[tuple[Example, int]]) -> list[int]:
    """Find the row of each occurrence."""
    rows: defaultdict[Example, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        rows[key].append(row)
    return [rows[key][nth] for key, nth in order]


def _check_labels(scored: Mapping[str, Scored]) -> None:
    first, *rest_of_scored = scored
    for peer in rest_of_scored:
        mine, theirs = set(scored[first].labels), set(scored[peer].labels)
        if mine != theirs:
            only = [
                f"Only {name} has {', '.join(sorted(labels))}."
                for name, labels in ((first, mine - theirs), (peer, theirs - mine))
                if labels
            ]
            raise Conflict(
                f"{first} and {peer} have different labels",
                why=" ".join(only),
                hint="Compare entries of one task.",
                code="statistics.labels",
            )


def _nothing(names: Sequence[str], relabelled: int, learnt: int) -> Conflict:
    reasons = [
        f"They share {_several(relabelled, 'text')} under different labels." if relabelled else "",
        f"They share {_several(learnt, 'example')} that one of them learnt from." if learnt else "",
    ]
    return Conflict(
        f"{' and '.join(names)} were not tested on any same example",
        why=" ".join(filter(None, reasons)) or "No text is in the data of all of them.",
        hint="Train both on the same data, or score both on a file of new examples.",
        code="statistics.alignment",
    )


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

"""Compare entries side by side, and look at one closely: from what is stored, without torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from swereg.api.arguments.opening import open_reader
from swereg.errors import NotFound, UsageError
from swereg.records import conditions
from swereg.records.dataset import Split
from swereg.records.entry import Entry, Outline

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.evaluation.comparison import Choice, Comparison, Evidence, Examination
    from swereg.registry import Registry
    from swereg.registry.reader import Reader


def compare(
    *refs: str,
    task: str | None = None,
    where: Sequence[str] = (),
    metric: str | None = None,
    seeds: bool = False,
    sort: str | None = None,
    limit: int | None = None,
    registry: Place = None,
) -> Comparison:
    """Put entries of one task side by side; two of them in every detail.

    Args:
        refs: references; without any, all entries of the task, the best first.
        where: conditions that must all hold, such as ``"method=lora"``.
        metric: the score by which they are judged: ``accuracy``, ``macro_f1``, ``mcc``,
            ``roc_auc``, ``loss``, ``ece`` or ``brier``; by default the task's own, else accuracy.
        seeds: whether each seed of a recipe has a row of its own; without, they are folded, as
            long as no references are given.
        sort: the figure by which rows are sorted, the best first; by default validation loss, or
            the order of the references.
        limit: the most rows of a task, the best ones by ``sort``; the baseline and the best one
            by ``metric`` come on top.

    Raises:
        NotFound: there is nothing to compare.
        Conflict: the references are of different tasks.
        UsageError: there is no such metric or figure, or a condition cannot be read.
    """
    from swereg.evaluation import comparison

    if not refs and task is None:
        raise UsageError(
            "nothing was said to compare",
            hint="Name two entries, or a task: swereg compare --task sentiment",
            code="compare.nothing",
        )
    if limit is not None and limit < 1:
        raise UsageError(f"limit cannot be {limit}", why="It is 1 or more.", code="compare.limit")
    with open_reader(registry) as store:
        folded, sort = not (refs or seeds), sort or (None if refs else "val_loss")
        choice = None
        if refs or task is None:
            entries = conditions.select_entries([store.get(ref) for ref in refs], where)
        elif limit is None:
            entries = conditions.select_entries(store.entries(task=task, sort="val_loss"), where)
        else:
            choose = partial(
                comparison.choose_rows,
                limit=limit,
                metric=metric,
                folded=folded,
                sort=sort or "val_loss",
            )
            entries, choice = _chosen(store, task, where, choose)
        datasets = {entry.dataset for entry in entries if entry.dataset}
        return comparison.compare(
            _evidence(store, entries, texts=len(datasets) > 1),
            metric=metric,
            folded=folded,
            sort=sort,
            limit=None if refs else limit,
            choice=choice,
        )


def examine(
    ref: str | Entry,
    *,
    split: Split | None = None,
    registry: Place = None,
) -> Examination:
    """Work out what an entry's stored answers tell: every metric with its interval, and mistakes.

    Args:
        split: ``test`` or ``val``; by default test, or validation where there is no test.

    Raises:
        NotFound: there is no such entry, or there are no answers on that split.
    """
    from swereg.evaluation import comparison

    with open_reader(registry) as store:
        entry = ref if isinstance(ref, Entry) else store.get(ref)
        return comparison.examine(_evidence(store, [entry], texts=True)[0], split)


def _chosen(
    store: Registry | Reader, task: str, where: Sequence[str], choose: Callable[..., Choice]
) -> tuple[list[Entry], Choice]:
    """Read the entries of a task's best rows, and the others only if that cannot be helped."""
    if not where:
        choice = choose(store.outlines(task))
        if len(choice.refs) < choice.entries:
            with suppress(NotFound):  # somebody else has just deleted one of them
                return [store.get(ref) for ref in choice.refs], choice
    entries = conditions.select_entries(store.entries(task=task, sort="val_loss"), where)
    choice = choose([Outline.of(entry) for entry in entries])
    chosen = set(choice.refs)
    return [entry for entry in entries if entry.ref in chosen], choice


def _evidence(store: Registry | Reader, entries: Sequence[Entry], *, texts: bool) -> list[Evidence]:
    """Fetch what the entries answered, and the texts where they are wanted and kept.

    On one dataset the place of an example says which it is; reading the texts takes longer than
    all that is worked out.
    """
    from swereg.evaluation.comparison import Evidence

    digests = {entry.dataset for entry in entries if entry.dataset} if texts else set()
    datasets = {digest: store.texts(digest) for digest in digests}
    return [
        Evidence(
            entry,
            {outputs.split: outputs for outputs in store.outputs(entry)},
            datasets.get(entry.dataset or ""),
        )
        for entry in entries
    ]

"""The use cases of reading a registry: entries, count, show, compare, examine.

Nothing here needs SQLAlchemy where a registry is a file that is as usual, or numpy for a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.errors import NotFound, UsageError
from swereg.records import conditions
from swereg.records.dataset import Split
from swereg.records.entry import Entry, Outline

if TYPE_CHECKING:
    from swereg.evaluation.comparison import Choice, Comparison, Evidence, Examination
    from swereg.registry import Registry
    from swereg.registry.reader import Reader


def entries(  # noqa: PLR0913 - one keyword for each thing that may be said
    *,
    task: str | None = None,
    name: str | None = None,
    method: str | None = None,
    tags: Sequence[str] = (),
    deleted: bool = False,
    where: Sequence[str] = (),
    sort: str = "created",
    limit: int | None = None,
    registry: Registry | str | Path | None = None,
) -> list[Entry]:
    """List entries, the newest first unless sorted otherwise.

    Args:
        tags: those that they must have, as ``"key"`` or ``"key=value"``.
        deleted: whether those that can be restored are wanted, instead of those that are there.
        where: conditions that must all hold, such as ``"val_loss<0.4"`` or ``"r>=8"``.

    Raises:
        UsageError: there is no such sort key, or a condition cannot be read.
    """
    with _at_a_glance(registry) as store:
        found = store.entries(
            task=task,
            name=name,
            method=method,
            tags=tags,
            deleted=deleted,
            sort=sort,
            limit=None if where else limit,
        )
    return conditions.select(found, where)[:limit] if where else found


def count(
    *,
    task: str | None = None,
    name: str | None = None,
    method: str | None = None,
    tags: Sequence[str] = (),
    deleted: bool = False,
    registry: Registry | str | Path | None = None,
) -> int:
    """Count entries without reading them; the arguments are those of ``entries``."""
    with _at_a_glance(registry) as store:
        return store.count(task=task, name=name, method=method, tags=tags, deleted=deleted)


def show(ref: str, *, registry: Registry | str | Path | None = None) -> Entry:
    """Return one entry with everything stored about it.

    Raises:
        NotFound: there is no such entry.
    """
    with _at_a_glance(registry) as store:
        return store.get(ref)


def compare(
    *those: str,
    task: str | None = None,
    where: Sequence[str] = (),
    metric: str | None = None,
    seeds: bool = False,
    sort: str | None = None,
    limit: int | None = None,
    registry: Registry | str | Path | None = None,
) -> Comparison:
    """Put entries of one task side by side; two of them in every detail.

    Args:
        those: references; without any, all entries of the task, the best first.
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

    if not those and task is None:
        raise UsageError(
            "nothing was said to compare",
            hint="Name two entries, or a task: swereg compare --task sentiment",
            code="compare.nothing",
        )
    if limit is not None and limit < 1:
        raise UsageError(f"limit cannot be {limit}", why="It is 1 or more.", code="compare.limit")
    with _at_a_glance(registry) as store:
        folded, sort = not (those or seeds), sort or (None if those else "val_loss")
        choice = None
        if those or task is None:
            kept = conditions.select([store.get(ref) for ref in those], where)
        elif limit is None:
            kept = conditions.select(store.entries(task=task, sort="val_loss"), where)
        else:
            choose = partial(
                comparison.choose, most=limit, metric=metric, folded=folded, sort=sort or "val_loss"
            )
            kept, choice = _chosen(store, task, where, choose)
        datasets = {entry.dataset for entry in kept if entry.dataset}
        return comparison.compare(
            _evidence(store, kept, texts=len(datasets) > 1),
            metric=metric,
            folded=folded,
            sort=sort,
            limit=None if those else limit,
            choice=choice,
        )


def examine(
    ref: str | Entry,
    *,
    split: Split | None = None,
    registry: Registry | str | Path | None = None,
) -> Examination:
    """Work out what an entry's stored answers tell: every metric with its interval, and mistakes.

    Args:
        split: ``test`` or ``val``; by default test, or validation where there is no test.

    Raises:
        NotFound: there is no such entry, or there are no answers on that split.
    """
    from swereg.evaluation import comparison

    with _at_a_glance(registry) as store:
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
    found = conditions.select(store.entries(task=task, sort="val_loss"), where)
    choice = choose([Outline.of(entry) for entry in found])
    wanted = set(choice.refs)
    return [entry for entry in found if entry.ref in wanted], choice


def _evidence(store: Registry | Reader, those: Sequence[Entry], *, texts: bool) -> list[Evidence]:
    """Fetch what the entries answered, and the texts where they are wanted and kept.

    On one dataset the place of an example says which it is; reading the texts takes longer than
    all that is worked out.
    """
    from swereg.evaluation.comparison import Evidence

    digests = {entry.dataset for entry in those if entry.dataset} if texts else set()
    datasets = {digest: store.texts(digest) for digest in digests}
    return [
        Evidence(
            entry,
            {outputs.split: outputs for outputs in store.outputs(entry)},
            datasets.get(entry.dataset or ""),
        )
        for entry in those
    ]


@contextmanager
def opened(registry: Registry | str | Path | None, *, create: bool = False) -> Iterator[Registry]:
    """Give an open registry, and close it afterwards if it was opened here."""
    from swereg.registry import Registry

    if isinstance(registry, Registry):
        yield registry
        return
    with Registry.open(registry, create=create) as store:
        yield store


@contextmanager
def _at_a_glance(registry: Registry | str | Path | None) -> Iterator[Registry | Reader]:
    """Give a registry to read from; SQLAlchemy is imported only where that takes it."""
    if registry is not None and not isinstance(registry, str | Path):
        yield registry
        return
    from swereg.registry.reader import Reader

    with Reader(registry) as store:
        yield store

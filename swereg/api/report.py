"""The use cases of showing results to others: a report as a page, and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.api.arguments.opening import open_reader
from swereg.api.compare import compare, examine
from swereg.errors import Conflict, NotFound, StorageError, SweregError
from swereg.evaluation.comparison import Comparison, Examination, Row
from swereg.evaluation.report import GENERATOR, Contents, page, plots, stands_for
from swereg.home import files
from swereg.records.dataset import Dataset
from swereg.records.entry import Entry
from swereg.records.metrics import DEFAULT_METRIC

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place
    from swereg.registry import Registry
    from swereg.registry.reader import Reader

MOST_DETAILED = 12  # rows with curves, diagrams and mistakes of their own

_BEGINNING = 2000  # bytes in which a page of ours says that it is one


def report(
    *refs: str,
    task: str | None = None,
    output: str | Path,
    where: Sequence[str] = (),
    metric: str = DEFAULT_METRIC,
    texts: bool = True,
    registry: Place = None,
) -> Path:
    """Write one HTML page about the entries of a task; it needs no network and no other file.

    Args:
        refs: references; without any, all entries of the task, with seeds folded.
        output: the file. An earlier report is replaced, anything else is not.
        where, metric: as for ``compare``.
        texts: whether the page may quote examples that were answered wrongly.

    Returns:
        The file.

    Raises:
        NotFound: there is nothing to report on.
        Conflict: the references are of different tasks, or the file is no report.
        UsageError: there is no such metric.
    """
    target = Path(output).expanduser()
    _check_place(target)
    with open_reader(registry) as store:
        comparison = compare(
            *refs, task=task, where=where, metric=metric, sort=metric, registry=store
        )
        contents = _gather(store, comparison, texts=texts)
    _put(target, page(contents))
    return target


def plot(
    *refs: str,
    task: str | None = None,
    output: str | Path,
    where: Sequence[str] = (),
    metric: str = DEFAULT_METRIC,
    seeds: bool = False,
    limit: int | None = None,
    registry: Place = None,
) -> Path:
    """Draw learning curves and calibration; of several entries their scores as well.

    Args:
        refs: references; without any, all entries of the task, with seeds folded.
        output: the file, .png, .svg or .pdf; it is replaced if it is there.
        where, metric, seeds: as for ``compare``.
        limit: the most rows of a task, the best ones by the metric.

    Returns:
        The file.

    Raises:
        NotFound: there is nothing to draw.
        UsageError: the file has another ending.
        SweregError: matplotlib is not installed.
    """
    target = Path(output).expanduser()
    plots.check_target(target)
    with open_reader(registry) as store:
        comparison = compare(
            *refs,
            task=task,
            where=where,
            metric=metric,
            seeds=seeds,
            sort=metric,
            limit=limit,
            registry=store,
        )
        entries = _entries(store, comparison)
        looks = _looks(store, comparison, entries, plots.MOST)
    try:
        plots.draw_plot(comparison, entries, looks, target)
    except OSError as fault:
        raise _unwritten(target, fault) from fault
    return target


def _gather(store: Registry | Reader, comparison: Comparison, *, texts: bool) -> Contents:
    """Work out everything else that the page says."""
    entries = _entries(store, comparison)
    first = entries[comparison.rows[0].refs[0]]
    return Contents(
        comparison=comparison,
        entries=entries,
        looks=_looks(store, comparison, entries, MOST_DETAILED),
        task=store.task(comparison.task),
        dataset=_texts(store, first),
        texts=texts,
        created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        version=version("swereg"),
    )


def _entries(store: Registry | Reader, comparison: Comparison) -> dict[str, Entry]:
    return {ref: store.get(ref) for row in comparison.rows for ref in row.refs}


def _looks(
    store: Registry | Reader, comparison: Comparison, entries: Mapping[str, Entry], limit: int
) -> dict[str, Examination]:
    """Look closely at the first rows and at the baseline, as far as they have answers."""
    looks = {}
    for row in _chosen(comparison.rows, limit):
        with suppress(NotFound):
            ref = stands_for(row, entries)
            looks[ref] = examine(entries[ref], split=comparison.split, registry=store)
    return looks


def _chosen(rows: Sequence[Row], limit: int) -> list[Row]:
    """Take the first rows; the baseline is one of them wherever it stands."""
    baseline = [row for row in rows[limit:] if row.baseline]
    return [*rows[: limit - len(baseline)], *baseline]


def _texts(store: Registry | Reader, entry: Entry) -> Dataset | None:
    return store.texts(entry.dataset) if entry.dataset else None


# --- the file -------------------------------------------------------------------------------


def _check_place(target: Path) -> None:
    """Refuse to replace what is no report.

    Raises:
        Conflict: it is something else.
        NotFound: its folder does not exist.
    """
    if not target.parent.is_dir():
        raise NotFound(f"there is no folder {target.parent}", code="report.folder")
    if target.is_dir() or (target.exists() and not _is_ours(target)):
        raise Conflict(
            f"{target} is there already, and is no report",
            hint="Name another file with -o; only earlier reports are replaced.",
            code="report.taken",
        )


def _is_ours(target: Path) -> bool:
    if not target.is_file():
        return False
    with target.open("rb") as file:
        return f'name="generator" content="{GENERATOR}'.encode() in file.read(_BEGINNING)


def _put(target: Path, text: str) -> None:
    """Write beside the file, then take its place: nobody ever sees half a page."""
    try:
        files.write_whole(target, text)
    except OSError as fault:
        raise _unwritten(target, fault) from fault


def _unwritten(target: Path, fault: OSError) -> SweregError:
    return StorageError(
        f"the file {target} cannot be written",
        why=f"{fault.strerror or fault}.",
        hint="Name another file, or free some space.",
        code="report.file",
    )

"""Import entries: from a file of swereg's, or an adapter from a folder in PEFT's format."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.api.arguments.bases import choose_base
from swereg.api.arguments.opening import open_registry
from swereg.api.arguments.task_data import DataSource
from swereg.errors import CheckFailed, UsageError
from swereg.records import refs
from swereg.records.dataset import Dataset, ReadOptions, Task
from swereg.records.entry import Entry, NewEntry
from swereg.records.progress import Notice, OnProgress, silent
from swereg.records.training import Recipe
from swereg.registry import Registry

if TYPE_CHECKING:
    from swereg.adapters.bases.sources import BaseSource
    from swereg.adapters.frozen.base import FrozenBase
    from swereg.adapters.peft.folder import PeftFolder

MOST_LABELS = 1000
ENDING = ".swereg"  # of the files that export writes


def import_(  # noqa: PLR0913 - one keyword for each thing that may be said
    source: str | Path,
    *,
    name: str | None = None,
    labels: Sequence[str] | None = None,
    task: str | None = None,
    base: str | None = None,
    data: DataSource | None = None,
    read: ReadOptions | None = None,
    max_length: int | None = None,
    note: str = "",
    keep_data: bool = True,
    registry: Registry | str | Path | None = None,
    on_progress: OnProgress = silent,
) -> list[Entry]:
    """Store entries from a file that ``export`` wrote, or an adapter from a folder of PEFT's.

    Of a file all entries are stored, or none. Each gets the next number of its model; one that is
    here already is given as it is here. A folder gives one entry.

    Nothing in either is run, unpickled or fetched. What cannot be known of a training that was
    done elsewhere stays unknown.

    Args:
        source: the file (``.swereg``) or the folder.
        name: of the model that gets the new versions; by default each of a file keeps its own. A
            folder needs one.
        labels: in the order of the head's outputs; may be left out where swereg wrote the folder.
        task: default: what the folder says, else ``name``.
        base: default: the recorded one if the folder names it, else the registry's own.
        data: examples to score it on: the test part of several files, or all of one file.
        read: how to read ``data``.
        keep_data: whether the registry keeps the texts of ``data``, or only digest and counts.
        max_length: tokens per text; default: what the folder says, else 256.
        note: your own words, kept with the entry.

    All but the first two are for folders; a file says all of that itself.

    Returns:
        The entries, in the order of the file.

    Raises:
        CheckFailed: what comes in is not to be trusted, contradicts itself or what was said, or
            does not fit the base.
        Conflict: the same run is here with another content, or the name is of another task.
        NotFound: there is no such file or folder, or the base cannot be had.
        UsageError: an option is for folders, and the source is a file; or a folder has no name.
    """
    from swereg.adapters.frozen.base import FrozenBase
    from swereg.adapters.peft import folder as peft_folder
    from swereg.adapters.peft import importing

    options = {
        "labels": labels,
        "task": task,
        "base": base,
        "data": data,
        "read": read,
        "max_length": max_length,
        "note": note,
        "no_keep_data": not keep_data,
    }
    if not (path := Path(source).expanduser()).is_dir():
        _refuse_options(path, options)
        with open_registry(registry, create=True) as store:
            return store.import_(source, name=name)
    if name is None:
        raise UsageError(
            "an adapter in a folder needs a name",
            why="PEFT's format has no place for one.",
            hint="Name the model that gets it: --name sentiment-lab",
            code="import.unnamed",
        )
    adapter = peft_folder.read_folder(path)
    described = Task(
        _agreed_task(adapter, task, refs.check_name(name)),
        _unread,
        _agreed_labels(adapter, labels),
        source=Path(source).name,
    )
    dataset = _test_data(data, read, described.labels, on_progress)
    with open_registry(registry, create=True) as store:
        store.check_writable()
        frozen = FrozenBase.open(_base_of(adapter, store, base, on_progress), "cpu")
        _check_base(adapter, frozen, on_progress)
        limit = _max_length(adapter, max_length, frozen.info.max_length)
        fitted = importing.import_folder(adapter, frozen, described.labels, limit, dataset)
        store.set_default_base(frozen.info)
        origin = {
            "base": "verified" if adapter.base else "unverified",
            "config": adapter.raw_config,
            "read": adapter.digest,
            "claims": adapter.claims,
        }
        new = NewEntry(name, described, dataset, frozen.info, fitted, note, origin)
        entry = store.add(new, keep_data=keep_data)
        _tell_default(store, entry, on_progress)
        return [entry]


def _refuse_options(path: Path, options: Mapping[str, object]) -> None:
    from swereg.adapters.peft import folder as peft_folder

    for option, value in options.items():
        if value:
            if path.suffix != ENDING:  # a folder was meant
                peft_folder.read_folder(path)  # says what is needed
            raise UsageError(
                f"--{option.replace('_', '-')} is for folders",
                why="A file brings its own facts.",
                hint="Leave it out.",
                code="import.option",
            )


def _agreed_labels(adapter: PeftFolder, labels: Sequence[str] | None) -> tuple[str, ...]:
    """The labels that were said, or those of the folder; both must agree."""
    named = (
        None if labels is None else tuple(unicodedata.normalize("NFC", label) for label in labels)
    )
    agreed = named or adapter.labels
    if agreed is None:
        raise UsageError(
            "the folder does not name its labels",
            why="PEFT's format has no place for them.",
            hint="Name them in the order of the head's outputs: --labels A,B,C",
            code="import.labels",
        )
    if adapter.labels is not None and agreed != adapter.labels:
        raise _contradiction("labels", ", ".join(adapter.labels), ", ".join(agreed))
    sound = all(label.strip() == label and label.isprintable() and label for label in agreed)
    if not sound or len({*agreed}) < len(agreed) or not 2 <= len(agreed) <= MOST_LABELS:
        raise UsageError(
            f"these cannot be labels: {', '.join(agreed)[:200]!r}",
            why=f"There are 2 to {MOST_LABELS}, all different, without outer spaces.",
            code="import.labels",
        )
    return agreed


def _agreed_task(adapter: PeftFolder, task: str | None, name: str) -> str:
    claimed = adapter.claims.get("task")
    if task and claimed and task != claimed:
        raise _contradiction("task", claimed, task)
    return refs.check_name(task or claimed or name, noun="task name")


def _contradiction(noun: str, claimed: str, contradicting: str) -> CheckFailed:
    return CheckFailed(
        f"the folder has other {noun}" if noun.endswith("s") else f"the folder has another {noun}",
        why=f"the folder {claimed}\nsaid       {contradicting}",
        hint=f"Leave out --{noun}, or make sure that this is the right folder.",
        code="import.contradiction",
    )


def _test_data(
    data: DataSource | None,
    read: ReadOptions | None,
    labels: tuple[str, ...],
    on_progress: OnProgress,
) -> Dataset | None:
    if data is None:
        return None
    from swereg.datasets.test_examples import read_test

    dataset = read_test(data, read, labels)
    for text in dataset.notices:
        on_progress(Notice(text))
    return dataset


def _base_of(
    adapter: PeftFolder, store: Registry, base: str | None, on_progress: OnProgress
) -> BaseSource:
    """The base asked for, else the one that the folder names if it is known, else the usual."""
    from swereg.adapters.bases import sources

    recorded = {info.fingerprint: info for info in store.bases()}
    if base is None and adapter.base in recorded:
        return sources.recorded(recorded[adapter.base])
    return choose_base(store, base, on_progress)


def _check_base(adapter: PeftFolder, frozen: FrozenBase, on_progress: OnProgress) -> None:
    if not adapter.base:
        text = (
            f"Nothing says on which base this adapter was trained, so that it was {frozen.info} "
            "cannot be verified; its tensors fit."
        )
        on_progress(Notice(text))
    elif adapter.base != frozen.info.fingerprint:
        raise CheckFailed(
            f"the adapter was trained on another base than {frozen.info}",
            why=f"recorded {adapter.base}\nfound    {frozen.info.fingerprint}",
            hint="Name its base with --base.",
            code="base.mismatch",
        )


def _max_length(adapter: PeftFolder, max_length: int | None, longest: int) -> int:
    claimed = adapter.claims.get("recipe", {}).get("max_length")
    plausible = isinstance(claimed, int) and 3 <= claimed <= longest
    chosen = max_length or (int(claimed) if plausible else min(Recipe.max_length, longest))
    if not 3 <= chosen <= longest:
        raise UsageError(
            f"--max-length cannot be {chosen}",
            why=f"It is 3 to {longest} here.",
            code="recipe.value",
        )
    return chosen


def _tell_default(store: Registry, entry: Entry, on_progress: OnProgress) -> None:
    """Say when a name that meant another entry means the imported one from now on."""
    if entry.version > 1 and store.get(entry.name).ref == entry.ref:
        text = f"{entry.name} now means {entry.ref}; an alias prod would hold it: swereg alias set"
        on_progress(Notice(text))


def _unread() -> Dataset:
    raise UsageError("an imported task brings no data", code="task.no-data")

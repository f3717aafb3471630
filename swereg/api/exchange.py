"""The use cases of moving entries in and out: whole, in PEFT's format, or as plain models."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from swereg.adapters.peft.model_card import model_card
from swereg.api.entries import opened
from swereg.api.task_data import DataSource
from swereg.api.train import choose_base
from swereg.errors import CheckFailed, UsageError
from swereg.home import folders, locations
from swereg.plugins import entry_points
from swereg.records import refs
from swereg.records.dataset import Dataset, ReadOptions, Task
from swereg.records.entry import Entry, NewEntry
from swereg.records.progress import Notice, OnProgress, silent
from swereg.records.training import Recipe, Weights
from swereg.registry import Registry

if TYPE_CHECKING:
    from swereg.adapters.bases.sources import BaseSource
    from swereg.adapters.frozen.base import FrozenBase
    from swereg.adapters.peft.folder import PeftFolder

MOST_LABELS = 1000


def export(
    *these: str,
    file: str | Path | None = None,
    keep_data: bool = True,
    peft: str | Path | None = None,
    merged: str | Path | None = None,
    base: str | None = None,
    force: bool = False,
    registry: Registry | str | Path | None = None,
) -> Path:
    """Write entries into one file, or one into a folder: for PEFT, or as a plain model.

    What is written is there whole or not at all.

    Args:
        these: references; several go into a file alone.
        file: for entries with all that is known of them (``.swereg``); it is a registry itself.
        keep_data: whether the texts go into the file, or only their digest and counts.
        peft: the folder for an adapter that PEFT loads; it refers to the base.
        merged: the folder for a whole model that transformers loads, with the base in it.
        base: where the base is now, if it has moved; its content must be the same.
        force: whether an earlier export may be replaced.

    Returns:
        The file or folder.

    Raises:
        UsageError: the method is none of PEFT's, where ``merged`` still works; or the entry has no
            base, and neither can be had; or it was not said what to write.
        CheckFailed: the weights or the base are not those that were recorded, or transformers'
            classifier on this base would answer otherwise.
        Conflict: the file is there, or the folder has something in it.
    """
    if [file, peft, merged].count(None) != 2 or not these or (len(these) > 1 and file is None):
        raise UsageError(
            "say what to export",
            why="Several entries go into a file; a folder holds one.",
            hint="One of -o FILE.swereg, --peft DIR (an adapter) and --merged DIR (a whole model).",
            code="export.what",
        )
    if not keep_data and file is None:
        raise UsageError(
            "a folder never holds texts", hint="Leave out --no-data.", code="export.no-data"
        )
    target = Path(file or peft or merged or "")
    with opened(registry) as store:
        if file is not None:
            return store.export(these, target, keep_data=keep_data, force=force)
        entry = store.get(these[0])
        entry.require_base()
        weights = store.weights(entry)
    with folders.writing(target, force=force) as folder:
        if peft is not None:
            _write_adapter(folder, entry, weights, base)
        else:
            _write_model(folder, entry, weights, base)
    return target


def import_entries(
    file: str | Path,
    *,
    name: str | None = None,
    registry: Registry | str | Path | None = None,
) -> list[Entry]:
    """Store every entry of a file that ``export`` wrote: all of them or none.

    Each gets the next number of its model. One that is here already is given as it is here.

    Args:
        name: of the model that gets them; by default each keeps its own.

    Raises:
        NotFound: there is no such file.
        CheckFailed: something in it is not as swereg writes it.
        Conflict: the same run is here with another content, or the name is of another task.
    """
    with opened(registry, create=True) as store:
        return store.import_(file, name=name)


def import_(  # noqa: PLR0913 - one keyword for each thing that may be said
    folder: str | Path,
    *,
    name: str,
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
) -> Entry:
    """Store an adapter from a folder in PEFT's format as a new version.

    Nothing in the folder is run, unpickled or fetched. What cannot be known of a training that was
    done elsewhere stays unknown.

    Args:
        name: of the model that gets the new version.
        labels: in the order of the head's outputs; may be left out where swereg wrote the folder.
        task: default: what the folder says, else ``name``.
        base: default: the recorded one if the folder names it, else the registry's own.
        data: examples to score it on: the test part of several files, or all of one file.
        read: how to read ``data``.
        keep_data: whether the registry keeps the texts of ``data``, or only digest and counts.
        max_length: tokens per text; default: what the folder says, else 256.

    Raises:
        CheckFailed: the folder is not to be trusted, contradicts itself or what was said, or does
            not fit the base.
        NotFound: there is no such folder, or the base cannot be had.
    """
    from swereg.adapters.frozen.base import FrozenBase
    from swereg.adapters.peft import folder as peft_folder
    from swereg.adapters.peft import importing

    name = refs.check_name(name)
    found = peft_folder.read(Path(folder).expanduser())
    agreed = _agreed_labels(found, labels)
    task_name = _agreed_task(found, task, name)
    dataset = _test_data(data, read, agreed, on_progress)
    with opened(registry, create=True) as store:
        store.check_writable()
        frozen = FrozenBase.open(_base_of(found, store, base, on_progress), "cpu")
        _check_base(found, frozen, on_progress)
        limit = _max_length(found, max_length, frozen.info.max_length)
        method = entry_points.find("method", found.config.method)
        imported = importing.put_on(found, frozen, method, agreed, limit)
        recipe = Recipe(found.config.method, asdict(imported.settings), max_length=limit)
        fitted = importing.fitted(found, imported, frozen, recipe, uuid.uuid4().hex, dataset)
        store.set_default_base(frozen.info)
        what = Task(task_name, _unread, agreed, source=Path(folder).name)
        origin = {
            "base": "verified" if found.base else "unverified",
            "config": found.raw_config,
            "read": found.digest,
            "claims": found.claims,
        }
        new = NewEntry(name, what, dataset, frozen.info, fitted, note, origin)
        entry = store.add(new, keep_data=keep_data)
        _tell_default(store, entry, on_progress)
        return entry


# --- out ------------------------------------------------------------------------------------


def _write_adapter(folder: Path, entry: Entry, weights: Weights, base: str | None) -> None:
    from swereg.adapters.peft import exporting

    method = entry_points.find("method", entry.method)
    card = model_card(entry, merged=False)
    where = _place_of_base(entry, base)
    for name, content in exporting.files(entry, weights, method, where, card).items():
        (folder / name).write_bytes(content)


def _write_model(folder: Path, entry: Entry, weights: Weights, base: str | None) -> None:
    from swereg.adapters.bases import sources
    from swereg.adapters.frozen.base import FrozenBase
    from swereg.adapters.peft import merging

    source = sources.recorded(entry.require_base(), base)
    frozen = FrozenBase.open(source, "cpu")
    model = merging.merge(entry, weights, frozen, entry_points.find("method", entry.method))
    merging.save(model, source.folder, folder, entry.recipe.max_length)
    (folder / "README.md").write_text(model_card(entry, merged=True), encoding="utf-8")


def _place_of_base(entry: Entry, moved_to: str | None) -> str:
    """Where PEFT finds the base; one that is no BERT must have swereg's kind of head."""
    from swereg.adapters.bases import sources
    from swereg.adapters.bert import checkpoint
    from swereg.adapters.frozen.base import FrozenBase
    from swereg.adapters.peft import merging

    base = entry.require_base()
    if moved_to is None and base.architecture == checkpoint.ARCHITECTURE:
        packaged = locations.PACKAGED_BASES / base.name
        return str(packaged) if base.name == sources.PACKAGED else base.name
    source = sources.recorded(base, moved_to)
    FrozenBase.open(source, "cpu")  # checks the fingerprint
    merging.check_head(entry, source.folder)
    return source.name if source.revision else str(source.folder)


# --- in -------------------------------------------------------------------------------------


def _agreed_labels(found: PeftFolder, said: Sequence[str] | None) -> tuple[str, ...]:
    """The labels that were said, or those of the folder; both must agree."""
    nfc = None if said is None else tuple(unicodedata.normalize("NFC", text) for text in said)
    labels = nfc or found.labels
    if labels is None:
        raise UsageError(
            "the folder does not name its labels",
            why="PEFT's format has no place for them.",
            hint="Name them in the order of the head's outputs: --labels A,B,C",
            code="import.labels",
        )
    if found.labels is not None and labels != found.labels:
        raise _contradiction("labels", ", ".join(found.labels), ", ".join(labels))
    sound = all(label.strip() == label and label.isprintable() and label for label in labels)
    if not sound or len({*labels}) < len(labels) or not 2 <= len(labels) <= MOST_LABELS:
        raise UsageError(
            f"these cannot be labels: {', '.join(labels)[:200]!r}",
            why=f"There are 2 to {MOST_LABELS}, all different, without outer spaces.",
            code="import.labels",
        )
    return labels


def _agreed_task(found: PeftFolder, said: str | None, name: str) -> str:
    claimed = found.claims.get("task")
    if said and claimed and said != claimed:
        raise _contradiction("task", claimed, said)
    return refs.check_name(said or claimed or name, what="task name")


def _contradiction(what: str, folder: str, said: str) -> CheckFailed:
    return CheckFailed(
        f"the folder has other {what}" if what.endswith("s") else f"the folder has another {what}",
        why=f"the folder {folder}\nsaid       {said}",
        hint=f"Leave out --{what}, or make sure that this is the right folder.",
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
    found: PeftFolder, store: Registry, asked: str | None, on_progress: OnProgress
) -> BaseSource:
    """The base asked for, else the one that the folder names if it is known, else the usual."""
    from swereg.adapters.bases import sources

    known = {info.fingerprint: info for info in store.bases()}
    if asked is None and found.base in known:
        return sources.recorded(known[found.base])
    return choose_base(store, asked, on_progress)


def _check_base(found: PeftFolder, frozen: FrozenBase, on_progress: OnProgress) -> None:
    if not found.base:
        text = (
            f"Nothing says on which base this adapter was trained, so that it was {frozen.info} "
            "cannot be verified; its tensors fit."
        )
        on_progress(Notice(text))
    elif found.base != frozen.info.fingerprint:
        raise CheckFailed(
            f"the adapter was trained on another base than {frozen.info}",
            why=f"recorded {found.base}\nfound    {frozen.info.fingerprint}",
            hint="Name its base with --base.",
            code="base.mismatch",
        )


def _max_length(found: PeftFolder, said: int | None, longest: int) -> int:
    claimed = found.claims.get("recipe", {}).get("max_length")
    plausible = isinstance(claimed, int) and 3 <= claimed <= longest
    chosen = said or (int(claimed) if plausible else min(Recipe.max_length, longest))
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

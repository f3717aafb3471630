"""Export entries: whole into a file, or one into a folder, for PEFT or as a plain model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from swereg.adapters.peft.model_card import model_card
from swereg.api.arguments.opening import open_reader, open_registry
from swereg.errors import UsageError
from swereg.home import locations
from swereg.home.folders import replacing_folder
from swereg.plugins import entry_points
from swereg.records.entry import Entry
from swereg.records.training import BaseInfo, Weights

if TYPE_CHECKING:
    from swereg.api.arguments.opening import Place


def export(
    *refs: str,
    file: str | Path | None = None,
    keep_data: bool = True,
    peft: str | Path | None = None,
    merged: str | Path | None = None,
    base: str | None = None,
    force: bool = False,
    registry: Place = None,
) -> Path:
    """Write entries into one file, or one into a folder: for PEFT, or as a plain model.

    What is written is there whole or not at all.

    Args:
        refs: references; several go into a file alone.
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
    if [file, peft, merged].count(None) != 2 or not refs or (len(refs) > 1 and file is None):
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
    with open_reader(registry) as store:
        if file is not None:
            with open_registry(store) as whole_registry:
                return whole_registry.export(refs, target, keep_data=keep_data, force=force)
        entry = store.get(refs[0])
        info = entry.require_base()
        weights = store.weights(entry)
    with replacing_folder(target, force=force) as folder:
        if peft is not None:
            _write_adapter(folder, entry, weights, info, base)
        else:
            _write_model(folder, entry, weights, info, base)
    return target


def _write_adapter(
    folder: Path, entry: Entry, weights: Weights, info: BaseInfo, moved_to: str | None
) -> None:
    from swereg.adapters.peft import exporting

    method = entry_points.find_plugin("method", entry.method)
    card = model_card(entry, merged=False)
    place = _place_of_base(entry, info, moved_to)
    for name, content in exporting.files(entry, weights, method, place, card).items():
        (folder / name).write_bytes(content)


def _write_model(
    folder: Path, entry: Entry, weights: Weights, info: BaseInfo, moved_to: str | None
) -> None:
    from swereg.adapters.bases import sources
    from swereg.adapters.frozen.base import FrozenBase
    from swereg.adapters.peft import merging

    source = sources.recorded(info, moved_to)
    frozen = FrozenBase.open(source, "cpu")
    model = merging.merge(entry, weights, frozen, entry_points.find_plugin("method", entry.method))
    merging.save(model, source.folder, folder, entry.recipe.max_length)
    (folder / "README.md").write_text(model_card(entry, merged=True), encoding="utf-8")


def _place_of_base(entry: Entry, info: BaseInfo, moved_to: str | None) -> str:
    """Where PEFT finds the base; one that is no BERT must have swereg's kind of head."""
    from swereg.adapters.bases import sources
    from swereg.adapters.bert import checkpoint
    from swereg.adapters.frozen.base import FrozenBase
    from swereg.adapters.peft import merging

    if moved_to is None and info.architecture == checkpoint.ARCHITECTURE:
        packaged = locations.PACKAGED_BASES / info.name
        return str(packaged) if info.name == sources.PACKAGED else info.name
    source = sources.recorded(info, moved_to)
    FrozenBase.open(source, "cpu")  # checks the fingerprint
    merging.check_head(entry, source.folder)
    return source.name if source.revision else str(source.folder)

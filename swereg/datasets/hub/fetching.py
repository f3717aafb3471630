"""Datasets on the Hugging Face Hub: their data files, fetched as they are; no code of theirs."""

from __future__ import annotations

import glob
from dataclasses import replace
from pathlib import Path

from swereg.datasets.files.decoding import LARGEST
from swereg.datasets.files.refusals import refuse, some
from swereg.datasets.files.splits import Located
from swereg.datasets.hub import card as hub_card
from swereg.datasets.hub import layout
from swereg.datasets.hub.spec import Spec
from swereg.errors import NotFound, UsageError, first_line
from swereg.records.dataset import SPLITS, ReadOptions

CARD = "README.md"


def fetch(spec: Spec, options: ReadOptions) -> Located:
    """Find a dataset's files, and fetch those that are not in the local cache.

    Columns named in the options win over those of the spec.

    Raises:
        NotFound: the dataset can neither be fetched nor is it in the local cache.
        DataError: it has no data files, or it is not clear which ones are meant.
        UsageError: its name is none.
    """
    folder = _snapshot(spec, [CARD])
    commit = folder.name
    exact = replace(spec, revision=commit)
    listed = _listed(exact)
    sizes = _cached(folder) if listed is None else listed
    card = hub_card.read_card(folder / CARD)
    parts = (
        hub_card.choose_config(card, list(sizes), spec.config, spec.splits)
        if card.configs
        else layout.choose_files(list(sizes), spec.config, spec.splits)
    )
    if listed is None and set(sizes) <= {CARD}:
        raise _unreachable(spec, "nothing; none of its data files is there")
    if "train" not in parts:
        raise layout.no_train(spec.name, list(sizes), parts)
    files_needed = [name for part in parts.values() for name in part]
    _refuse_size(spec, sum(sizes[name] for name in files_needed))
    if listed is not None:
        folder = _snapshot(exact, [glob.escape(name) for name in files_needed])
    missing = [name for name in files_needed if not (folder / name).is_file()]
    if missing:
        raise _unreachable(spec, f"nothing; {some(missing)} is not there")
    source = spec.at(commit)
    shown = "; ".join(f"{name} {some(list(parts[name]))}" for name in SPLITS if name in parts)
    return Located(
        {name: [folder / file for file in parts[name]] for name in SPLITS if name in parts},
        [f"Read from {source}: {shown}."],
        replace(options, text=options.text or spec.text, label=options.label or spec.label),
        source,
    )


def _snapshot(spec: Spec, patterns: list[str]) -> Path:
    """Fetch some files, or take them from the local cache where the Hub cannot be reached."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(
            snapshot_download(
                spec.name,
                repo_type="dataset",
                revision=spec.revision or None,
                allow_patterns=patterns,
            )
        )
    except HFValidationError as fault:
        raise UsageError(
            f"{spec.name!r} is not the name of a dataset on the Hub",
            why=str(fault),
            hint="It is ORG/NAME, such as hub:EuroEval/scala-sv.",
            code="hub.spec",
        ) from fault
    except (HfHubHTTPError, OSError) as fault:
        raise _unreachable(spec, first_line(fault)) from fault


def _unreachable(spec: Spec, why: str) -> NotFound:
    name = f"{spec.name}@{spec.revision}" if spec.revision else spec.name
    return NotFound(
        f"the dataset {name} cannot be had from the Hugging Face Hub",
        why=f"It is not in the local cache, and the Hub says: {why}",
        hint="Check its name and the connection, or download its files and give them with --data.",
        code="hub.unreachable",
    )


def _listed(spec: Spec) -> dict[str, int] | None:
    """The files of a commit and their sizes, or None where the Hub cannot be reached."""
    from huggingface_hub import HfApi

    try:
        info = HfApi().dataset_info(spec.name, revision=spec.revision, files_metadata=True)
    except Exception:  # whatever the network raises, the cache may have what is needed
        return None
    return {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or ()}


def _cached(folder: Path) -> dict[str, int]:
    """The files of a snapshot in the local cache and their sizes."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}


def _refuse_size(spec: Spec, size: int) -> None:
    if size > LARGEST:
        raise refuse(
            f"the dataset {spec.name} is too large",
            f"The files that are meant have {size:,} bytes; at most {LARGEST:,} are read.",
            "Name a smaller config: hub:ORG/NAME[config=NAME]",
            "too-large",
        )

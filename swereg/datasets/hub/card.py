"""Which files of a Hub dataset are which split, where its README says so (``configs``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from swereg.datasets.files.formats import DATA, extension
from swereg.datasets.files.refusals import quote, refuse, some
from swereg.datasets.files.splits import split_called, split_spoken_of
from swereg.errors import first_line
from swereg.records.dataset import Split

LARGEST_CARD = 2**21  # bytes

Parts = dict[Split, tuple[str, ...]]
Patterns = list[tuple[str, list[str]]]  # the name of a split, and the files that it has


class Card(NamedTuple):
    """The configs of a README that name data files, and the one to take unasked, or ``""``."""

    configs: dict[str, Patterns]
    default: str = ""


def read_card(card: Path) -> Card:
    """Read the configs of a README.

    Raises:
        DataError: its header is no YAML.
    """
    if not card.is_file():
        return Card({})
    from huggingface_hub import metadata_load

    try:
        header = metadata_load(card) if card.stat().st_size <= LARGEST_CARD else None
    except Exception as fault:  # of YAML, of Unicode, and of huggingface_hub itself
        raise refuse(
            "the README of that dataset cannot be read",
            f"{first_line(fault)} in {card}.",
            "Download its data files and give them with --data.",
            "hub-card",
        ) from fault
    named = header.get("configs") if isinstance(header, dict) else None
    listed = [item for item in named if isinstance(item, dict)] if isinstance(named, list) else []
    configs = {_name(item): patterns for item in listed if (patterns := _patterns(item))}
    first = [_name(item) for item in listed if item.get("default") is True]
    return Card(configs, next(iter([*first, *(configs if len(configs) == 1 else ())]), "default"))


def _name(config: Mapping[str, Any]) -> str:
    return str(config.get("config_name", "default"))


def choose_config(
    card: Card,
    files: Sequence[str],
    config: str,
    splits: Mapping[Split, str],
) -> Parts:
    """Say which files are train, val and test of a config.

    Args:
        splits: from train, val and test to what the dataset calls them.

    Raises:
        DataError: there is no such config or split, or several configs and none is the default.
    """
    name = config or card.default
    if name not in card.configs:
        raise _no_config(config, list(card.configs))
    patterns = card.configs[name]
    _refuse_unknown(splits, [split for split, _ in patterns])
    parts: Parts = {}
    for split, globs in patterns:
        chosen_splits = _which(split, splits)
        if chosen_splits is None or chosen_splits in parts:
            continue
        matching = [f for f in files if extension(Path(f)) in DATA and _matches(f, globs)]
        if matching:
            parts[chosen_splits] = tuple(sorted(matching))
    return parts


def _which(split: str, splits: Mapping[Split, str]) -> Split | None:
    """Which of our splits one of the dataset's is; what was said wins over the usual words."""
    own_name = next((ours for ours, theirs in splits.items() if theirs == split), None)
    if own_name is not None:
        return own_name
    usual = split_called(split) or split_spoken_of(split)
    return None if usual in splits else usual


def _refuse_unknown(splits: Mapping[Split, str], listed: Sequence[str]) -> None:
    for ours, theirs in splits.items():
        if theirs not in listed:
            raise refuse(
                f"the dataset has no split {quote(theirs)} for {ours}",
                f"It has {some([quote(name) for name in listed])}.",
                f"Name one of them: {ours}=NAME",
                "hub-split",
            )


def _patterns(config: Mapping[str, Any]) -> Patterns:
    """The data files of a config, in any of the ways in which a README may write them."""
    files, folder = config.get("data_files"), str(config.get("data_dir") or "").strip("/")
    if isinstance(files, dict):
        pairs = [(str(split), _strings(path)) for split, path in files.items()]
    elif isinstance(files, list) and all(isinstance(item, dict) for item in files):
        pairs = [(str(item.get("split", "train")), _strings(item.get("path"))) for item in files]
    else:
        pairs = [("train", _strings(files))]
    prefix = f"{folder}/" if folder not in ("", ".") else ""
    return [
        (split, [prefix + glob.removeprefix("./") for glob in globs])
        for split, globs in pairs
        if globs
    ]


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str)]


def _matches(file: str, globs: Sequence[str]) -> bool:
    return any(
        fnmatchcase(file, glob) or ("**/" in glob and fnmatchcase(file, glob.replace("**/", "")))
        for glob in globs
    )


def _no_config(config: str, configs: Sequence[str]) -> Exception:
    return refuse(
        f"the dataset has no config {quote(config)}"
        if config
        else "the dataset has several configs, and none is the default",
        f"It has {some([quote(name) for name in configs])}.",
        f"Name one of them: hub:ORG/NAME[config={configs[0]}]",
        "hub-config",
    )

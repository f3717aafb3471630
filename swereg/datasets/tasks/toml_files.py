"""Tasks that are written down in a TOML file: where the examples are, and what they mean.

name = "complaints"
description = "Which department is a complaint for?"
source = "complaints.csv"                 # beside the TOML file, or hub:ORG/NAME[config=sv]
labels = ["roads", "schools"]

[columns]
text = "Meddelande"
label = "Avdelning"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from swereg.datasets.checks import check_dataset
from swereg.datasets.files.decoding import read_bytes
from swereg.datasets.files.refusals import printable
from swereg.datasets.files.splits import Located, Source
from swereg.datasets.hub import fetching
from swereg.datasets.hub import spec as hub_spec
from swereg.datasets.labels import Labels
from swereg.datasets.reading import gather, locate_files
from swereg.datasets.tasks.toml_keys import check_keys, wrong
from swereg.errors import UsageError
from swereg.records import refs
from swereg.records.dataset import SPLITS, Dataset, ReadOptions, Task

LARGEST = 2**18  # bytes
_LINE = re.compile(r"at line (\d+), column \d+")


def read_task(path: str | Path) -> Task:
    """Read a task file. Its examples are read only when the task is trained.

    Raises:
        NotFound: there is no such file.
        UsageError: it is no TOML, or says something that is not known or makes no sense.
    """
    path = Path(path)
    keys = _parsed(path)
    check_keys(path, keys)
    labels = _labels(path, keys)
    source, options = _source(path, keys), _options(keys)
    return Task(
        name=refs.check_name(keys["name"], noun="task name"),
        read=partial(_read, source, _splits(path, keys, source), options, labels),
        labels=labels.order,
        description=keys.get("description", ""),
        source=keys["source"],
        licence=keys.get("licence", ""),
        homepage=keys.get("homepage", ""),
        citation=keys.get("citation", "").strip(),
        metric=keys.get("metric", ""),
        needs_hub=keys["source"].startswith(hub_spec.PREFIX),
    )


def _parsed(path: Path) -> dict[str, Any]:
    data = read_bytes(path)
    if len(data) > LARGEST:
        raise wrong(path, f"it has {len(data):,} bytes; a task file has at most {LARGEST:,}")
    try:
        return tomllib.loads(data.decode("utf-8").removeprefix("\ufeff"))
    except (ValueError, RecursionError) as fault:
        line = _LINE.search(str(fault))
        raise UsageError(
            f"{printable(str(path))}{f':{line[1]}' if line else ''} is not TOML",
            why=f"{fault}.",
            hint='Write texts in quotes, such as name = "complaints".',
            code="task.toml",
        ) from None


def _labels(path: Path, keys: Mapping[str, Any]) -> Labels:
    names, mapping = tuple(keys.get("labels", ())), keys.get("mapping", {})
    bins = tuple(map(float, keys.get("bins", ())))
    labels = Labels(names, mapping, bins)
    if len(set(labels.order)) < len(names):
        raise wrong(path, "it names a label twice in labels")
    strange = set(mapping.values()) - set(names)
    if names and strange:
        raise wrong(path, f"it maps to {sorted(strange)[0]!r}, which is not in labels")
    if bins and mapping:
        raise wrong(path, "it says bins and mapping, which do not go together")
    if bins and (len(bins) != len(names) - 1 or sorted(set(bins)) != list(bins)):
        raise wrong(
            path,
            f"it has {len(bins)} borders in bins for {len(names)} labels",
            "Give one border less than labels, each larger than the one before.",
        )
    return labels


def _source(path: Path, keys: Mapping[str, Any]) -> Source:
    """Where the examples are: a Hub spec as it is, a path beside the task file."""
    source: str = keys["source"]
    if not source.startswith(hub_spec.PREFIX):
        return path.parent / source
    spec = hub_spec.parse_spec(source)
    twice = [key for key in ("text", "label") if getattr(spec, key) and keys.get("columns", {})]
    twice += ["splits"] if spec.splits and keys.get("splits") else []
    if twice:
        raise wrong(path, f"its source says {twice[0]}, and so does a table of its own")
    return source


def _splits(path: Path, keys: Mapping[str, Any], source: Source) -> Mapping[str, str]:
    splits: Mapping[str, str] = keys.get("splits", {})
    if splits and "train" not in splits and isinstance(source, Path):
        raise wrong(path, "it says splits, but none for train")
    return splits


def _options(keys: Mapping[str, Any]) -> ReadOptions:
    columns, reading = keys.get("columns", {}), keys.get("reading", {})
    return ReadOptions(text=columns.get("text", ""), label=columns.get("label", ""), **reading)


def _read(
    source: Source, splits: Mapping[str, str], options: ReadOptions, labels: Labels
) -> Dataset:
    """Read the examples. Where the file asks for no dedupe, the caller checks and may ask."""
    dataset, places = gather(_located(source, splits, options), labels)
    return check_dataset(dataset, options, places) if options.dedupe else dataset


def _located(source: Source, splits: Mapping[str, str], options: ReadOptions) -> Located:
    spec = hub_spec.spec_in(source)
    if spec is not None:
        named = {name: splits[name] for name in SPLITS if name in splits}
        return fetching.fetch(replace(spec, splits=named or spec.splits), options)
    if splits:
        folder = Path(str(source))
        return Located({n: [folder / splits[n]] for n in SPLITS if n in splits}, [], options)
    return locate_files(source, options)

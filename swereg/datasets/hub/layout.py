"""Which files of a Hub dataset are which split, by their names, where its README is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from swereg.datasets.files.formats import DATA, FORMATS, extension, stem
from swereg.datasets.files.refusals import quote, refuse, some
from swereg.datasets.files.splits import split_called, split_spoken_of
from swereg.datasets.hub.card import Parts
from swereg.errors import DataError
from swereg.records.dataset import Split

_NEUTRAL = {"data"}  # a folder of this name is no config


def choose_files(files: Sequence[str], config: str, splits: Mapping[Split, str]) -> Parts:
    """Say which files are train, val and test.

    A folder is a config, such as ``sv/train-00000-of-00001.parquet``, unless it is called data
    or after a split. A single file without a split in its name is train.

    Args:
        splits: from train, val and test to what the dataset calls them.

    Raises:
        DataError: there is no such config, or several and none was named.
    """
    data = [PurePosixPath(file) for file in sorted(files) if _is_data(file)]
    data = [path for path in data if _config(path) == _chosen(data, config)]
    for data_format in FORMATS:
        matching = [path for path in data if extension(Path(path)) in data_format.endings]
        parts: dict[Split, tuple[str, ...]] = {}
        for path in matching:
            split = _split(path, splits)
            if split is not None:
                parts[split] = (*parts.get(split, ()), str(path))
        if "train" in parts:
            return parts
        if len(data) == 1 and matching:
            return {"train": (str(matching[0]),)}
    return {}


def no_train(name: str, files: Sequence[str], parts: Parts) -> DataError:
    """Build the error of a dataset in which there is no training data."""
    data = [file for file in files if _is_data(file)]
    code = any(file.endswith(".py") for file in files)
    return refuse(
        f"no training data is found in the dataset {name}",
        f"It has {some(data) or 'no data files'}"
        f"{f'; found are {some(list(parts))}' if parts else ''}."
        f"{' It has a loading script, which is never run.' if code else ''}",
        "Say what is what: hub:ORG/NAME[config=NAME,train=NAME,val=NAME]. Datasets with a script "
        "often have Parquet files too: hub:ORG/NAME@refs/convert/parquet",
        "hub-files",
    )


def _is_data(file: str) -> bool:
    path = PurePosixPath(file)
    hidden = any(part.startswith(".") for part in path.parts)
    return extension(Path(path)) in DATA and not hidden and path.stem != "dataset_infos"


def _chosen(data: Sequence[PurePosixPath], config: str) -> str:
    configs = sorted({_config(path) for path in data})
    name = config or ("" if "" in configs else configs[0] if len(configs) == 1 else "default")
    if not data or name in configs:
        return name
    raise refuse(
        f"the dataset has no config {quote(config)}"
        if config
        else "it is not clear which config of the dataset is meant",
        f"By its folders it has {some([quote(name) for name in configs if name]) or 'none'}.",
        f"Name one of them: hub:ORG/NAME[config={configs[-1] or 'NAME'}]",
        "hub-config",
    )


def _config(path: PurePosixPath) -> str:
    """The folders of a file, without those that are called data or after a split."""
    folders = path.parts[:-1]
    return "/".join(f for f in folders if f not in _NEUTRAL and split_called(f) is None)


def _split(path: PurePosixPath, splits: Mapping[Split, str]) -> Split | None:
    """The split of a file, by its own name or by that of a folder."""
    names = [stem(Path(path)), *reversed(path.parts[:-1])]
    for ours, theirs in splits.items():
        if any(name == theirs or name.startswith(f"{theirs}-") for name in names):
            return ours
    usual = next((spoken for name in names if (spoken := split_spoken_of(name))), None)
    return None if usual in splits else usual

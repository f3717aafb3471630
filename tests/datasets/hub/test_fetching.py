"""Datasets on the Hub: a spec, the Hub's own cache, and which file is which split."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import swereg
from swereg.api.arguments import task_data
from swereg.datasets.hub import fetching, layout
from swereg.datasets.hub import spec as hub_spec
from swereg.datasets.reading import read_data
from swereg.errors import DataError, NotFound, UsageError
from swereg.records.dataset import ReadOptions
from tests.datasets.conftest import ROWS, table

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Publish = Callable[..., Path]


def part(name: str) -> str:
    return table([(f"{text} {name}", label) for text, label in ROWS])


def parquet(name: str) -> bytes:
    """Rows of a split with labels that are numbers, as the library datasets writes them."""
    info = {"info": {"features": {"intent": {"names": ["nej", "ja"], "_type": "ClassLabel"}}}}
    made = pa.table(
        {
            "utt": [f"{text} {name}" for text, _ in ROWS],
            "intent": [int(label == "positiv") for _, label in ROWS],
        }
    ).replace_schema_metadata({"huggingface": json.dumps(info)})
    sink = pa.BufferOutputStream()
    pq.write_table(made, sink)
    return bytes(sink.getvalue())


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Lay files out as the Hub's cache does; the Hub itself is out of reach."""
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    def _publish(files: dict[str, str | bytes], name: str = "org/data", ref: str = "main") -> Path:
        repo = cache / f"datasets--{name.replace('/', '--')}"
        snapshot = repo / "snapshots" / COMMIT
        (repo / "blobs").mkdir(parents=True, exist_ok=True)
        (repo / "refs" / ref).parent.mkdir(parents=True, exist_ok=True)
        (repo / "refs" / ref).write_text(COMMIT)
        for number, (path, content) in enumerate(files.items()):
            blob = repo / "blobs" / f"{number:040x}"
            blob.write_bytes(content if isinstance(content, bytes) else content.encode())
            (snapshot / path).parent.mkdir(parents=True, exist_ok=True)
            (snapshot / path).symlink_to(blob)
        return snapshot

    return _publish


def sizes(source: str) -> list[int]:
    read = read_data(source)
    return [len(read.split(name)) for name in ("train", "val", "test")]


def test_a_spec_says_what_is_meant() -> None:
    spec = hub_spec.parse_spec(
        "hub:org/data@refs/convert/parquet[config=sv-SE, label=intent,val=dev]"
    )
    assert spec == hub_spec.Spec(
        "org/data", "refs/convert/parquet", "sv-SE", label="intent", splits={"val": "dev"}
    )
    assert spec.at(COMMIT) == f"hub:org/data@{COMMIT}[config=sv-SE,label=intent,val=dev]"
    assert hub_spec.parse_spec("hub:org/data") == hub_spec.Spec("org/data")
    assert hub_spec.spec_in(Path("data.csv")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hub:", "hub:ORG/NAME"),
        ("hub:org/data[config=sv", "hub:ORG/NAME"),
        ("hub:org/data[confg=sv]", "Did you mean config?"),
        ("hub:org/data[config]", "KEY=VALUE"),
        ("hub:org/data[text=a,text=b]", "once"),
    ],
)
def test_what_is_no_spec_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        read_data(text)


def test_a_hub_dataset_comes_alone(publish: Publish) -> None:
    with pytest.raises(UsageError):
        read_data(["hub:org/data", "data.csv"])


def test_what_can_neither_be_fetched_nor_is_there_is_not_found(publish: Publish) -> None:
    for source in ("hub:org/none", "hub:org/none@v2"):
        with pytest.raises(NotFound) as caught:
            read_data(source)
        assert caught.value.code == "hub.unreachable"
        assert "connection" in caught.value.hint
    with pytest.raises(UsageError):
        read_data("hub:a/b/c")


FILES = {n: part(n) for n in ("train", "validation", "test")}


@pytest.mark.parametrize(
    "names",
    [
        ["train.csv", "validation.csv", "test.csv"],
        ["data/train-00000-of-00001.csv", "data/dev.csv", "data/test-00000-of-00001.csv"],
        ["data/org_train.jsonl", "data/org_valid.jsonl", "data/org_test.jsonl"],
        ["train/0000.csv", "validation/0000.csv", "test/0000.csv"],
        ["sv/train.csv", "sv/val.csv", "sv/test.csv"],
        ["train.json.gz", "validation.json.gz", "test.json.gz"],
    ],
)
def test_splits_are_found_by_the_usual_names(names: list[str], publish: Publish) -> None:
    files: dict[str, str | bytes] = {"README.md": "# Data", ".gitattributes": "", "x.py": "1/0"}
    for name, content in zip(names, FILES.values(), strict=True):
        files[name] = content if "csv" in name else jsonl(content)
        if name.endswith(".gz"):
            files[name] = gzip.compress(str(files[name]).encode())
    publish(files)
    assert sizes("hub:org/data") == [40, 40, 40]
    read = read_data("hub:org/data")
    assert read.val[0].text.endswith("validation")
    assert read.source == f"hub:org/data@{COMMIT}"
    assert read.notices[0].startswith(f"Read from hub:org/data@{COMMIT}: train {names[0]}; val")


def jsonl(content: str) -> str:
    rows = [line.split(",") for line in content.splitlines()[1:]]
    return "".join(json.dumps({"text": t, "label": k}) + "\n" for t, k in rows)


def test_a_readme_alone_in_the_cache_is_no_dataset(publish: Publish) -> None:
    publish({"README.md": "# Data"})
    with pytest.raises(NotFound):
        read_data("hub:org/data")


def test_shards_are_one_split(publish: Publish) -> None:
    publish({f"data/train-0000{n}-of-00002.csv": part(f"nr {n}") for n in range(2)})
    assert sum(sizes("hub:org/data")) == 80


def test_a_folder_is_a_config_and_has_to_be_named(publish: Publish) -> None:
    ref = "refs/convert/parquet"
    files: dict[str, str | bytes] = {
        f"{config}/{name}/0000.parquet": parquet(f"{config} {name}")
        for config in ("sv-SE", "da-DK")
        for name in ("train", "validation", "test")
    }
    publish(files, ref=ref)
    source = f"hub:org/data@{ref}[config=sv-SE,text=utt,label=intent]"
    assert sizes(source) == [40, 40, 40]
    read = read_data(source)
    assert read.labels == ("ja", "nej")
    assert all("sv-SE" in e.text for e in read.train)
    with pytest.raises(DataError) as caught:
        read_data(f"hub:org/data@{ref}")
    assert caught.value.code == "data.hub-config"
    assert "'da-DK', 'sv-SE'" in caught.value.why
    with pytest.raises(DataError, match="no config 'fi'"):
        read_data(f"hub:org/data@{ref}[config=fi]")


CARD = """---
language: [sv]
configs:
- config_name: da
  data_files: [{{split: train, path: da/*.csv}}]
- config_name: sv
  {default}
  data_files:
  - split: train
    path: ["texts/a-*.csv", "texts/b.csv"]
  - split: dev
    path: texts/c.csv
  - split: extra
    path: "**/d.csv"
---
# Data
"""


def carded(default: str = "default: true") -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {f"texts/{n}.csv": part(n) for n in ("a-1", "a-2", "b", "c")}
    return files | {"d.csv": part("d"), "README.md": CARD.format(default=default)}


def test_the_readme_says_which_files_are_which(publish: Publish) -> None:
    publish(carded())
    assert sizes("hub:org/data") == [120, 40, 0]
    assert sizes("hub:org/data[test=extra]") == [120, 40, 40]
    assert sizes("hub:org/data[val=extra]") == [120, 40, 0]
    assert read_data("hub:org/data[val=extra]").val[0].text.endswith("d")
    with pytest.raises(DataError) as caught:
        read_data("hub:org/data[test=eval]")
    assert "'train', 'dev', 'extra'" in caught.value.why


def test_one_of_several_configs_has_to_be_named(publish: Publish) -> None:
    publish(carded(""))
    assert sizes("hub:org/data[config=sv]") == [120, 40, 0]
    for source in ("hub:org/data", "hub:org/data[config=nn]"):
        with pytest.raises(DataError) as caught:
            read_data(source)
        assert "'da', 'sv'" in caught.value.why
    with pytest.raises(DataError) as caught:
        read_data("hub:org/data[config=da]")
    assert caught.value.code == "data.hub-files"


@pytest.mark.parametrize(
    "header",
    [
        "data_files: texts/a-1.csv",
        "data_files: [texts/a-1.csv]",
        "data_files: {train: a-1.csv}\n  data_dir: texts",
        "data_files: [{split: train, path: ./texts/a-1.csv}]",
    ],
)
def test_a_readme_may_write_files_in_several_ways(header: str, publish: Publish) -> None:
    card = f"---\nconfigs:\n- config_name: x\n  {header}\n---\n"
    publish(carded() | {"README.md": card})
    assert sum(sizes("hub:org/data")) == 40


@pytest.mark.parametrize(
    "card",
    [
        "---\nconfigs: [\n---\n",
        "---\nconfigs: 7\n---\n",
        "---\n- 1\n---\n",
        b"---\n\xff\n---\n",
        "---\nconfigs: [{config_name: x, data_files: [{split: train, path: /etc/*}]}]\n---\n",
        "---\nconfigs: [{config_name: x, data_files: ../../../**}]\n---\n",
        "---\nx: &x [*x]\nconfigs: *x\n---\n",
    ],
)
def test_a_hostile_readme_ends_in_an_error_or_in_the_dataset(
    card: str | bytes, publish: Publish
) -> None:
    publish({"train.csv": part("train"), "README.md": card})
    try:
        assert sum(sizes("hub:org/data")) == 40
    except DataError as fault:
        assert fault.code in ("data.hub-card", "data.hub-files")  # noqa: PT017


def test_a_loading_script_is_never_run(publish: Publish) -> None:
    publish({"data.py": "raise SystemExit('ran')", "archive.tar.gz": b"\x1f\x8b"})
    with pytest.raises(DataError) as caught:
        read_data("hub:org/data")
    assert "never run" in caught.value.why
    assert "refs/convert/parquet" in caught.value.hint


def test_what_the_options_name_wins(publish: Publish) -> None:
    publish({"train.csv": "a,b,c\n" + "".join(f"{t},{k},{k}2\n" for t, k in ROWS)})
    options = ReadOptions(label="c")
    assert read_data("hub:org/data[text=a,label=b]", options).labels == ("negativ2", "positiv2")


def test_with_a_connection_only_the_files_that_are_meant_are_fetched(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    snapshot = publish({"train.csv": part("train"), "README.md": ""})
    asked: list[Any] = []

    def info(*_: Any, **said: Any) -> Any:
        asked.append(said["revision"])
        names = {"train.csv": 100, "big.bin": 10**12}
        files = [SimpleNamespace(rfilename=name, size=size) for name, size in names.items()]
        return SimpleNamespace(siblings=files)

    def download(*_: Any, **said: Any) -> str:
        asked.append(said["allow_patterns"])
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", info)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert sum(sizes("hub:org/data")) == 40
    assert asked == [["README.md"], COMMIT, ["train.csv"]]
    monkeypatch.setattr(fetching, "LARGEST", 99)
    with pytest.raises(DataError) as caught:
        read_data("hub:org/data")
    assert caught.value.code == "data.too-large"
    assert asked[-2:] == [["README.md"], COMMIT]


def test_layouts_without_a_connection_or_files() -> None:
    assert layout.choose_files([], "", {}) == {}
    assert layout.choose_files(["anything.csv"], "", {}) == {"train": ("anything.csv",)}
    assert layout.choose_files(["a.csv", "b.csv"], "", {}) == {}
    both = ["train.csv", "train.parquet"]
    assert layout.choose_files(both, "", {}) == {"train": ("train.parquet",)}
    named = ["gold.csv", "silver.csv"]
    assert layout.choose_files(named, "", {"train": "silver", "test": "gold"}) == {
        "train": ("silver.csv",),
        "test": ("gold.csv",),
    }


def test_the_commit_is_recorded_with_the_task(publish: Publish) -> None:
    publish({f"{name}.csv": content for name, content in FILES.items()})
    task, dataset = task_data.task_and_data(None, "hub:org/data", ReadOptions(), None)
    assert (task.name, task.source) == ("data", f"hub:org/data@{COMMIT}")
    assert swereg.Dataset.from_jsonl(dataset.to_jsonl()).digest == dataset.digest

"""Bases: identity by content, the Hub's own cache, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from swereg.adapters.bases import sources
from swereg.errors import CheckFailed, NotFound, SweregError, UsageError
from swereg.home import locations as places
from swereg.testing import make_base

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def on_hub(name: str, folder: Path, cache: Path, commit: str = COMMIT) -> Path:
    """Lay a folder out as the Hub's cache does: refs, and a snapshot of links to blobs."""
    repo = cache / f"models--{name.replace('/', '--')}"
    snapshot = repo / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (repo / "refs").mkdir(exist_ok=True)
    (repo / "refs" / "main").write_text(commit)
    (repo / "blobs").mkdir(exist_ok=True)
    for number, file in enumerate(sorted(folder.iterdir())):
        blob = repo / "blobs" / f"{commit[:8]}{number:032x}"
        shutil.copyfile(file, blob)
        (snapshot / file.name).symlink_to(Path("../../blobs") / blob.name)
    return snapshot


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hub cache; the Hub itself is out of reach."""
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return cache


def test_the_fingerprint_is_the_content_not_the_place(tiny_base: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_base, tmp_path / "å copy")
    one, two = sources.resolve(str(tiny_base)).load(), sources.resolve(str(copy)).load()
    assert one.info.fingerprint == two.info.fingerprint
    assert one.info.name != two.info.name


def test_the_fingerprint_changes_with_weights_and_with_the_tokenizer(
    tiny_base: Path, tmp_path: Path
) -> None:
    known = sources.resolve(str(tiny_base)).load().info.fingerprint
    other = make_base(tmp_path / "other", seed=1)
    assert sources.resolve(str(other)).load().info.fingerprint != known
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    file = copy / "tokenizer_config.json"
    assert sources.resolve(str(copy)).load().info.fingerprint == known
    file.write_text(file.read_text().replace('"do_lower_case": false', '"do_lower_case": true'))
    assert sources.resolve(str(copy)).load().info.fingerprint != known


def test_a_remembered_fingerprint_is_forgotten_when_a_file_changes(
    tmp_path: Path, home: Path
) -> None:
    folder = make_base(tmp_path / "base")
    before = sources.resolve(str(folder)).load().info.fingerprint
    assert len(list((places.cache_folder() / "fingerprints").iterdir())) == 1
    shutil.copyfile(
        make_base(tmp_path / "other", seed=1) / "model.safetensors", folder / "model.safetensors"
    )
    assert sources.resolve(str(folder)).load().info.fingerprint != before


def test_another_base_than_the_recorded_one_is_refused_with_both_fingerprints(
    tiny_base: Path, tmp_path: Path
) -> None:
    info = sources.resolve(str(tiny_base)).load().info
    other = make_base(tmp_path / "other", seed=1)
    found = sources.resolve(str(other)).load().info.fingerprint
    with pytest.raises(CheckFailed) as caught:
        sources.recorded(info, str(other)).load()
    assert info.fingerprint in caught.value.why
    assert found in caught.value.why


def test_a_checkpoint_without_a_pooler_is_refused(tmp_path: Path) -> None:
    folder = make_base(tmp_path / "base", pooler=False)
    with pytest.raises(CheckFailed, match="lacks parts") as caught:
        sources.resolve(str(folder)).load()
    assert "pooler.dense.weight" in caught.value.why


def test_a_model_in_the_hubs_cache_is_found_with_its_commit(tiny_base: Path, hub: Path) -> None:
    on_hub("org/model", tiny_base, hub)
    for spec in ("org/model", f"org/model@{COMMIT}", "org/model@main"):
        source = sources.resolve(spec)
        assert (source.name, source.revision) == ("org/model", COMMIT)
    expected = sources.resolve(str(tiny_base)).load().info.fingerprint
    assert source.load().info.fingerprint == expected


def test_a_recorded_base_is_taken_at_its_commit(tiny_base: Path, tmp_path: Path, hub: Path) -> None:
    on_hub("org/model", tiny_base, hub)
    info = sources.resolve("org/model").load().info
    on_hub("org/model", make_base(tmp_path / "newer", seed=1), hub, commit="f" * 40)
    assert sources.resolve("org/model").revision == "f" * 40
    assert sources.recorded(info).load().info == info


def test_a_pickle_is_loaded_with_a_notice(tiny_base: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    folder = shutil.copytree(tiny_base, tmp_path / "pickle")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    source = sources.resolve(str(folder))
    assert "weights_only=True" in source.notices[0]
    expected = sources.resolve(str(tiny_base)).load().info.fingerprint
    assert source.load().info.fingerprint == expected


class _Evil:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> object:
        return Path.touch, (self.target,)


def test_a_pickle_with_code_in_it_runs_nothing(tiny_base: Path, tmp_path: Path) -> None:
    import torch

    folder = shutil.copytree(tiny_base, tmp_path / "evil")
    torch.save({"x": _Evil(tmp_path / "ran")}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(SweregError):
        sources.resolve(str(folder)).load()
    assert not (tmp_path / "ran").exists()


def test_the_default_is_kbs_model_where_the_cache_has_it(tiny_base: Path, hub: Path) -> None:
    on_hub(sources.DEFAULT, tiny_base, hub)
    source = sources.resolve_default()
    assert (source.name, source.notices) == (sources.DEFAULT, ())


def test_the_default_without_hub_and_cache_is_mini_and_says_so(hub: Path) -> None:
    source = sources.resolve_default()
    assert source.name == "mini"
    assert sources.DEFAULT in source.notices[0]


def test_what_was_asked_for_is_never_replaced(hub: Path) -> None:
    with pytest.raises(NotFound, match="cannot be had"):
        sources.resolve(sources.DEFAULT)


@pytest.mark.parametrize("spec", ["./nowhere", "nowhere", "a/b/c", "~/nowhere", "/nowhere/x"])
def test_a_folder_that_is_not_there_is_named(spec: str, hub: Path) -> None:
    with pytest.raises(NotFound, match="there is no base"):
        sources.resolve(spec)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no base"):
        sources.resolve(str(tmp_path))


def test_a_hub_id_that_cannot_be_one_is_a_usage_error(hub: Path) -> None:
    with pytest.raises(UsageError, match="not a Hub id"):
        sources.resolve("org/mo del--x")


def test_broken_files_are_named(tiny_base: Path, tmp_path: Path) -> None:
    for file in ("config.json", "model.safetensors", "tokenizer.json"):
        folder = shutil.copytree(tiny_base, tmp_path / file)
        (folder / file).write_bytes(b"{broken")
        with pytest.raises(SweregError):
            sources.resolve(str(folder)).load()


def test_recommended_settings_come_from_the_side_file(tiny_base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_base, tmp_path / "base")
    (folder / "swereg.json").write_text('{"recommended": {"lora": {"learning_rate": 0.002}}}')
    assert sources.resolve(str(folder)).recommended == {"lora": {"learning_rate": 0.002}}

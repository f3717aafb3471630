"""Every test has a home of its own, and nothing reaches the network."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from pathlib import Path

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # tiny models are slower on two threads, much so beside others
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.pop("SWEREG_REGISTRY", None)  # fixtures of a module run before any of a test

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a job in the background; children inherit
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Spare the garbage collector, which training asks, what all tests have imported."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the registry, the caches and the Hub's cache at a folder of this test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SWEREG_HOME", str(folder))
    monkeypatch.delenv("SWEREG_REGISTRY", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of 2 layers."""
    from swereg.testing import make_base

    return make_base(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a base, a table as Excel writes it, and a registry with two entries."""
    folder = tmp_path_factory.mktemp("shop")
    from swereg.testing import make_base
    from tests.command_line import ROWS, here, swereg, train

    make_base(folder / "base")
    lines = ["Text;Etikett", *(f"{text};{label}" for text, label in ROWS)]
    (folder / "omdömen.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    home = {"SWEREG_HOME": str(folder / "home")}
    first = swereg(*train(folder), "-q", PYTHONHASHSEED="1", **home)
    assert first == "omdöme/1\n"
    assert here(*train(folder, "--method", "full"), "-q", **home) == "omdöme-full/1\n"
    return folder


@pytest.fixture
def registry(shop: Path, home: Path) -> Path:
    """A copy of the registry of the shop, as this test's own."""
    shutil.copytree(shop / "home", home)
    return home / "registry.db"

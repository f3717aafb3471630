"""Every test has a home of its own, and nothing reaches the network."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # tiny models are slower on two threads, much so beside others
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.pop("SWEREG_REGISTRY", None)  # fixtures of a module run before any of a test

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a job in the background; children inherit
    signal.signal(signal.SIGINT, signal.default_int_handler)


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

"""The real command line: in a fresh process, or here, for what a test prepares or looks up."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from swereg import cli

ROWS = [
    (f"{word} {place}", label)
    for place in ("i Umeå", "på Öland", "vid sjön", "i Skåne", "hos oss", "där borta", "igen")
    for word, label in (
        ("härlig mat", "positiv"),
        ("underbar dag", "positiv"),
        ("vänlig personal", "positiv"),
        ("försenat tåg", "negativ"),
        ("besviken på maten", "negativ"),
        ("full av hål", "negativ"),
    )
]
HEAVY = {"torch", "transformers", "peft", "alembic", "accelerate", "sklearn"}


def swereg(*arguments: object, stdin: str | None = None, code: int = 0, **env: str) -> str:
    """Run a command in a fresh process.

    Returns:
        Its standard output, or where it must fail what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", "swereg", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
        env={**os.environ, **env},
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def here(*arguments: object, code: int = 0, **env: str) -> str:
    """Run a command in this process, where torch and PEFT have to be imported only once.

    Returns:
        As ``swereg``.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with mock.patch.dict(os.environ, env), redirect_stdout(out), redirect_stderr(err):
        ended = cli.run(list(map(str, arguments)))
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    assert ended == code, said[1]
    return str(said[code != 0])


def as_json(*arguments: object) -> dict[str, Any]:
    """What a command prints with ``--json``."""
    found: dict[str, Any] = json.loads(here(*arguments, "--json"))
    return found


def shown(ref: str) -> dict[str, Any]:
    """All facts of an entry."""
    return as_json("show", ref)


def listed(*arguments: object) -> list[str]:
    """The references that ``list`` prints."""
    return here("list", "-q", *arguments).split()


def train(folder: Path, *more: object) -> list[object]:
    """The arguments of a quick training."""
    return [
        "train",
        "--task",
        "omdöme",
        "--data",
        folder / "omdömen.csv",
        "--base",
        folder / "base",
        "--epochs",
        3,
        "--lr",
        0.02,
        *more,
    ]

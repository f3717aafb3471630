"""Small data sets to write to files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]

GOOD = [f"Maten på krog {n} var underbar" for n in range(20)]
BAD = [f"Tåget till ort {n} var försenat" for n in range(20)]
ROWS = [
    row
    for good, bad in zip(GOOD, BAD, strict=True)
    for row in ((good, "positiv"), (bad, "negativ"))
]
CSV = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)


def table(rows: list[tuple[str, str]], header: str = "text,label") -> str:
    """Some rows as CSV, without quotes."""
    return header + "\n" + "".join(f"{text},{label}\n" for text, label in rows)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below a folder of this test and give its path."""

    def _write(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write

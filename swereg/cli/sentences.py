"""Texts to predict: from a prompt, a pipe or a file, a line each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from swereg.cli import output
from swereg.errors import DataError, NotFound

MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def of_file(path: Path) -> list[str]:
    """Read the lines of a file; ``-`` is stdin.

    Raises:
        NotFound: there is no such file.
        DataError: it cannot be read.
    """
    if str(path) == "-":
        return of_pipe()
    try:
        return _lines(path.read_bytes())
    except FileNotFoundError as fault:
        raise NotFound(f"there is no file {path}", code="predict.file") from fault
    except OSError as fault:
        raise DataError(
            f"{path} cannot be read", why=f"{fault.strerror}.", code="predict.unreadable"
        ) from fault


def of_pipe() -> list[str]:
    """Read the lines of stdin, all of them."""
    return _lines(sys.stdin.buffer.read())


def as_they_come() -> Iterator[str]:
    """Yield the lines of stdin, each as soon as it is there."""
    for line in sys.stdin.buffer:
        yield _decoded(line, "utf-8-sig").strip()


def typed() -> Iterator[str]:
    """Ask for lines at a prompt until Ctrl-D."""
    with suppress(ImportError):
        import readline  # noqa: F401 - gives the prompt its history
    while True:
        try:
            line = input("> ") if output.is_terminal() else _asked()
        except EOFError:
            output.say("")
            return
        except UnicodeDecodeError:
            output.note("that line is not valid UTF-8; it is left out")
            continue
        yield line.encode(errors="replace").decode().strip()


def _asked() -> str:
    """Prompt on stderr, because stdout is for the answers."""
    sys.stderr.write("> ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _lines(content: bytes) -> list[str]:
    mark = next((mark for mark in MARKS if content.startswith(mark)), b"")
    text = _decoded(content, MARKS.get(mark, "utf-8"))
    return [line.strip() for line in text.replace("\r\n", "\n").split("\n")][: _count(text)]


def _count(text: str) -> int | None:
    """The end of the last line: a final line break begins no further line."""
    return -1 if text.endswith("\n") or not text else None


def _decoded(content: bytes, encoding: str) -> str:
    """Decode; what is not in the encoding is read as Windows-1252, and that is said."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        output.note("the text is not UTF-8; it is read as Windows-1252")
        return content.decode("cp1252", errors="replace")

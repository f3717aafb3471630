"""Every error that swereg's source raises, read from the source: for errors.md and the tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import swereg
from swereg import errors

SOURCE = Path(swereg.__file__).parent
CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.SweregError)
}
_BUILDERS = {  # functions that make an error: what they take in turn, and which error it is
    "refuse": (("what", "why", "hint", "code"), "DataError"),
    "_Words": (("what", "why", "hint", "code", "kind"), "StorageError"),
}
_FILLED = "…"  # what is filled in when it happens
_SAYING = {"did_you_mean": f"Did you mean {_FILLED}?"}  # functions that make a text


@dataclass(frozen=True)
class Place:
    """One place in the source that raises an error."""

    code: str
    kind: str
    what: str
    why: str
    hint: str
    where: str

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return CLASSES[self.kind].exit_code


@cache
def places() -> list[Place]:
    """Find every place that names its code, by code and then by file."""
    found = [
        place
        for path in sorted(SOURCE.rglob("*.py"))
        for place in _in_file(ast.parse(path.read_text(encoding="utf-8")), path)
        if _FILLED not in place.code
    ]
    return sorted(found, key=lambda place: (place.code, place.where))


def table() -> str:
    """Write the table of errors.md: each code once, with what its places say."""
    by_code: dict[str, list[Place]] = {}
    for place in places():
        by_code.setdefault(place.code, []).append(place)
    rows = ["| code | exit | what happened | what to do |", "|---|---|---|---|"]
    for code, those in by_code.items():
        what, hint = (
            "<br>".join(dict.fromkeys(_cell(text) for text in texts if text))
            for texts in ([p.what for p in those], [p.hint for p in those])
        )
        rows.append(f"| `{code}` | {those[0].exit_code} | {what} | {hint} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    """A text as a cell of Markdown: in it nothing is markup."""
    one = " ".join(text.split()).replace("{place}", _FILLED)
    for letter, harmless in (("|", "\\|"), ("<", "&lt;"), ("*", "\\*"), ("[", "\\[")):
        one = one.replace(letter, harmless)
    return one


def _in_file(tree: ast.Module, path: Path) -> Iterator[Place]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            order, kind = _BUILDERS.get(node.func.id, (("what",), node.func.id))
            if kind in CLASSES:
                where = f"{path.relative_to(SOURCE.parent)}:{node.lineno}"
                yield _place(node, order, kind, where)


def _place(node: ast.Call, order: tuple[str, ...], kind: str, where: str) -> Place:
    given = dict(zip(order, node.args, strict=False))
    given |= {word.arg: word.value for word in node.keywords if word.arg}
    said = {key: _text(value).strip() for key, value in given.items()}
    kind = said.get("kind", kind)
    code = said.get("code") or errors._code_of(CLASSES[kind])
    if len(order) == 4:
        code = f"data.{code}"
    hint = said.get("hint") or errors.advice(code)
    return Place(code, kind, said["what"], said.get("why", ""), hint, where)


def _text(node: ast.expr) -> str:
    """The text of an expression, as far as the source says it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.IfExp):
        return _text(node.body)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _SAYING.get(node.func.id, _FILLED)
    return node.id if isinstance(node, ast.Name) and node.id in CLASSES else _FILLED

"""The reference grammar: how a name, a version and an alias are written. One parser.

sentiment            its alias ``prod`` if set, else the newest version
sentiment/3          version 3 (``sentiment:3`` and ``sentiment@3`` are accepted)
sentiment@prod       whatever the alias points to now
sentiment@latest     the newest version
sentiment@best       the lowest validation loss on the newest version's dataset
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from swereg.errors import UsageError

NAME = re.compile(r"[a-zåäöéü0-9][a-zåäöéü0-9._-]{0,62}")
VERSION = re.compile(r"v?([1-9][0-9]{0,8})")
LATEST = "latest"
BEST = "best"
DEFAULT_ALIAS = "prod"

_RULE = (
    "Names have lower-case letters (a-z å ä ö é ü), digits and . _ -, start with a letter or "
    "digit, and are at most 63 characters long."
)


@dataclass(frozen=True)
class Ref:
    """A reference to an entry: a name with at most one of a version and an alias."""

    name: str
    version: int | None = None
    alias: str | None = None

    def __str__(self) -> str:
        if self.version is not None:
            return f"{self.name}/{self.version}"
        return f"{self.name}@{self.alias}" if self.alias else self.name


def parse_ref(text: str | Ref) -> Ref:
    """Read a reference.

    Raises:
        UsageError: the text is no reference.
    """
    if isinstance(text, Ref):
        return text
    name, separator, target = _split(unicodedata.normalize("NFC", text.strip()))
    check_name(name)
    if not separator:
        return Ref(name)
    number = VERSION.fullmatch(target)
    if number:
        return Ref(name, version=int(number[1]))
    if separator != "@":
        raise UsageError(
            f"{text!r} is not a reference",
            why=f"{target!r} is not a version number.",
            hint=f"Write {name}/3 for a version or {name}@prod for an alias.",
            code="ref.syntax",
        )
    return Ref(name, alias=check_name(target, noun="alias"))


def check_name(text: str, *, noun: str = "name") -> str:
    """Return the name in NFC, or refuse it; nothing is altered beyond NFC.

    Raises:
        UsageError: the name breaks the rule.
    """
    name = unicodedata.normalize("NFC", text)
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name[:60]!r} cannot be used as {'an' if noun[0] in 'aeiou' else 'a'} {noun}",
            why=_RULE,
            code="ref.name",
        )
    return name


def check_alias(text: str) -> str:
    """Return an alias that may be set: a name that is neither computed nor a number.

    Raises:
        UsageError: the alias breaks the rule or is reserved.
    """
    alias = check_name(text, noun="alias")
    if alias in (LATEST, BEST) or VERSION.fullmatch(alias):
        raise UsageError(
            f"{alias!r} cannot be set as an alias",
            why="latest, best and version numbers are worked out, not set.",
            hint="Choose another word, such as prod.",
            code="ref.reserved",
        )
    return alias


def _split(text: str) -> tuple[str, str, str]:
    """Cut at the first of / : @."""
    sign = re.search(r"[/:@]", text)
    if not sign:
        return text, "", ""
    return text[: sign.start()], sign[0], text[sign.end() :]

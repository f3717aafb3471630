"""What doctor found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """Something that doctor looked at.

    Attributes:
        about: ``registry``, ``base``, ``plugins`` or ``environment``.
        name: of what was looked at.
        level: ``ok``, ``note`` for what is good to know, or ``wrong``.
        text: what was found.
        hint: what to do, where there is something to do.
    """

    about: str
    name: str
    level: Literal["ok", "note", "wrong"]
    text: str
    hint: str = ""

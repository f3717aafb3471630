"""What was probably meant by a word that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from swereg.errors import UsageError


def unknown(word: str, known: Sequence[str], where: str, code: str) -> UsageError:
    """Build the error of a key that is not known, with the one that was probably meant."""
    close = difflib.get_close_matches(word, known, n=1)
    return UsageError(
        f"{where} says {word!r}, which is not known",
        why=f"It may say {', '.join(known)}.",
        hint=f"Did you mean {close[0]}?" if close else "Correct it, or take it out.",
        code=code,
    )

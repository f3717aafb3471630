"""What was probably meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Sequence

from swereg.errors import UsageError, did_you_mean


def unknown(word: str, names: Sequence[str], where: str, code: str) -> UsageError:
    """Build the error of a key that is not known, with the one that was probably meant."""
    return UsageError(
        f"{where} says {word!r}, which is not known",
        why=f"It may say {', '.join(names)}.",
        hint=did_you_mean(word, names, otherwise="Correct it, or take it out."),
        code=code,
    )

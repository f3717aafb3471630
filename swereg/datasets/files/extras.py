"""Libraries that only some readers need, and that are installed with an extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from swereg.errors import SweregError


def need(module: str, extra: str, purpose: str) -> Any:
    """Import a library of an extra.

    Args:
        purpose: the files that it reads, such as ``Excel workbooks``.

    Raises:
        SweregError: it is not installed; the hint says how to install it.
    """
    try:
        return import_module(module)
    except ImportError as fault:
        library = module.partition(".")[0]
        raise SweregError(
            f"{purpose} cannot be read here",
            why=f"They are read with {library}, which is not installed ({fault}).",
            hint=f'pip install "swereg[{extra}]"',
            code="extra.missing",
        ) from fault

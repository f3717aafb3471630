"""The way out of here."""

from __future__ import annotations


class NeedsTorch(Exception):
    """Torch has to do this; the message says why."""

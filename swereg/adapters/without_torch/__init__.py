"""Answers to a few texts without torch, whose import takes longer than they do.

The same computation as in bert/ and frozen/, on numpy. Whatever cannot be done here raises
NeedsTorch, before anything is answered; torch then does it, or says what is wrong.
"""


class NeedsTorch(Exception):
    """Torch has to do this; the message says why."""

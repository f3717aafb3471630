"""Answers to a few texts without torch, whose import takes longer than they do.

The same computation as in bert.py and routing.py, on numpy. Whatever cannot be done here raises
NeedsTorch, before anything is answered; torch then does it, or says what is wrong.
"""

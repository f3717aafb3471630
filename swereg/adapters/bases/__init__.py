"""Bases: where they are, what identifies them, how they are read."""

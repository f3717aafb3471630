"""SQL: one file that keeps every entry whole. Knows no torch and no terminal."""

from swereg.registry.store import Registry

__all__ = ["Registry"]

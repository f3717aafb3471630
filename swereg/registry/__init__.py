"""SQL: one file that keeps every entry whole. Knows no torch and no terminal."""

from typing import TYPE_CHECKING

__all__ = ["Registry"]

if TYPE_CHECKING:
    from swereg.registry.registry import Registry
else:

    def __getattr__(name):  # listing needs no SQLAlchemy, see glance.py
        if name != "Registry":
            raise AttributeError(f"module 'swereg.registry' has no attribute {name!r}")
        from swereg.registry.registry import Registry

        return Registry

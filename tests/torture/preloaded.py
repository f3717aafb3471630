"""What every process of the torture needs; imported once, before any file is open."""

import alembic.command
import sqlalchemy.dialects.sqlite

import swereg.registry
import tests.torture.ledger
import tests.torture.work

__all__ = ["alembic", "sqlalchemy", "swereg", "tests"]

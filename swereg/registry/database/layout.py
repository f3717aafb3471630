"""Whether a registry has the tables and columns that its version says."""

from __future__ import annotations

import sqlalchemy as sa

from swereg.registry.database.faults import wrong_layout
from swereg.registry.database.tables import METADATA


def missing_columns(connection: sa.Connection) -> list[str]:
    """Name the tables and columns that should be there and are not, such as ``entries.note``."""
    inspector = sa.inspect(connection)
    tables_there = set(inspector.get_table_names())
    missing_columns = []
    for table in METADATA.sorted_tables:
        if table.name not in tables_there:
            missing_columns.append(table.name)
            continue
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        missing_columns += [
            f"{table.name}.{c.name}" for c in table.columns if c.name not in columns
        ]
    return missing_columns


def check_layout(connection: sa.Connection) -> int:
    """Refuse a registry that lacks some of them; return that no byte of an entry was read.

    Raises:
        SchemaMismatch: it does.
    """
    lacks = missing_columns(connection)
    if lacks:
        raise wrong_layout(f"It lacks {', '.join(lacks)}")
    return 0

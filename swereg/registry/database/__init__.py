"""The database file itself: connection, tables, header, faults in plain words."""

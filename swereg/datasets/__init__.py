"""From files to a checked dataset: readers, splits, checks, tasks. Knows no torch and no SQL."""

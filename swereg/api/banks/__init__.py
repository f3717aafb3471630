"""Banks: entries in memory, many on one base, or on several."""

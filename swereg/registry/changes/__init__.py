"""What becomes of entries: aliases, notes and tags, deletion, and what frees their bytes."""

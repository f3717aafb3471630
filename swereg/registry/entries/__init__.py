"""What an entry is in rows: queries, inserts, checks at the door, seals, weights."""

"""Methods that stand alone, without a base. Knows no torch, no SQL and no terminal."""

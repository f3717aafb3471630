"""Torch: bases, methods, training and the bank. Knows no SQL and no terminal."""

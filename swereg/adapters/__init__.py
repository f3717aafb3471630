"""Torch: bases, methods, training and the bank. Knows no SQL and no terminal."""

import os

# Threads that wait by spinning bring training to a crawl beside any other busy program (measured:
# 6 to 20 times slower); waiting passively costs next to nothing. Read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

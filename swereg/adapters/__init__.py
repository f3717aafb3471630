"""Torch: bases, methods, training and the bank. Knows no SQL and no terminal."""

import os

# Threads that wait by spinning bring small models to a crawl beside any other busy program
# (measured on 2 cores: 13,000 tokens a second became 700). Spinning for a short while only costs
# 2 % on a quiet machine and keeps 3,300. GNU's OpenMP reads this once, when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

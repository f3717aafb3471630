"""How results look on a terminal: tables, bars, summaries."""

"""BERT computed by ourselves on packed tokens; transformers is its oracle."""

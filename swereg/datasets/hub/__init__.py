"""Datasets on the Hugging Face Hub: what is asked for, fetched, and said of it."""

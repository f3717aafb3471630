"""Adapters from and for others: PEFT's folders, and plain models of transformers."""

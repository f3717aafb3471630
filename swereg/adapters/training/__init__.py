"""From a dataset to a trained entry."""

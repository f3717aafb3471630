"""What the arguments of a verb mean: which registry, which data, which base, which seeds."""

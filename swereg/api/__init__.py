"""The use cases: one file per verb. The only room that knows all others."""

"""The tasks that ship with swereg, and tasks as TOML files."""

"""`.swereg` files: entries whole, to carry from one registry to another."""

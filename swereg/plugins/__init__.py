"""Tasks and methods by name, and how their settings are written."""

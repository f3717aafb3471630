"""What keeps a registry sound: backup, verification, status."""

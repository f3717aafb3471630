"""Where things live on this machine, and how files and folders get there whole."""

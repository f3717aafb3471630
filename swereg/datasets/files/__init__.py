"""One file per format of data, and what is said of files that cannot be read."""

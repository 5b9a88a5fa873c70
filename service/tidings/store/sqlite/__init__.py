"""The log in one SQLite file: the embedded store."""

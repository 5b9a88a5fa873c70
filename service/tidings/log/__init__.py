"""The log in memory: append, read, follow, close."""

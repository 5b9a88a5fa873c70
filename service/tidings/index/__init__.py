"""The index that answers questions: built from the log by a process of its own, and optional."""

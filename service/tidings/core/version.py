"""The version of Tidings, where looking it up would take longer than what is asked for."""

VERSION = "0.1.0"
"""As in pyproject.toml; a test compares."""

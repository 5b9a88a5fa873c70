"""Checks of an installation, each with a text and the command that repairs it."""

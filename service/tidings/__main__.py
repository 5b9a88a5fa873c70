"""`python -m tidings`: the command, whatever the PATH is. No __init__.py beside it: see there."""

from __future__ import annotations

from tidings.app.cli import main

main()

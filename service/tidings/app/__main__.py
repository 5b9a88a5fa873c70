"""`python -m tidings.app`: how a supervisor starts its children, whatever the PATH is."""

from __future__ import annotations

from tidings.app.cli import main

main()

"""A small, realistic hour of events of all systems, for demos."""

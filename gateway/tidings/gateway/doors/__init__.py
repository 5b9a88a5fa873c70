"""One door per system: its paths, parameters, JSON and errors."""

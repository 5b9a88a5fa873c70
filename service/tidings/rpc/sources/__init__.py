"""Sources: which recorder runs each, its position, and its state."""

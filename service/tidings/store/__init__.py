"""Where the log lives: one interface, and a package for each store."""

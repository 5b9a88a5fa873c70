"""Where the log lives: one interface, one room per way to keep records."""

"""What Tidings knows without any I/O: errors, subjects, windows, selection."""

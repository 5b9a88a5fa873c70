"""The commands of `tidings`, one file each."""

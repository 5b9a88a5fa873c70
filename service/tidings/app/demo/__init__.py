"""A small, lifelike recorded hour of all five systems, for people who want to see something."""

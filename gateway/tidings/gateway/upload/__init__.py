"""Endless publishes: split, hand in, answer line by line."""

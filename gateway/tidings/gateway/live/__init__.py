"""Shared live streams: many HTTP readers on one upstream stream."""

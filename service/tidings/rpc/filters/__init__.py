"""Filters: expressions in CEL over an event, checked for what they cost before they are used."""

"""Certificates and keys: read, checked, renewed."""

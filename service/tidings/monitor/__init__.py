"""Watches the services of a Feldera cluster and records their health; a client of the service."""

"""The contract's HTTP rules, from which the doors have the paths of their RPCs."""

from __future__ import annotations

from tidings.gateway.transcode.routes import Route, routes_of
from tidings.v1 import event_service_pb2

_SERVICE = event_service_pb2.DESCRIPTOR.services_by_name["EventService"]

ROUTES = routes_of([_SERVICE])
"""All of them, in the contract's order."""


def route_to(rpc: str, binding: int = 0) -> Route:
    """Return a route of an RPC: that of its rule, or counted from 1 an additional binding."""
    (route,) = (each for each in ROUTES if (each.rpc.name, each.binding) == (rpc, binding))
    return route

"""Whether a caller may open a stream: what each selector asks for, against his rights."""

from __future__ import annotations

from tidings.access.rights import ANY
from tidings.rpc.authorize import Caller
from tidings.v1 import event_service_pb2, nomad_pb2

_SELECTORS = ("nomad", "consul", "docker_cloud", "puppet", "feldera", "tidings")


def check_stream(caller: Caller, request: event_service_pb2.SubscribeRequest) -> None:
    """Refuse a stream whose selectors ask for anything that the caller may not read.

    Without selectors a stream holds what he may read; only who may read nothing is refused.

    Raises:
        Denied, Unauthenticated: as `Caller.refuse`.
    """
    rights = caller.rights
    if rights.management:
        return
    asked = [name for name in _SELECTORS if request.HasField(name)]  # type: ignore[arg-type]  # their names
    if not asked and not any(rights.may_read(name) for name in _SELECTORS):
        caller.refuse("read", "events")
    for system in asked:
        if system == "nomad":
            _check_nomad(caller, request.nomad)
        elif not rights.may_read(system):
            caller.refuse("read", system)
    for name in request.consul.names:
        if not rights.may_read_event(name):
            caller.refuse("event:read", name)
    namespace = request.docker_cloud.namespace
    if namespace and not rights.may_see_namespace(namespace):
        caller.refuse("read namespace", namespace)


def _check_nomad(caller: Caller, selector: nomad_pb2.NomadSelector) -> None:
    # Source: Nomad, HTTP API, Event Stream: all topics need management, as do unknown ones; a key
    # does not weaken what its topic needs
    for topic in [wanted.topic for wanted in selector.topics] or [ANY]:
        if not caller.rights.may_stream(topic, selector.namespace):
            caller.refuse("read topic", topic)

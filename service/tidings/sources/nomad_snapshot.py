"""What a Nomad holds before its stream is read: its lists, as lines that its stream could have.

The stream tells of what changes, so of an object that nobody touches it says nothing. Each object
of the lists becomes a line of its own, of the type "Snapshot" and with the object's own index. Jobs
and nodes are read whole, one by one, since their lists hold a part of them; an allocation is what
its list has of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import quote

import httpx2
import msgspec

from tidings.sources.answers import elements, read_answer
from tidings.sources.failure import UpstreamFailed

T = TypeVar("T")

TYPE = "Snapshot"
"""`Type` of the events: no change of Nomad's has it."""

PAGE_SIZE = 500
INDEX_HEADER = "x-nomad-index"
NEXT_HEADER = "x-nomad-nexttoken"

SERVICES_PATH = "/v1/services"


class _List(NamedTuple):
    """A list of Nomad's: what its objects are, and which of their members say what."""

    topic: str
    path: str
    key: str = "ID"
    filter_keys: tuple[str, ...] = ()
    whole_path: str = ""  # where one object is read whole


_LISTS = (
    _List("NodePool", "/v1/node/pools", key="Name"),
    _List("Node", "/v1/nodes", whole_path="/v1/node/"),
    _List("Job", "/v1/jobs", whole_path="/v1/job/"),
    _List("Evaluation", "/v1/evaluations", filter_keys=("JobID", "DeploymentID")),
    _List("Deployment", "/v1/deployments", filter_keys=("JobID",)),
    _List("Allocation", "/v1/allocations", filter_keys=("JobID", "DeploymentID")),
)
_SERVICE = _List("Service", "/v1/service/", filter_keys=("JobID", "ServiceName"))


class _Object(msgspec.Struct):
    """What the objects of any list say of themselves; each kind has some of it."""

    ID: str = ""
    Name: str = ""
    Namespace: str = ""
    JobID: str = ""
    DeploymentID: str = ""
    ServiceName: str = ""
    ModifyIndex: int = 0


class _Services(msgspec.Struct):
    """The services of one namespace."""

    Namespace: str
    Services: list[_Object]


_object = msgspec.json.Decoder(_Object)
_services = msgspec.json.Decoder(_Services)


class Snapshot:
    """Reads the lists once.

    `index` is that of the first answer, since what came later may be newer; None = none was read.
    """

    def __init__(self, client: httpx2.AsyncClient, topics: Sequence[str], namespace: str) -> None:
        self._client = client
        self._wanted = [(topic, key or "*") for topic, _, key in (t.partition(":") for t in topics)]
        self._namespace = namespace
        self.index: int | None = None

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield a line for each object.

        Raises:
            UpstreamFailed: a list cannot be read.
        """
        for each in _LISTS:
            if self._is_wanted(each.topic):
                async for text in self._listed(each.path, self._namespace):
                    if line := await self._line(each, text):
                        yield line
        if self._is_wanted(_SERVICE.topic):
            async for text in self._listed(SERVICES_PATH, self._namespace):
                there = _decoded(_services, text)
                for service in there.Services:
                    path = _SERVICE.path + quote(service.ServiceName, safe="")
                    async for registration in self._listed(path, there.Namespace):
                        if line := await self._line(_SERVICE, registration):
                            yield line

    def _is_wanted(self, topic: str, *keys: str) -> bool:
        """Say whether the topic is asked for, and with keys one of these."""
        return not self._wanted or any(
            asked in {"*", topic} and (not keys or key == "*" or key in keys)
            for asked, key in self._wanted
        )

    async def _listed(self, path: str, namespace: str) -> AsyncIterator[bytes]:
        """Yield the objects of a list, page by page; none where a Nomad has no such list."""
        query = {"namespace": namespace, "per_page": str(PAGE_SIZE), "resources": "true"}
        while True:
            answer = await read_answer(self._client, path, query, may_lack=True)
            if answer is None:
                return
            if self.index is None:
                self.index = _number(answer.headers.get(INDEX_HEADER, ""))
            for text in elements(answer.body):
                yield text
            next_token = answer.headers.get(NEXT_HEADER, "")
            if not next_token:
                return
            query["next_token"] = next_token

    async def _line(self, of: _List, text: bytes) -> bytes | None:
        """Return an object's line; None if it is not wanted, or is gone meanwhile."""
        said = _decoded(_object, text)
        key = getattr(said, of.key)
        filter_keys = [getattr(said, name) for name in of.filter_keys]
        if not self._is_wanted(of.topic, key, *filter_keys):
            return None
        if of.whole_path:
            path = of.whole_path + quote(key, safe="")
            answer = await read_answer(
                self._client, path, {"namespace": said.Namespace or "default"}, may_lack=True
            )
            if answer is None:
                return None
            text = answer.body
            said = _decoded(_object, text)
        event = {
            "Topic": of.topic, "Type": TYPE, "Key": key, "Namespace": said.Namespace,
            "FilterKeys": filter_keys or None, "Index": said.ModifyIndex,
            "Payload": {of.topic: msgspec.Raw(text)},
        }  # fmt: skip
        return msgspec.json.encode({"Index": said.ModifyIndex, "Events": [event]})


def _decoded(decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    try:
        return decoder.decode(text)
    except msgspec.MsgspecError:
        raise UpstreamFailed("its answer is not understood") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UpstreamFailed("answers a list without X-Nomad-Index")
    return int(text)

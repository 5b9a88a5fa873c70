"""What is asked of Envoy and of the gateway, to be answered alike but for a table in the docs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "transcoding.md"
_ROW = re.compile(
    r"\| (`(?:GET|HEAD|OPTIONS|DELETE|POST|PUT) /[^|]*) \| ([^|]*) \| ([^|]*) \|[^|]*\|"
)
_EVENTS = '"events":[{"consul":{"Name":"web"}}]'


@dataclass(frozen=True)
class Ask:
    """A request. `caller` is a credential of the guarded server, or "ops"."""

    method: str
    path: str
    body: str = ""
    header: str = ""
    caller: str = "ops"

    def __str__(self) -> str:
        """Return it as the table in the docs names it."""
        parts = [f"{self.method} {self.path}", self.header, self.body]
        by = "" if self.caller == "ops" else f" as {self.caller}"
        return " ".join(f"`{part}`" for part in parts if part) + by


def get(path: str, header: str = "", caller: str = "ops") -> Ask:
    return Ask("GET", path, header=header, caller=caller)


def post(body: str, path: str = "/v1/events", header: str = "", caller: str = "ops") -> Ask:
    return Ask("POST", path, body, header, caller)


PUBLISHED = f'{{"key":"k",{_EVENTS}}}'

# What the contract answers, and what the service refuses.
ANSWERED = (
    get("/v1/events?after_seq=0"),
    get("/v1/events?after_seq=1&selection.consul.names=web&payload_format=PAYLOAD_FORMAT_JSON"),
    get(
        "/v1/events?afterSeq=0&heartbeatInterval=1.5s&selection.puppet.jobs=352&selection.consul.names=web"
    ),
    get("/v1/events?from_time=2020-01-31T09:30:00%2B01:00&selection.nomad.namespace=default"),
    get("/v1/event/stream?after_seq=0&payload_format=2"),
    get("/api/audit/v1/events?after_seq=0"),
    get("/api/audit/v1/acme/events?after_seq=0"),
    get("/v1/event/list"),
    get("/v1/event/list?name=web&page_size=1"),
    get("/v1/event/list?wait=0.1s&index=1"),
    get("/orchestrator/v1/jobs/352/events"),
    get("/orchestrator/v1/jobs/352/events?start=1&pageSize=1"),
    get("/v1/records"),
    get("/v1/records?types=web&identifiers=name/web&text=web&sources="),
    get(
        "/v1/objects?systems=EVENT_SYSTEM_NOMAD&kinds=node&view=OBJECT_VIEW_FULL&at=2030-01-31T09:30:00Z"
    ),
    get("/v1/objects/EVENT_SYSTEM_NOMAD/job/web/history"),
    get("/v1/objects/EVENT_SYSTEM_NOMAD/job/a%3Fb%2Fc%23%25%20%C3%A9/history"),
    get(
        "/v1/objects/EVENT_SYSTEM_PUPPET/run/352/db-1.example/history?changedOnly=true&page_size=2"
    ),
    get("/v1/records:count"),
    get(
        "/v1/records:count?bucket=3600s&groupBy=COUNT_KEY_SYSTEM&group_by=COUNT_KEY_TYPE&types=web"
    ),
    get("/v1/records?order=READ_ORDER_NEWEST_FIRST&pageSize=2&selection.consul.names=web"),
    get("/v1/records?from_time=2020-01-31T09:30:00Z&until_time=2020-02-01T00:00:00Z"),
    get("/v1/records/2"),
    get("/v1/log/status"),
    get("/v0/cluster/events"),
    get("/v0/cluster/events?fields=FELDERA_FIELDS_ALL"),
    get("/v0/cluster/events/latest?fields=FELDERA_FIELDS_ALL"),
    post(PUBLISHED),
)
REFUSED = (
    get("/v1/events?after_seq=999999"),
    get("/v1/events?after_seq=0&log_id=another"),
    get("/v1/events?heartbeat_interval=0.01s"),
    get("/v1/events", caller="wrong"),
    get("/v1/events", caller="expired"),
    get("/v1/events", caller="revoked"),
    post('{"key":"k","events":[{"consul":{"Name":"other"}}]}'),
    post("{}"),
    post('{"events":[{"puppet":{}}]}'),
    post('{"events":[{"tidings":{}}]}'),
    post('{"events":[{"consul":{}}]}'),
    post(PUBLISHED, caller="right"),
    post(PUBLISHED, caller="wrong"),
    Ask("PUT", "/v1/event/fire/web?node=("),
    Ask("PUT", "/v1/event/fire/web?tag=a"),
    Ask("PUT", "/v1/event/fire/db", caller="right"),
    Ask("PUT", "/v1/event/fire/web", caller="expired"),
    get("/v1/event/list?page_token=x"),
    get("/v1/event/list?page_size=-1"),
    get("/v1/event/list", caller="revoked"),
    get("/v1/event/stream", caller="wrong"),
    get("/orchestrator/v1/jobs/7/events"),
    get("/orchestrator/v1/jobs/x/events"),
    get("/orchestrator/v1/jobs/352/events", caller="missing"),
    get("/orchestrator/v1/jobs/352/events", caller="powerless"),
    get("/v1/records?page_token=x"),
    get("/v1/records?before_seq=1&after_seq=1"),
    get("/v1/records", caller="powerless"),
    get("/v1/records/999999"),
    get("/v1/records/2", caller="wrong"),
    get("/v0/cluster/events?page_token=x"),
    get("/v0/cluster/events", caller="forged"),
    get("/v0/cluster/events/x"),
    get("/v0/cluster/events/093ba3bb-08dd-48f0-8f12-000000000000"),
    get("/v0/cluster/events/latest", caller="powerless"),
)
# By Consul's rule: every escape in a name is decoded, once.
FIRED = {
    Ask("PUT", "/v1/event/fire/db?node=a+b&service=%5Ex&tag=y"): "db",
    Ask("PUT", "/v1/event/fire/a/b%2Fc"): "a/b/c",
    Ask("PUT", "/v1/event/fire/a%252fb/%3A%20%C3%A9+%21"): "a%2fb/: é+!",
    Ask("PUT", "/v1/event/fire/db/"): "db/",
}
# What does not reach the service, or not in one way.
ODD = (
    get("/v1/nosuch"),
    Ask("DELETE", "/v1/events"),
    Ask("HEAD", "/v1/events?after_seq=0"),
    Ask("OPTIONS", "/v1/events"),
    get("/v1/events/?after_seq=0"),
    get("/v1/events?nosuch=1"),
    get("/v1/events?nosuch"),
    get("/v1/events?after_seq=x"),
    get("/v1/events?after_seq=0&after_seq=1"),
    get("/v1/events?after_seq=0&nomad_index=1"),
    get("/v1/events?log_id=%zz"),
    get("/v1/events?log_id=%ff"),
    get("/v1/events?payload_format=9"),
    get("/v1/events?heartbeat_interval=1h"),
    get("/v1/events?selection.nomad.topics=Job"),
    get("/v1/events?system=consul"),
    get("/v1/objects?systems=nomad&kinds=node"),
    get("/v1/events?after_seq=0", "Grpc-Timeout: x"),
    get("/v1/events?after_seq=0", "Accept: text/event-stream"),
    post(""),
    post("{"),
    post("[]"),
    post("null"),
    post(f'{{"nosuch":1,"key":"k",{_EVENTS}}}'),
    post(f'{{"key":"j","key":"k",{_EVENTS}}}'),
    post('{"events":[{"consul":{"Name":"web","Payload":"!"}}]}'),
    post('{"key":1}'),
    post('{"events":{}}'),
    post(PUBLISHED, path="/v1/events?key=k"),
    post(PUBLISHED, header="Content-Type: image/png"),
    post(PUBLISHED, header="Content-Type: application/x-ndjson"),
)

# As the table names it.
REVOKED = "`GET /v1/events?after_seq=0` while its token is revoked"


def rows() -> dict[str, tuple[str, str]]:
    """Return the table: by request, the gateway's answer and Envoy's."""
    found = [(request, (ours, envoys)) for request, ours, envoys in _ROW.findall(PAGE.read_text())]
    assert len(dict(found)) == len(found) > 0, "a request that is there twice, or no table"
    return dict(found)

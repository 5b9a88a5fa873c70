"""Who may do what, as rows that are decided, rendered for docs/access.md, and called for real."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tidings.access.directory import Directory
from tidings.access.policy_file import PolicyFile, parse_policy_file
from tidings.access.principals import NOBODY, Principal, Token
from tidings.access.rights import Rights
from tidings.access.secret import hash_of
from tidings.dialects.cloud_event import CloudEventFacts, CloudEventRights
from tidings.dialects.consul.rights import ConsulRights
from tidings.dialects.docker_cloud import DockerCloudRights
from tidings.dialects.nomad.rights import NomadRights
from tidings.v1.systems import SYSTEMS

POLICIES = ("reader", "production", "everywhere", "publisher", "deployer")
KINDS = ("anonymous", *POLICIES, "management")
_PUBLISHED = tuple(system for system in SYSTEMS if system != "tidings")


class Row(NamedTuple):
    """One thing to do; `targets` stand for each other."""

    api: str
    verb: str
    targets: tuple[str, ...]
    namespace: str = ""


_JOBS = ("Job", "Allocation", "Deployment", "Evaluation", "Service", "CSIPlugin")
_RESERVED = ("*", "NodePool", "ACLToken", "ACLPolicy", "ACLRole", "ACLAuthMethod", "Unheard")

ROWS = (
    *(Row("Nomad", "stream", _JOBS, ns) for ns in ("default", "prod-eu", "other", "*")),
    *(
        Row("Nomad", "stream", (topic,), ns)
        for topic in ("HostVolume", "CSIVolume")
        for ns in ("default", "other")
    ),
    *(Row("Nomad", "stream", ("Node",), ns) for ns in ("default", "*")),
    *(Row("Nomad", "stream", _RESERVED, ns) for ns in ("default", "*")),
    *(
        Row("Consul", verb, (name,))
        for verb in ("list", "fire")
        for name in ("web-deploy", "web-other", "db-backup", "other")
    ),
    *(Row("Docker Cloud", "stream", ("events",), ns) for ns in ("acme", "reader", "other")),
    Row("Puppet", "read", ("a job's events",)),
    Row("Feldera", "read", ("cluster events",)),
    *(Row("CloudEvents", "read", (source,)) for source in ("/billing/invoices", "/shop")),
    *(Row("gRPC", "publish", (system,)) for system in _PUBLISHED),
    Row("gRPC", "manage", ("tokens, policies, roles",)),
    Row("gRPC", "back up", ("the log",)),
)


def page(root: Path) -> str:
    return (root / "docs/access.md").read_text()


def example(root: Path) -> PolicyFile:
    """Return what the page's policy file says."""
    blocks = re.findall(r"^```toml\n(.*?)^```", page(root), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    return parse_policy_file(blocks[0])


def secret(kind: str) -> str:
    return f"secret-of-{kind}"  # one word, as every spelling takes it


def policy_file(root: Path) -> PolicyFile:
    """Return the page's policies, and a token of each kind, named as it."""
    made = [Token(kind, kind, hash_of(secret(kind)), policies=(kind,)) for kind in POLICIES]
    made.append(Token("m", "m", hash_of(secret("management")), management=True))
    return replace(example(root), tokens={token.id: token for token in made})


def rights(root: Path) -> dict[str, Rights]:
    """Return what each kind of token may do."""
    directory = Directory()
    directory.set_file(policy_file(root))
    principals: dict[str, Principal] = {
        kind: NOBODY if kind == "anonymous" else directory.find(secret(kind), 0) for kind in KINDS
    }
    return {kind: directory.rights(principal) for kind, principal in principals.items()}


def decide(row: Row, target: str, given: Rights) -> bool:
    """Return the model's own decision."""
    if given.management:
        return True
    match row.api, row.verb:
        case "Nomad", _:
            return given.of(NomadRights).may_stream(target, row.namespace)
        case "Consul", "list":
            return given.of(ConsulRights).may_see(target)
        case "Consul", _:
            return given.of(ConsulRights).may_fire(target)
        case "Docker Cloud", _:
            return given.of(DockerCloudRights).may_see_namespace(row.namespace)
        case "CloudEvents", _:
            return given.of(CloudEventRights).may_see(CloudEventFacts("t", target, ""))
        case "gRPC", "publish":
            return given.may_publish(target)
        case "gRPC", _:
            return False
        case _:
            return given.may_read(row.api.lower())


def render(root: Path) -> str:
    """Return the page's table."""
    by_kind = rights(root)
    lines = [
        f"| API | does | what | namespace | {' | '.join(KINDS)} |",
        "| --- | --- | --- | --- |" + " --- |" * len(KINDS),
    ]
    for row in ROWS:
        marks = []
        for kind in KINDS:
            (decided,) = {decide(row, target, by_kind[kind]) for target in row.targets}
            marks.append("x" if decided else "")
        what = ", ".join(f"`{target}`" for target in row.targets)
        namespace = f"`{row.namespace}`" if row.namespace else ""
        cells = [row.api, row.verb, what, namespace, *marks]
        lines.append(" ".join(f"| {' | '.join(cells)} |".split()))
    return "\n".join(lines) + "\n"

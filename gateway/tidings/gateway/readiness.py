"""Readiness: the checks, and their list, in the format of the Kubernetes API server."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from tidings.gateway.upstream.client import Upstream

_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """One check: the name that it is listed by, and the name of its health in the service.

    A check that is not needed is listed, but its failure leaves the gateway ready.
    """

    name: str
    service: str
    is_needed: bool = True


CHECKS = (
    Check("service", ""),
    Check("write", "tidings.v1.EventService.Publish"),
    Check("clock", "tidings.clock", is_needed=False),
    Check("sources", "tidings.sources"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: the reason why it fails, may be empty; None = it passes."""

    name: str
    is_needed: bool
    reason: str | None


async def look(
    upstream: Upstream, excluded: Collection[str] = (), *, is_draining: bool
) -> list[Finding]:
    """Run every check of the service, for at most a second, and the gateway's own.

    Those that are `excluded`, by name, pass.
    """
    reasons = await asyncio.gather(
        *(upstream.retries.failing(check.service, _WITHIN_S) for check in CHECKS)
    )
    own = Finding("gateway", is_needed=True, reason="going down" if is_draining else None)
    found = zip(CHECKS, reasons, strict=True)
    findings = [own, *(Finding(check.name, check.is_needed, reason) for check, reason in found)]
    return [replace(each, reason=None) if each.name in excluded else each for each in findings]


def are_ready(findings: Sequence[Finding]) -> bool:
    """Return whether every needed check passes."""
    return all(finding.reason is None for finding in findings if finding.is_needed)


def listed(findings: Sequence[Finding]) -> bytes:
    """Return a line for each check and one for all of them."""
    lines = [_line(finding) for finding in findings]
    lines.append(f"readyz check {'passed' if are_ready(findings) else 'failed'}\n")
    return "".join(lines).encode()


def _line(finding: Finding) -> str:
    if finding.reason is None:
        return f"[+]{finding.name} ok\n"
    return f"[-]{finding.name} failed{': ' if finding.reason else ''}{finding.reason}\n"

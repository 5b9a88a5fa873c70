"""Readiness: what is looked at, and how it is listed, which is as Kubernetes lists its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tidings.gateway.upstream.client import Upstream

_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at: the name that it is listed by, and the service's name of its health.

    One that is not needed is listed, and leaves the gateway ready when it fails.
    """

    name: str
    service: str
    is_needed: bool = True


CHECKS = (
    Check("service", ""),
    Check("write", "tidings.v1.EventService.Publish"),
    Check("clock", "tidings.clock", is_needed=False),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one check: the reason why it fails, maybe empty; None = it passes."""

    name: str
    is_needed: bool
    reason: str | None


async def look(upstream: Upstream, *, is_draining: bool) -> list[Finding]:
    """Look at the gateway itself and at every check of the service, for a second at most."""
    reasons = await asyncio.gather(
        *(upstream.failing(check.service, _WITHIN_S) for check in CHECKS)
    )
    own = Finding("gateway", is_needed=True, reason="going down" if is_draining else None)
    found = zip(CHECKS, reasons, strict=True)
    return [own, *(Finding(check.name, check.is_needed, reason) for check, reason in found)]


def are_ready(findings: Sequence[Finding]) -> bool:
    """Say whether everything that is needed passes."""
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

"""Names that are not settings: which ones others set, and what the rest were meant to be."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

_PREFIX: Final = "TIDINGS_"  # what all variables share makes none of them nearer
# Kubernetes gives a container these of every Service in its namespace, and a Service may be called
# tidings or tidings-grpc. Source: kubernetes pkg/kubelet/envvars/envvars.go (FromServices).
_SERVICE_LINK: Final = re.compile(
    r"TIDINGS(_[A-Z0-9_]+?)??_"
    r"(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
_LINK_URL: Final = re.compile(r"(tcp|udp|sctp)://\S+:[0-9]+")


def unknown_variables(
    environment: Mapping[str, str], known: Collection[str]
) -> list[tuple[str, str]]:
    """Return the unknown TIDINGS_* variables, each with the hint of `did_you_mean`.

    Those that Kubernetes sets for a Service are left out. TIDINGS_HTTP_PORT=4650 is not one of
    them: what Kubernetes puts into such a variable is a URL.
    """
    return [
        (variable, did_you_mean(variable, known))
        for variable, text in environment.items()
        if variable.startswith(_PREFIX)
        and variable not in known
        and not _is_service_link(variable, text)
    ]


def _is_service_link(variable: str, text: str) -> bool:
    found = _SERVICE_LINK.fullmatch(variable)
    if found is None:
        return False
    return found[2] != "PORT" or _LINK_URL.fullmatch(text) is not None


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return "; did you mean X?" with the nearest known name, or "" if none is near."""
    import difflib  # noqa: PLC0415 - only a misspelt name needs it

    told = {each.removeprefix(_PREFIX): each for each in known}
    bare = name.removeprefix(_PREFIX)
    near = difflib.get_close_matches(bare, told, n=1, cutoff=0.7)
    near += sorted((each for each in told if bare.startswith(f"{each}_")), key=len, reverse=True)
    return f"; did you mean {told[near[0]]}?" if near else ""

"""Headers to call metadata, and the deadline a caller asks for.

Only headers on a list go upstream: what the service sees is a decision, not whatever came in.
"""

import re
from collections.abc import Collection, Iterable

from tidings.gateway.transcode.errors import BadText, MalformedRequest
from tidings.gateway.transcode.text import parse_base64

Headers = Iterable[tuple[bytes, bytes]]
Metadata = tuple[tuple[str, str | bytes], ...]

# A unary call without a deadline of its own gets this one; streams get none. Blocking reads need
# more, and their doors say so.
DEFAULT_UNARY_DEADLINE_S = 30.0

# Header to metadata key. The user agent changes its name, or it would pose as the gRPC client's.
_FORWARDED = {
    "authorization": "authorization",
    "tracestate": "tracestate",
    "baggage": "baggage",
    "user-agent": "http-user-agent",
}
# "grpc-metadata-foo: x" becomes "foo: x". Source: grpc-gateway v2, runtime/context.go.
_PREFIX = "grpc-metadata-"
# Never made from such a header: what belongs to the transport, and what has a header of its own.
_RESERVED = frozenset({
    "connection", "content-length", "content-type", "host", "keep-alive", "proxy-connection", "te",
    "trailer", "transfer-encoding", "upgrade", "x-request-id", "traceparent",
    "tidings-door", "tidings-peer",
    *_FORWARDED, *_FORWARDED.values(),
})  # fmt: skip
# An error, not silence: without them the call would have another principal.
_MUST_BE_CLEAN = frozenset({"authorization"})
MAX_CLEAN_CHARS = 8 * 1024 + len("Bearer ")

_KEY = re.compile(r"[0-9a-z_.-]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
# Source: gRPC over HTTP2, "Timeout": at most 8 digits and one unit.
_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
_UNIT_S = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


def parse_timeout(text: str) -> float:
    """Return the seconds of a Grpc-Timeout header, such as "1500m".

    Raises:
        MalformedRequest: it is malformed.
    """
    parts = _TIMEOUT.fullmatch(text)
    if not parts:
        raise MalformedRequest("grpc-timeout", "not up to 8 digits and one of H, M, S, m, u, n")
    return int(parts[1]) * _UNIT_S[parts[2]]


def requested_deadline(headers: Headers) -> float | None:
    """Return the seconds that a request allows for its call, None when it does not say.

    Raises:
        MalformedRequest: the Grpc-Timeout header is malformed, or there are two.
    """
    found = [value for name, value in headers if name.lower() == b"grpc-timeout"]
    if len(found) > 1:
        raise MalformedRequest("grpc-timeout", "given more than once")
    return parse_timeout(found[0].decode("latin-1")) if found else None


def request_metadata(headers: Headers, also: Collection[str] = ()) -> Metadata:
    """Return the metadata of a call from the headers of its request, in their order.

    On the list: authorization, tracestate, baggage, user-agent (as
    "http-user-agent"), grpc-metadata-* without that prefix, and `also`, lower-case names that keep
    their name. A key that ends in "-bin" carries bytes: base64 in the header, raw in the metadata.

    Raises:
        MalformedRequest: two authorization headers, or one too long or not printable ASCII; a
            grpc-metadata header whose name or value cannot be metadata. Others of the kind are
            left out.
    """
    metadata: list[tuple[str, str | bytes]] = []
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        text = raw_value.decode("latin-1")
        if name.startswith(_PREFIX):
            key = name.removeprefix(_PREFIX)
            if key in _RESERVED or key.startswith("grpc-"):
                continue
            metadata.append((key, _value(name, key, text)))
        elif name in _FORWARDED or name in also:
            if name in _MUST_BE_CLEAN and len(text) > MAX_CLEAN_CHARS:
                raise MalformedRequest(name, f"longer than {MAX_CLEAN_CHARS} characters")
            if _PRINTABLE.fullmatch(text):
                metadata.append((_FORWARDED.get(name, name), text.strip()))
            elif name in _MUST_BE_CLEAN:
                raise MalformedRequest(name, "not printable ASCII")
    for name in _MUST_BE_CLEAN:
        if sum(key == name for key, _ in metadata) > 1:
            raise MalformedRequest(name, "given more than once")
    return tuple(metadata)


def _value(header: str, key: str, text: str) -> str | bytes:
    if not _KEY.fullmatch(key):
        raise MalformedRequest(header, "not a name for metadata")
    if key.endswith("-bin"):
        try:
            return parse_base64(text.strip())
        except BadText as exc:
            raise MalformedRequest(header, str(exc)) from exc
    if not _PRINTABLE.fullmatch(text):
        raise MalformedRequest(header, "not printable ASCII")
    return text.strip()

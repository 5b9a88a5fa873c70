"""CloudEvents in binary mode: attributes in headers, the data is the body.

Source: CloudEvents, HTTP Protocol Binding, 1.0.2, section 3.1.
"""

from __future__ import annotations

from urllib.parse import unquote

from tidings.gateway.doors.cloud_event.lines import is_json
from tidings.gateway.transcode.errors import MalformedRequest
from tidings.v1 import json_runtime as rt

_PREFIX = b"ce-"
_CONTENT_TYPE = b"content-type"

Headers = tuple[tuple[bytes, bytes], ...]


def is_binary(headers: Headers) -> bool:
    """Say whether a request holds one event in binary mode."""
    return any(name.startswith(_PREFIX) for name, _ in headers)


def structured(headers: Headers, body: bytes) -> bytes:
    """Return the same event as a JSON object.

    JSON data and other text stay text; other data becomes base64. Data without a type is JSON if it
    can be parsed, as in the SDKs.

    Raises:
        MalformedRequest: a header is given twice, or is not UTF-8.
    """
    members: dict[str, bytes] = {}
    for name, value in headers:
        attribute = name.removeprefix(_PREFIX).decode("latin-1")
        if name == _CONTENT_TYPE:
            attribute = "datacontenttype"
        elif not name.startswith(_PREFIX) or not attribute:
            continue
        if attribute in members:
            raise MalformedRequest(f"ce-{attribute}", "given more than once")
        members[attribute] = rt.dumps(_value(attribute, value))
    if body:
        members |= _data(members, body)
    return rt.join(members)


def _value(attribute: str, value: bytes) -> str:
    try:
        text = value.decode("utf-8")
        # a media type is printed as it is
        return text if attribute == "datacontenttype" else unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise MalformedRequest(f"ce-{attribute}", "not UTF-8") from None


def _data(members: dict[str, bytes], body: bytes) -> dict[str, bytes]:
    kind = rt.loads(members.get("datacontenttype", b'""'))
    assert isinstance(kind, str)
    try:
        if kind.lower().startswith("text/") and not is_json(kind):
            return {"data": rt.dumps(body.decode("utf-8"))}
        if not kind or is_json(kind):
            rt.loads(body)
            return {"data": body}
    except (UnicodeDecodeError, rt.JsonError):
        pass
    return {"data_base64": rt.dumps(rt.base64_text(body))}

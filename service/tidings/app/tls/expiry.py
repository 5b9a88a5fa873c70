"""When a certificate expires, read from its PEM file; nothing else is needed here.

Python's standard library decodes only certificates of peers, and a library for certificates would
take more memory than all of a gateway's TLS.

Source: RFC 5280 section 4.1 (Certificate, Validity) and X.690 section 8 (tags and lengths).
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

_UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x17, 0x18, 0xA0
_END = "-----END CERTIFICATE-----"


def ends_at_s(file: str) -> float:
    """Return when the first certificate of a chain expires, in seconds since 1970.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no certificate.
    """
    text = Path(file).read_text(encoding="ascii", errors="replace")
    first = text[text.find("-----BEGIN CERTIFICATE-----") :].partition(_END)[0] + _END
    try:
        return _not_after(ssl.PEM_cert_to_DER_cert(first))
    except (ValueError, IndexError):
        raise ValueError("holds no certificate") from None


def _not_after(der: bytes) -> float:
    members = _members(_members(der)[0][1])  # of TBSCertificate, inside of Certificate
    members = _members(members[0][1])
    if members[0][0] == _VERSION:
        del members[0]
    validity = members[3][1]  # after serial number, algorithm and issuer
    tag, text = _members(validity)[1]
    digits = text.decode("ascii").removesuffix("Z")
    if tag == _UTC_TIME:  # RFC 5280 section 4.1.2.5.1
        digits = ("19" if digits >= "50" else "20") + digits
    elif tag != _GENERALIZED_TIME:
        raise ValueError(tag)
    return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()


def _members(der: bytes) -> list[tuple[int, bytes]]:
    """Return the tag and content of each value in a sequence of them."""
    found = []
    at = 0
    while at < len(der):
        tag, length = der[at], der[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(der[at : at + size], "big")
            at += size
        found.append((tag, der[at : at + length]))
        at += length
    return found

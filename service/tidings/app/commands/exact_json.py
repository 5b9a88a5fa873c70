"""Payloads that are kept as the JSON text that they came as, and where commands show that text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExactJson:
    """One such field of a system's event.

    `shown` is the member that tail puts the text in, and that publish takes it from; `taken` is the
    field's own in proto3 JSON, which holds it in base64.
    """

    field: str
    shown: str
    taken: str


EXACT_JSON = {
    "nomad": ExactJson("payload_json", "Payload", "payloadJson"),
    "puppet": ExactJson("details_json", "details", "detailsJson"),
}
"""By system; the contract marks them with the option `exact_json_of`."""

"""How large records, requests and answers may be: one place, since each follows from the others.

How this works: gRPC clients of every language refuse a message of more than 4 MiB unless they are
told otherwise, so no answer is larger. A reader must be able to get any record that was
acknowledged, so no record is larger than an answer that holds it. Lists are cut into pages.
"""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB

MAX_RESPONSE_BYTES = 4 * MIB - 64 * KIB
"""Of any message that the service sends; the rest is headroom for what frames it."""

MAX_RECORD_BYTES = MAX_RESPONSE_BYTES - 64 * KIB
"""Of the encoded events of one record, 3.875 MiB; what is added when it is read fits into the rest.
NATS' `max_payload` must cover it; its default is 1 MiB."""

MAX_RECORD_EVENTS = 5000
"""Of one record: each costs every reader a few microseconds. A large deploy of Nomad's makes some
hundred in one batch."""

MAX_REQUEST_BYTES = 5 * MIB
"""Of any message that the service takes: more than a record, which is refused by name, and the
stream of drafts that it came in goes on."""

MAX_QUESTION_BYTES = 64 * KIB
"""Of a request that stores nothing, or a policy; the head of an HTTP request holds no more."""

MAX_PAGE_BYTES = 1 * MIB
"""Of a page of a list, one larger item excepted: who does not read holds no more in memory."""

MAX_BATCH_BYTES = 256 * KIB
"""Of a message of a stream, one larger record excepted."""

MAX_WINDOW_BYTES = 32 * MIB
"""Of the events that a system's own list shows, the newest excepted; full ones of Consul, of the
default size, come to 10 MiB."""

KEY_RETENTION_S = 86_400.0
"""How long a key counts after its record is gone, at least: publishers may try again so long."""

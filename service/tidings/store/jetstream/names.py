"""The names of a log in NATS: its two streams and their subjects.

The stream `LOG` holds three kinds of messages below the subject `LOG`:

- `LOG.birth`: the birth record, sequence 1: whose log this is, as JSON;
- `LOG.r.SYSTEM.REST`: one record, its body as it is; `_` where the subject is the system alone;
- `LOG.k.SYSTEM.HASH`: a key: the message right in front of its record, in the same atomic batch;
  its body is the digest, a header has its text. No two may have the same subject, which makes
  publishing idempotent.

The stream `LOG-state` holds the small values: one message a name, below `LOG-state`.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from tidings.core.record import SYSTEMS, system_of

_UNSAFE = re.compile(rb"[^A-Za-z0-9-]")
_ESCAPED = re.compile(r"=([0-9A-F]{2})")
_HASH_BYTES = 18  # of SHA-256: keys of a log do not collide
RENEWED_ID = "log-id"
"""The small value that, if it is there, replaces the identity in the birth record."""

_KEY_WORDS = 4


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one log, which is called `log`: letters, digits and hyphens, at most 64."""

    log: str

    @property
    def state(self) -> str:
        """The stream of small values, and the first word of its subjects."""
        return f"{self.log}-state"

    @property
    def birth(self) -> str:
        """The birth record's subject."""
        return f"{self.log}.birth"

    @property
    def all_records(self) -> str:
        """The filter of every record."""
        return f"{self.log}.r.*.*"

    def record(self, subject: str) -> str:
        """Return the NATS subject of one subject's records."""
        system, _, rest = subject.partition(".")
        return f"{self.log}.r.{system}.{escape(rest) if rest else '_'}"

    def covered(self, subject: str) -> str:
        """Return the filter of all records that a subject covers."""
        return self.record(subject) if "." in subject else f"{self.log}.r.{subject}.*"

    def subject_of(self, record: str) -> str:
        """Return the subject of a record from its NATS subject (`ValueError`: it is none)."""
        _, _, system, rest = record.split(".")
        return system if rest == "_" else f"{system}.{unescape(rest)}"

    def filed(self, record: str) -> tuple[str, str]:
        """Return system and subject of a record from its NATS subject; "" if it is not ours.

        A message of another program is no record, and does not stop our reading.
        """
        try:
            subject = self.subject_of(record)
        except ValueError:
            return "", ""
        return system_of(subject), subject

    def key(self, system: str, key: str) -> str:
        """Return the NATS subject of a key."""
        digest = hashlib.sha256(key.encode()).digest()[:_HASH_BYTES]
        return f"{self.log}.k.{system}.{urlsafe_b64encode(digest).decode()}"

    def system_of_key(self, key: str) -> str:
        """Return the system of a key from its NATS subject; "" = it is no key."""
        words = key.split(".")
        is_key = len(words) == _KEY_WORDS and words[:2] == [self.log, "k"]
        return words[2] if is_key and words[2] in SYSTEMS else ""

    def keys_of(self, system: str) -> str:
        """Return the filter of a system's keys."""
        return f"{self.log}.k.{system}.>"

    def value(self, name: str) -> str:
        """Return the NATS subject of a small value."""
        return ".".join([self.state, *(escape(part) for part in name.split("/"))])

    def values_below(self, prefix: str) -> str:
        """Return a filter of at least all values whose names start with `prefix`."""
        folders = prefix.split("/")[:-1]
        return ".".join([self.state, *(escape(part) for part in folders), ">"])

    def name_of(self, value: str) -> str:
        """Return a small value's name from its NATS subject (`ValueError`: it has none)."""
        parts = value.removeprefix(f"{self.state}.").split(".")
        return "/".join(unescape(part) for part in parts)


def escape(text: str) -> str:
    """Return text as one token of a NATS subject; only the empty text is "="."""
    return _UNSAFE.sub(lambda found: b"=%02X" % found[0][0], text.encode()).decode() or "="


def unescape(word: str) -> str:
    """Return the text that was escaped."""
    if word == "=":
        return ""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), word).encode("latin-1").decode()

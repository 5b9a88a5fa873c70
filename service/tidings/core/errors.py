"""The kinds of failure, one tree for the whole service.

A kind is a class; its fields are typed and its message builds itself. Which gRPC status a kind
becomes is said once, in `tidings.rpc.status`; the core never mentions one.
"""

from __future__ import annotations


def in_words(error: OSError) -> str:
    """Return the reason of a failure at a path, for people."""
    # of a directory that is to be made: the system's own words would mislead
    is_taken = isinstance(error, FileExistsError)
    return "is there, and is no directory" if is_taken else error.strerror or str(error)


class TidingsError(Exception):
    """Any failure that a caller may be told about. Never raised itself."""


class BadRequest(TidingsError):
    """A request cannot be parsed, or breaks a rule: the field (may be empty), and why.

    `holder` leads from the request to what the field is in, and is empty for the request itself.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason
        self.holder = ""

    @property
    def path(self) -> str:
        """The path of the field in the request."""
        return ".".join(filter(None, (self.holder, self.field)))


class PayloadTooLarge(BadRequest):
    """Something is larger than its limit, both in bytes."""

    def __init__(self, field: str, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(field, f"{size_bytes} bytes, at most {limit_bytes} are allowed")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class NotFound(TidingsError):
    """There is no such thing: what kind of thing, and which."""

    def __init__(self, what: str, which: str) -> None:
        super().__init__(f"no {what} {which}" if which else f"no {what}")
        self.what = what
        self.which = which


class RecordTrimmed(TidingsError):
    """There is no such record, and retention has deleted some from where it would be."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"record {seq} is not stored: retention has deleted records up to there")
        self.seq = seq


class RecordDamaged(TidingsError):
    """A record is stored and cannot be given to anybody; the reason is for people."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"record {seq} cannot be had: {reason}")
        self.seq = seq
        self.reason = reason


class OrderRefused(TidingsError):
    """The system's own order forbids the event: its job is finished, or a newer one is stored."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(reason)
        self.subject = subject
        self.reason = reason


class KeyReused(TidingsError):
    """The key is stored with other content, at `seq`; nothing was stored."""

    def __init__(self, key: str, seq: int) -> None:
        super().__init__(f"its key is stored at seq {seq} with other content")
        self.key = key
        self.seq = seq


class SeqConflict(TidingsError):
    """The subject's newest record is not the one that the draft expected; nothing was stored."""

    def __init__(self, subject: str, expected_seq: int, last_seq: int) -> None:
        super().__init__(f"{subject}: newest record is {last_seq}, not {expected_seq}")
        self.subject = subject
        self.expected_seq = expected_seq
        self.last_seq = last_seq


class PositionAhead(TidingsError):
    """A reader's position lies past the end of the log: it belongs to another or a wiped one."""

    def __init__(self, after_seq: int, last_seq: int) -> None:
        super().__init__(f"after_seq {after_seq} is past the end of the log, {last_seq}")
        self.after_seq = after_seq
        self.last_seq = last_seq


class WrongLog(TidingsError):
    """The caller's position belongs to another log than this one."""

    def __init__(self, wanted_log_id: str, log_id: str) -> None:
        super().__init__(f"this is log {log_id}, not the one that was asked for")
        self.wanted_log_id = wanted_log_id
        self.log_id = log_id


class CursorExpired(TidingsError):
    """Records after a reader's position are gone: the first and the last that may be."""

    def __init__(self, system: str, first_seq: int, last_seq: int) -> None:
        super().__init__(f"records {first_seq} to {last_seq} of {system} were trimmed")
        self.system = system
        self.first_seq = first_seq
        self.last_seq = last_seq


class Unauthenticated(TidingsError):
    """The credential is nobody's, or missing where one is needed. Never holds any part of it.

    The reason is one word: missing, unknown, expired, revoked or invalid; of an invalid one the
    flaw says what of it is wrong, as far as is known: its form, algorithm, key, signature, issuer,
    audience, expiry, start, subject, name or size.
    """

    def __init__(self, reason: str, flaw: str = "") -> None:
        super().__init__(f"the credential is {reason}" + (f": its {flaw}" if flaw else ""))
        self.reason = reason
        self.flaw = flaw


class Denied(TidingsError):
    """The caller may not do this: the action, and what it was to act on."""

    def __init__(self, action: str, target: str) -> None:
        super().__init__(f"not allowed to {action} {target}".rstrip())
        self.action = action
        self.target = target


class Busy(TidingsError):
    """A bounded queue is full and stayed so until the caller's deadline; nothing was stored."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is full")
        self.what = what


class LogClosed(TidingsError):
    """The service is going down; ask another, or this one again later."""

    def __init__(self) -> None:
        super().__init__("the log is closed: the service is going down")


DISK_FULL = "disk full"
IO_ERROR = "I/O error"
DAMAGED_FILE = "damaged file"
DATA_GONE = "data directory gone"
NOT_WRITABLE = "read-only"


class StoreUnavailable(TidingsError):
    """The store failed, and nothing is known of what it was asked; raised `from` the error.

    The cause is one of the words above where nothing at all can be stored until somebody sees to
    it; "" = it may go the next time.
    """

    def __init__(self, doing: str, cause: str = "") -> None:
        super().__init__(f"the store failed: {doing}")
        self.doing = doing
        self.cause = cause


class StateConflict(TidingsError):
    """A small value was changed by somebody else since the caller read it."""

    def __init__(self, name: str, expected_revision: int, revision: int) -> None:
        super().__init__(f"{name} has revision {revision}, not {expected_revision}")
        self.name = name
        self.expected_revision = expected_revision
        self.revision = revision


class Outdated(StateConflict):
    """The caller's etag is not that of what is to be changed: somebody else has changed it."""

    def __init__(self, what: str) -> None:
        TidingsError.__init__(self, f"the etag is not that of the {what} that there is")
        self.what = what


class RequestIdReused(TidingsError):
    """The caller's request id is that of another token than the one that is asked for."""

    def __init__(self) -> None:
        super().__init__("request_id: is another token's")


class StoreCorrupt(TidingsError):
    """What is stored breaks a rule of the store; it must not be served."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StoreLocked(TidingsError):
    """Another process holds the data directory."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} is in use by another Tidings")
        self.place = place


class StoreUnfit(TidingsError):
    """A place cannot hold the log: servers that cannot give what it promises, or another log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

"""What can be wrong with a request, and with a route.

A request's errors carry the gRPC code and the HTTP status that they have by default; a door may
print them in its system's own way. A route's errors stop the program at its start.
"""

from typing import ClassVar

import grpc

# Names of fields and parameters come from the caller; a longer one is cut where it is repeated.
_MAX_NAME_CHARS = 100


class TranscodeError(Exception):
    """A request that cannot be turned into a call, or an answer that cannot be printed.

    Never raised itself.
    """

    code: ClassVar[grpc.StatusCode]
    http_status: ClassVar[int]


class MalformedRequest(TranscodeError):
    """The request cannot be parsed, or breaks a rule.

    `field` is the parameter or the place in the body that is at fault, empty for the whole. The
    text never repeats a value, so that no credential given in the wrong place is printed again.
    """

    code = grpc.StatusCode.INVALID_ARGUMENT
    http_status = 400

    def __init__(self, field: str, reason: str) -> None:
        self.field = shorten(field)
        self.reason = reason
        super().__init__(f"{self.field}: {reason}" if field else reason)


class TooLarge(TranscodeError):
    """A body, or one line of it, is longer than the limit."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    http_status = 413

    def __init__(self, what: str, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"{what} is larger than {limit_bytes} bytes")


class TooMuch(TranscodeError):
    """A body holds too much to be read, though it is not too long."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    http_status = 413


class Busy(TranscodeError):
    """So much is in flight, for this caller or for all, that there is no room for more."""

    code = grpc.StatusCode.UNAVAILABLE
    http_status = 503

    def __init__(self) -> None:
        super().__init__("too much is in flight at this moment; try again later")


class TimeIsUp(TranscodeError):
    """The time that the client gave with Grpc-Timeout is over."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED
    http_status = 504

    def __init__(self) -> None:
        super().__init__("not done within grpc-timeout")


class NoSuchPath(TranscodeError):
    """No route has this path, with whatever method."""

    code = grpc.StatusCode.NOT_FOUND
    http_status = 404

    def __init__(self) -> None:
        super().__init__("no such path")


class WrongMethod(TranscodeError):
    """The path exists, but not with this method. `allow` holds those that would do."""

    code = grpc.StatusCode.UNIMPLEMENTED
    http_status = 405

    def __init__(self, method: str, allow: tuple[str, ...]) -> None:
        self.method = method
        self.allow = allow
        super().__init__(f"{shorten(method)} is not allowed here; allowed: {', '.join(allow)}")


class Unprintable(TranscodeError):
    """The service's answer has no JSON form: an Any of a type that is not known here, say."""

    code = grpc.StatusCode.INTERNAL
    http_status = 500

    def __init__(self, type_name: str, reason: str) -> None:
        self.type_name = type_name
        self.reason = reason
        super().__init__(f"the answer ({type_name}) cannot be printed as JSON: {reason}")


class BadText(ValueError):
    """A text is not a value of the type it is meant for.

    Private to this room: `bind` adds the name of the field and raises `MalformedRequest`.
    """


class BadTemplate(ValueError):
    """A path template that the grammar of google/api/http.proto, or one of our choices, refuses."""

    def __init__(self, template: str, reason: str) -> None:
        self.template = template
        self.reason = reason
        super().__init__(f"path template {template!r}: {reason}")


class BadRoute(ValueError):
    """An HTTP rule that cannot be served. `rpc` is the method's full name."""

    def __init__(self, rpc: str, reason: str) -> None:
        self.rpc = rpc
        self.reason = reason
        super().__init__(f"{rpc}: {reason}")


def shorten(text: str) -> str:
    """Cut a text that came from outside to a bound, with an ellipsis where it was cut.

    Halves of surrogate pairs, which no answer can hold, become question marks.
    """
    text = text[: _MAX_NAME_CHARS + 1].encode("utf-8", "replace").decode()
    return text if len(text) <= _MAX_NAME_CHARS else text[: _MAX_NAME_CHARS - 1] + "…"

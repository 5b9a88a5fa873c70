"""Path templates of google.api.http: text to value and back.

    /v1/{name=shelves/*}/books/{book.id}:archive

A template is a row of segments, variables that each cover some of them, and perhaps a verb.

"/" alone has no segments, and is the root. Envoy and grpc-gateway take it too.

Source: the grammar in google/api/http.proto. Where Envoy 1.40 and grpc-gateway v2 differ, the
stricter reading is refused here: a bare colon at the end, and a verb with a colon in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tidings.gateway.transcode.errors import BadTemplate


class Wildcard(Enum):
    """A segment that stands for what the request has in its place."""

    ONE = "*"  # exactly one segment
    MANY = "**"  # any number of segments, none included


Segment = str | Wildcard

_FIELD_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
# RFC 3986 path characters, but for the two that have a meaning here: "*" and ":".
_LITERAL = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()+,;=@]|%[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Variable:
    """A field of the request that takes the text of some segments.

    Those from `start`, inclusive, to `end`, exclusive, counted in the template. `several` says
    that the text may hold slashes, and so is decoded with care.
    """

    field_path: tuple[str, ...]
    start: int
    end: int
    several: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed path template. Variables stand in order and never overlap; `verb` is "" for none."""

    segments: tuple[Segment, ...]
    variables: tuple[Variable, ...]
    verb: str = ""

    def __str__(self) -> str:
        """Return the canonical text, "{x}" for "{x=*}". Parsing it gives an equal template."""
        parts: list[str] = []
        position = 0
        for variable in self.variables:
            parts += map(_print_segment, self.segments[position : variable.start])
            parts.append(_print_variable(variable, self.segments[variable.start : variable.end]))
            position = variable.end
        parts += map(_print_segment, self.segments[position:])
        return "/" + "/".join(parts) + (f":{self.verb}" if self.verb else "")

    @property
    def many_at(self) -> int | None:
        """Where "**" stands among the segments, or None."""
        for position, segment in enumerate(self.segments):
            if segment is Wildcard.MANY:
                return position
        return None


def parse_template(text: str) -> Template:
    """Parse a path template.

    Raises:
        BadTemplate: it is none, or names one field twice.
    """
    if not text.startswith("/"):
        raise BadTemplate(text, "does not start with a slash")
    if text == "/":
        return Template((), ())
    parts = _split(text)
    parts[-1], verb = _cut_verb(text, parts[-1])
    segments: list[Segment] = []
    variables: list[Variable] = []
    for part in parts:
        if not part.startswith("{"):
            segments.append(_parse_segment(text, part))
            continue
        variable, covered = _parse_variable(text, part, len(segments))
        variables.append(variable)
        segments += covered
    _check_wildcards(text, segments)
    if len({variable.field_path for variable in variables}) < len(variables):
        raise BadTemplate(text, "names one field twice")
    return Template(tuple(segments), tuple(variables), verb)


def _split(text: str) -> list[str]:
    """Split at the slashes outside braces."""
    parts: list[str] = []
    start = 1
    inside = False
    for position, char in enumerate(text):
        if char in "{}":
            if inside == (char == "{"):
                raise BadTemplate(text, "braces inside braces, or one without the other")
            inside = not inside
        elif char == "/" and not inside and position:
            parts.append(text[start:position])
            start = position + 1
    if inside:
        raise BadTemplate(text, "a brace is not closed")
    return [*parts, text[start:]]


def _cut_verb(text: str, last: str) -> tuple[str, str]:
    close = last.find("}") + 1  # a colon inside braces belongs to no verb
    head, colon, verb = last[close:].partition(":")
    if not colon:
        return last, ""
    if not _LITERAL.fullmatch(verb):
        raise BadTemplate(text, "the verb after the colon is empty or no plain text")
    return last[:close] + head, verb


def _parse_segment(text: str, part: str) -> Segment:
    if part in ("*", "**"):
        return Wildcard(part)
    if not part:
        raise BadTemplate(text, "an empty segment")
    if not _LITERAL.fullmatch(part):
        raise BadTemplate(text, f"segment {part!r} is neither a wildcard nor plain text")
    return part


def _parse_variable(text: str, part: str, start: int) -> tuple[Variable, list[Segment]]:
    if not part.endswith("}"):
        raise BadTemplate(text, "a variable must be a whole segment")
    name, equals, pattern = part[1:-1].partition("=")
    if not _FIELD_PATH.fullmatch(name):
        raise BadTemplate(text, f"{name!r} is not a field path")
    covered: list[Segment] = [Wildcard.ONE]
    if equals:
        covered = [_parse_segment(text, piece) for piece in pattern.split("/")]
    several = len(covered) > 1 or covered[0] is Wildcard.MANY
    return Variable(tuple(name.split(".")), start, start + len(covered), several), covered


def _check_wildcards(text: str, segments: Sequence[Segment]) -> None:
    if Wildcard.MANY not in segments:
        return
    after = segments[segments.index(Wildcard.MANY) + 1 :]
    if any(isinstance(segment, Wildcard) for segment in after):
        raise BadTemplate(text, "a wildcard after **")


def _print_segment(segment: Segment) -> str:
    return segment.value if isinstance(segment, Wildcard) else segment


def _print_variable(variable: Variable, covered: Sequence[Segment]) -> str:
    name = ".".join(variable.field_path)
    if list(covered) == [Wildcard.ONE]:
        return f"{{{name}}}"
    return f"{{{name}={'/'.join(map(_print_segment, covered))}}}"

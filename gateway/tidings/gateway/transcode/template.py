"""Path templates of google.api.http: parsed, matched against raw paths, printed and filled.

    /v1/jobs/{job_id}/events        /v1/event/fire/{name=**}        /v1/records:count

A template is literal segments and variables. A variable takes one segment that is not empty, or,
written "{name=**}" as the last variable, any number of segments, none included. A verb behind the
last literal is a part of it.

Source: the grammar in google/api/http.proto. What the contract does not use is refused: verbs
behind variables, wildcards outside variables, and variables that hold literals.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from tidings.gateway.transcode.errors import BadTemplate

_FIELD_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
# RFC 3986 path characters, but for the two that have a meaning here: "*" and ":".
_LITERAL = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()+,;=@]|%[0-9A-Fa-f]{2})+")
_WITH_VERB = re.compile(f"{_LITERAL.pattern}:{_LITERAL.pattern}")
_PATTERNS = {"": False, "=*": False, "=**": True}


@dataclass(frozen=True, slots=True)
class Variable:
    """A field of the request that takes the text of a segment, or of `several`, slashes included.

    No other variable follows one of several.
    """

    field_path: tuple[str, ...]
    several: bool = False

    def __str__(self) -> str:
        """Return the canonical text, "{x}" for "{x=*}"."""
        return "{" + ".".join(self.field_path) + ("=**}" if self.several else "}")


@dataclass(frozen=True)
class Template:
    """A parsed path template. Without segments it is the root, "/"."""

    segments: tuple[str | Variable, ...]

    def __str__(self) -> str:
        """Return the canonical text. Parsing it gives an equal template."""
        return "/" + "/".join(map(str, self.segments))

    @property
    def variables(self) -> Iterator[Variable]:
        """The variables in their order."""
        return (segment for segment in self.segments if isinstance(segment, Variable))

    @cached_property
    def prefix(self) -> bytes:
        """What all its paths start with: its text as far as the first variable."""
        return str(self).partition("{")[0].encode("ascii")

    def match(self, raw_path: bytes) -> tuple[str, ...] | None:
        """Return the raw text of each variable, one character a byte; None = another path.

        Literals are compared as they are on the wire, before decoding. A final slash is an empty
        segment, which only "**" takes.
        """
        found = self._pattern.fullmatch(raw_path)
        return tuple(text.decode("latin-1") for text in found.groups(b"")) if found else None

    def fill(self, *texts: str) -> str:
        """Return the path with these texts, percent-encoded already, in place of the variables."""
        given = iter(texts)
        return "/" + "/".join(
            next(given) if isinstance(segment, Variable) else segment for segment in self.segments
        )

    def overlaps(self, other: "Template") -> bool:
        """Whether some path belongs to both."""
        for one, two in zip_longest(self.segments, other.segments):
            if any(isinstance(each, Variable) and each.several for each in (one, two)):
                return True
            if one is None or two is None:
                return False
            if isinstance(one, str) and isinstance(two, str) and one != two:
                return False
        return True

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        parts = "".join(
            "/" + re.escape(segment)
            if isinstance(segment, str)
            else ("(?:/(.*))?" if segment.several else "/([^/]+)")
            for segment in self.segments
        )
        return re.compile((parts or "/").encode("ascii"), re.DOTALL)


def parse_template(text: str) -> Template:
    """Parse a path template.

    Raises:
        BadTemplate: it is none that can be served, or names one field twice.
    """
    if not text.startswith("/"):
        raise BadTemplate(text, "does not start with a slash")
    if text == "/":
        return Template(())
    *parts, last = text[1:].split("/")
    segments = [_parse_segment(text, part) for part in parts]
    segments.append(last if _WITH_VERB.fullmatch(last) else _parse_segment(text, last))
    template = Template(tuple(segments))
    variables = list(template.variables)
    if any(each.several for each in variables[:-1]):
        raise BadTemplate(text, "a variable after **")
    if len({variable.field_path for variable in variables}) < len(variables):
        raise BadTemplate(text, "names one field twice")
    return template


def _parse_segment(text: str, part: str) -> str | Variable:
    if part.startswith("{") and part.endswith("}"):
        name = _FIELD_PATH.match(part, 1)
        several = _PATTERNS.get(part[name.end() : -1]) if name else None
        if name is None or several is None:
            raise BadTemplate(text, f"{part!r} is not a field, or a field with * or **")
        return Variable(tuple(name[0].split(".")), several)
    if not _LITERAL.fullmatch(part):
        raise BadTemplate(text, f"segment {part!r} is neither a variable nor plain text")
    return part

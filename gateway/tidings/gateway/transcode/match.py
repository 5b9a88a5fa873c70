"""Which route does a request belong to?

A tree over the segments of the raw path. Literals come before "*" before "**", segment by segment
from the left, and the search turns back when a more specific branch leads nowhere. It is a loop,
not a recursion, and looks at each node of the tree at most once for one request, so neither a long
path nor an odd one costs more than the routes that exist.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tidings.gateway.transcode.errors import DuplicateRoute
from tidings.gateway.transcode.template import Template, Wildcard

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# The `custom` kind that stands for every method. Source: google/api/http.proto, CustomHttpPattern.
ANY_METHOD = "*"


@dataclass(frozen=True, slots=True)
class Match(Generic[T_co]):
    """The route of a request. `captured` holds the raw text of each variable of `template`."""

    target: T_co
    template: Template
    captured: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """No route has this path."""


@dataclass(frozen=True, slots=True)
class MethodNotAllowed:
    """Routes with this path exist for other methods: `allow`, sorted, HEAD and OPTIONS included."""

    allow: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    template: Template
    target: T


# Verb, then method. The entries of one place in the tree.
_Leaves = dict[str, dict[str, _Entry[T]]]


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: "dict[str, _Node[T]]" = field(default_factory=dict)
    one: "_Node[T] | None" = None
    leaves: _Leaves[T] = field(default_factory=dict)
    # What may follow a "**" that starts here, longest first: only literals can.
    tails: dict[tuple[str, ...], _Leaves[T]] = field(default_factory=dict)


class RouteTable(Generic[T]):
    """The routes of one listener. Filled at start, then only read; holds no state of requests."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._verbs: set[str] = set()

    def add(self, method: str, template: Template, target: T) -> None:
        """Add a route. `method` is an HTTP method in upper case, or "*" for all others.

        Raises:
            DuplicateRoute: a route with this method and shape is there; names of variables do not
                make a difference.
        """
        entries = self._leaves_of(template).setdefault(template.verb, {})
        if earlier := entries.get(method):
            raise DuplicateRoute(method, str(template), str(earlier.template))
        entries[method] = _Entry(template, target)
        if template.verb:
            self._verbs.add(template.verb)

    def match(self, method: str, raw_path: bytes) -> Match[T] | NotFound | MethodNotAllowed:
        """Find the route for a method and a path as it was on the wire (ASGI's `raw_path`).

        A query is cut off. HEAD is served by the route for GET where it has none of its own. A
        final slash is an empty segment, which only "**" takes; who wants both forms strips it.
        """
        path = raw_path.partition(b"?")[0].decode("latin-1")
        if not path.startswith("/"):
            return NotFound()
        segments = path[1:].split("/") if path != "/" else []
        verb = self._cut_verb(segments)
        allowed: set[str] = set()
        # Literal, one, tails: the last pushed is the first looked at.
        pending: list[tuple[_Node[T], int, bool]] = [(self._root, 0, False)]
        while pending:
            node, depth, at_tails = pending.pop()
            if at_tails:
                entries = _tail_entries(node, segments, depth, verb)
            else:
                _push_branches(pending, node, segments, depth)
                entries = node.leaves.get(verb) if depth == len(segments) else None
            if not entries:
                continue
            if entry := _entry_for(entries, method):
                return Match(entry.target, entry.template, _capture(entry.template, segments))
            allowed |= entries.keys()
        if not allowed:
            return NotFound()
        return MethodNotAllowed(tuple(sorted(allowed | _implied(allowed))))

    def _leaves_of(self, template: Template) -> _Leaves[T]:
        node = self._root
        for position, segment in enumerate(template.segments):
            if segment is Wildcard.MANY:
                tail = tuple(str(literal) for literal in template.segments[position + 1 :])
                leaves = node.tails.setdefault(tail, {})
                node.tails = dict(sorted(node.tails.items(), key=lambda item: -len(item[0])))
                return leaves
            if segment is Wildcard.ONE:
                node.one = node.one or _Node()
                node = node.one
            else:
                node = node.literals.setdefault(str(segment), _Node())
        return node.leaves

    def _cut_verb(self, segments: list[str]) -> str:
        """Take a verb off the last segment, if some route has it; else the colon is plain text."""
        if not segments:
            return ""
        head, colon, verb = segments[-1].rpartition(":")
        if not colon or verb not in self._verbs:
            return ""
        segments[-1] = head
        return verb


def _push_branches(
    pending: list[tuple[_Node[T], int, bool]], node: _Node[T], segments: list[str], depth: int
) -> None:
    if node.tails:
        pending.append((node, depth, True))
    if depth == len(segments):
        return
    segment = segments[depth]
    # An empty last segment is a final slash, not a value; an empty one in the middle is a value.
    if node.one and (segment or depth + 1 < len(segments)):
        pending.append((node.one, depth + 1, False))
    if child := node.literals.get(segment):
        pending.append((child, depth + 1, False))


def _tail_entries(
    node: _Node[T], segments: list[str], depth: int, verb: str
) -> dict[str, _Entry[T]] | None:
    """Return the entries behind "**" whose tails the path ends with; a longer tail's win."""
    found: dict[str, _Entry[T]] = {}
    for tail, leaves in node.tails.items():
        cut = len(segments) - len(tail)
        if cut >= depth and tuple(segments[cut:]) == tail:
            found = leaves.get(verb, {}) | found  # a longer tail's entry stays
    return found


def _entry_for(entries: dict[str, _Entry[T]], method: str) -> _Entry[T] | None:
    entry = entries.get(method)
    if entry is None and method == "HEAD":
        entry = entries.get("GET")
    return entry or entries.get(ANY_METHOD)


def _implied(methods: set[str]) -> set[str]:
    return {"OPTIONS", "HEAD"} if "GET" in methods else {"OPTIONS"}


def _capture(template: Template, segments: list[str]) -> tuple[str, ...]:
    many_at = template.many_at
    shift = len(segments) - len(template.segments)  # how much longer "**" is than one segment

    def place(position: int) -> int:
        return position + shift if many_at is not None and position > many_at else position

    return tuple(
        "/".join(segments[place(variable.start) : place(variable.end)])
        for variable in template.variables
    )

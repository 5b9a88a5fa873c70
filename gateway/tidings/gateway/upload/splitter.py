"""Splits an endless body into JSON objects: one a line, spread over lines, or inside one array.

Only the structure is scanned (strings, brackets, line ends); whether a piece is valid JSON is for
its parser. A malformed piece costs no more than itself: the splitter resynchronises at the next
line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from tidings.gateway.upload.limits import MAX_CONTAINERS, MAX_DEPTH, MAX_TEXTS

_SPACE = b" \t\r\n"
_STRUCTURE = re.compile(rb'["{}\[\]\n]')
_STRING_REST = re.compile(rb'[^"\\\n]*(?:\\[^\n][^"\\\n]*)*')
_NOT_SPACE = re.compile(rb"[^ \t\r]")
_NOT_BLANK = re.compile(rb"[^ \t\r\n]")
_NOT_BETWEEN = re.compile(rb"[^ \t\r\n,]")  # of elements
_LINE_END = re.compile(rb"\n")
_SCALAR_END = re.compile(rb"[,\]\n]")
_QUOTE, _NEWLINE, _OPEN, _CLOSE, _LIST, _LIST_END = b'"\n{}[]'
_COMMA, _COLON = b",:"
_OPENED_BY = {_CLOSE: _OPEN, _LIST_END: _LIST}


@dataclass(frozen=True, slots=True)
class Piece:
    """One object of the body, or an error in its place.

    `line` is the line that it begins on, from 1; inside an array it is the element's number.
    `problem` is empty, or says why this is no object; then `text` is empty.
    """

    line: int
    text: bytes = b""
    problem: str = ""
    is_too_large: bool = False
    """In bytes, or in what it holds."""


class _Where(Enum):
    BETWEEN = auto()  # objects
    INSIDE = auto()  # an object
    SKIPPING = auto()  # the rest of a bad line or element
    BEHIND = auto()  # the array's end


class JsonSplitter:
    """Splits one body. Holds at most one unfinished object of at most `max_bytes`.

    An object of more than `MAX_CONTAINERS` objects and lists, or more than `MAX_TEXTS` names and
    texts, is too large as well.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._where = _Where.BETWEEN
        self._in_array = False
        self._has_begun = False
        self._line = 1
        self._count = 0  # elements of the array
        self._skips_to = _LINE_END
        # of the unfinished object
        self._parts: list[bytes] = []
        self._size_bytes = 0
        self._began = 1
        self._brackets = bytearray()
        self._containers = 0
        self._texts = 0
        self._in_string = False
        self._after_backslash = False
        self._line_begins_after: int | None = None  # the last byte before a line that begins

    @property
    def held_bytes(self) -> int:
        """Of the unfinished object."""
        return min(self._size_bytes, self._max_bytes)

    @property
    def is_array(self) -> bool:
        """Whether the body is an array, as far as is known yet."""
        return self._in_array

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Take the next chunk of any size; yield the pieces that it finishes, in order.

        Each is found when it is asked for, so that the caller may yield to others between two. The
        iterator must be exhausted before the next `feed`.
        """
        at = 0
        while at < len(chunk):
            piece: Piece | None = None
            match self._where:
                case _Where.BETWEEN:
                    at, piece = self._between(chunk, at)
                case _Where.INSIDE:
                    at, piece = self._inside(chunk, at)
                case _Where.SKIPPING:
                    at = self._skip(chunk, at)
                case _Where.BEHIND:
                    at, piece = self._behind(chunk, at)
            if piece is not None:
                yield piece

    def end(self) -> list[Piece]:
        """Return what the end of the body leaves: an unfinished object or array is a problem."""
        if self._where is _Where.INSIDE:
            problem = self._excess or "the body ends inside of an object"
            return [Piece(self._began, problem=problem, is_too_large=bool(self._excess))]
        if self._in_array and self._where is not _Where.BEHIND:
            return [Piece(self._count + 1, problem="the body ends inside of the array")]
        return []

    def _between(self, chunk: bytes, at: int) -> tuple[int, Piece | None]:
        found = (_NOT_BETWEEN if self._in_array else _NOT_BLANK).search(chunk, at)
        end = len(chunk) if found is None else found.start()
        self._line += chunk.count(b"\n", at, end)
        if found is None:
            return end, None
        at, byte = end, chunk[end]
        is_first, self._has_begun = not self._has_begun, True
        if byte == _OPEN or (byte == _LIST and self._in_array):
            self._begin()
            return at, None
        if byte == _LIST and is_first:
            self._in_array = True
            return at + 1, None
        if self._in_array and byte == _LIST_END:
            self._where = _Where.BEHIND
            return at + 1, None
        self._where = _Where.SKIPPING
        self._skips_to = _SCALAR_END if self._in_array else _LINE_END
        return at, Piece(self._number(), problem="expected a JSON object")

    def _begin(self) -> None:
        self._where = _Where.INSIDE
        self._began = self._number()
        self._brackets.clear()
        self._containers = self._texts = 0
        self._in_string = self._after_backslash = False
        self._line_begins_after = None

    def _number(self) -> int:
        """Return the number of what begins here."""
        if not self._in_array:
            return self._line
        self._count += 1
        return self._count

    def _inside(self, chunk: bytes, start: int) -> tuple[int, Piece | None]:
        """Scan on in an object that began at or before `start`; return where to go on."""
        at = start
        problem = ""
        while at < len(chunk):
            if self._line_begins_after is not None:
                at, problem = self._begin_line(chunk, at, self._line_begins_after)
            elif self._in_string:
                at, problem = self._string(chunk, at)
            else:
                at, problem = self._structure(chunk, at, start)
            if problem:
                return at, self._give_up(problem)
            if not self._brackets:
                self._keep(chunk[start:at])
                return at, self._finish()
        self._keep(chunk[start:])
        return len(chunk), None

    def _structure(self, chunk: bytes, at: int, start: int) -> tuple[int, str]:
        """Go past the next bracket, line end or beginning of a string."""
        found = _STRUCTURE.search(chunk, at)
        if found is None:
            return len(chunk), ""
        at, byte = found.end(), chunk[found.start()]
        if byte == _NEWLINE:
            self._line += 1
            self._line_begins_after = self._last_byte(chunk, start, found.start())
        elif byte == _QUOTE:
            self._in_string = True
            self._texts += 1
        elif not self._bracket(byte):
            self._where = _Where.SKIPPING
            return at, "brackets do not match"
        return at, ""

    def _string(self, chunk: bytes, at: int) -> tuple[int, str]:
        """Go past a string, or as far as there is of it."""
        if self._after_backslash:
            self._after_backslash = False
            at += chunk[at] != _NEWLINE
        rest = _STRING_REST.match(chunk, at)
        assert rest is not None  # it matches nothing as well
        at = rest.end()
        if at == len(chunk):
            return at, ""
        if chunk[at] == _QUOTE:
            self._in_string = False
            return at + 1, ""
        if chunk[at] != _NEWLINE and at + 1 == len(chunk):
            self._after_backslash = True
            return at + 1, ""
        self._where = _Where.SKIPPING
        return at, "a text does not end on its line"

    def _begin_line(self, chunk: bytes, at: int, before: int) -> tuple[int, str]:
        """Go to where a line's text begins: no object may begin there unless it fits `before`."""
        found = _NOT_SPACE.search(chunk, at)
        if found is None:
            return len(chunk), ""
        at = found.start()
        if chunk[at] == _NEWLINE:
            self._line += 1
            return at + 1, ""
        self._line_begins_after = None
        fits = (_COLON,) if self._brackets[-1] == _OPEN else (_LIST, _COMMA)
        if chunk[at] != _OPEN or before in fits:
            return at, ""
        return at, "it does not end where the next one begins"

    def _bracket(self, byte: int) -> bool:
        """Open or close; say whether it fits."""
        opened_by = _OPENED_BY.get(byte)
        if opened_by is None:
            self._brackets.append(byte)
            self._containers += 1
            return len(self._brackets) <= MAX_DEPTH
        return self._brackets.pop() == opened_by

    def _last_byte(self, chunk: bytes, start: int, end: int) -> int:
        """Return the last byte of the object before `end` that is no space.

        What is looked at is no more than twice the blanks that there are.
        """
        size = 64
        while start < end:
            if near := chunk[max(start, end - size) : end].rstrip(_SPACE):
                return near[-1]
            end -= size
            size *= 2
        for part in reversed(self._parts):
            if text := part.rstrip(_SPACE):
                return text[-1]
        return _OPEN

    @property
    def _excess(self) -> str:
        """What there is too much of in the unfinished object, as far as it is known."""
        if self._size_bytes > self._max_bytes:
            return f"it is larger than {self._max_bytes} bytes"
        if self._containers > MAX_CONTAINERS:
            return f"it holds more than {MAX_CONTAINERS} objects and lists"
        if self._texts > MAX_TEXTS:
            return f"it holds more than {MAX_TEXTS} names and texts"
        return ""

    def _keep(self, text: bytes) -> None:
        self._size_bytes += len(text)
        if self._excess:
            self._parts.clear()
        else:
            self._parts.append(text)

    def _finish(self) -> Piece:
        problem = self._excess
        text = b"".join(self._parts)
        self._forget()
        if problem:
            return Piece(self._began, problem=problem, is_too_large=True)
        return Piece(self._began, text)

    def _give_up(self, problem: str) -> Piece:
        is_skipping = self._where is _Where.SKIPPING
        self._forget()
        if is_skipping:
            self._where = _Where.SKIPPING
        return Piece(self._began, problem=f"not a JSON object: {problem}")

    def _forget(self) -> None:
        self._where = _Where.BETWEEN
        self._parts.clear()
        self._size_bytes = 0

    def _skip(self, chunk: bytes, at: int) -> int:
        end = self._skips_to.search(chunk, at)
        if end is None:
            return len(chunk)
        self._where = _Where.BETWEEN
        self._skips_to = _LINE_END
        return end.start()  # what ends it counts between objects

    def _behind(self, chunk: bytes, at: int) -> tuple[int, Piece | None]:
        if not self._has_begun or _NOT_BLANK.search(chunk, at) is None:
            return len(chunk), None
        self._has_begun = False  # says it once
        return len(chunk), Piece(self._count + 1, problem="text after the end of the array")

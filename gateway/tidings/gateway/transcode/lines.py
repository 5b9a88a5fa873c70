"""Bodies that stream: chunks of any size to one JSON text a line."""

from tidings.gateway.transcode.errors import TooLarge


class LineReader:
    """Cuts a body into lines. Holds at most one unfinished line, of at most `max_line_bytes`.

    One reader for one body. A final line needs no newline; blank lines are skipped; a carriage
    return before the newline is dropped.
    """

    def __init__(self, max_line_bytes: int) -> None:
        self._max_line_bytes = max_line_bytes
        self._unfinished = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next chunk; return the lines that it finishes, in order.

        Raises:
            TooLarge: a line is longer than the limit. The reader is of no more use then.
        """
        pieces = chunk.split(b"\n")
        lines: list[bytes] = []
        for piece in pieces[:-1]:
            lines += self._finish(piece)
        self._hold(pieces[-1])
        return lines

    def end(self) -> list[bytes]:
        """Return the last line, if the body did not end with a newline."""
        return self._finish(b"")

    def _finish(self, piece: bytes) -> list[bytes]:
        self._hold(piece)
        line = bytes(self._unfinished).strip()
        self._unfinished.clear()
        return [line] if line else []

    def _hold(self, piece: bytes) -> None:
        if len(self._unfinished) + len(piece) > self._max_line_bytes:
            raise TooLarge("a line of the body", self._max_line_bytes)
        self._unfinished += piece

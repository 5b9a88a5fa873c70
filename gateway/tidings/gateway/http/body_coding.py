"""Compressed bodies: decoded a piece at a time, so that their decoded size is bounded.

The reader pulls: each piece is decoded only when it is requested.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import grpc

from tidings.gateway.transcode.errors import MalformedRequest, TranscodeError

PIECE_BYTES = 64 * 1024
# Of what zlib is given at a time: at the end of a member it copies what is left of it.
_STEP_BYTES = 4096

_GZIP, _ZLIB, _RAW = 31, 15, -15  # of `wbits`
_FIELD = "content-encoding"
_DECODED = frozenset({"gzip", "x-gzip", "deflate"})
ACCEPTED = (b"accept-encoding", b"gzip, deflate, identity")


class UnsupportedCoding(TranscodeError):
    """The body is compressed in another way, or more than once."""

    code = grpc.StatusCode.INVALID_ARGUMENT
    http_status = 415

    def __init__(self) -> None:
        super().__init__("a body may be encoded as gzip or deflate, once, or not at all")


def decoder_for(headers: Iterable[tuple[bytes, bytes]]) -> Decoder | None:
    """Return what decodes the body of a request with these headers, None if it is as it comes.

    Raises:
        UnsupportedCoding: its encoding is not supported.
    """
    values = [value.decode("latin-1").lower() for name, value in headers if name == _FIELD.encode()]
    codings = [coding.strip() for value in values for coding in value.split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in _DECODED:
        raise UnsupportedCoding
    return Decoder(is_gzip=codings[0] != "deflate")


class Decoder:
    """One body. `feed` what has arrived, then `take` until there is no more.

    gzip may come in several members, one after the other. "deflate" is zlib's format, or the bare
    one, which some clients send. Source: RFC 9110 section 8.4.1.2.
    """

    def __init__(self, *, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._inflate = zlib.decompressobj(_GZIP) if is_gzip else None
        self._data = b""
        self._at = 0
        self._has_begun = False

    def feed(self, data: bytes) -> None:
        """Take the next input, once all before it was taken."""
        self._data, self._at = self._data[self._at :] + data, 0

    def take(self) -> bytes:
        """Return the next piece, at most `PIECE_BYTES`; nothing = more must be fed.

        Raises:
            MalformedRequest: it is no such text.
        """
        while self._at < len(self._data):
            inflate = self._next()
            if inflate is None:
                return b""
            step = self._data[self._at : self._at + _STEP_BYTES]
            try:
                piece = inflate.decompress(step, PIECE_BYTES)
            except zlib.error:
                raise MalformedRequest(_FIELD, "the body is not encoded as it says") from None
            self._has_begun = True
            left = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            self._at += len(step) - len(left)
            if piece:
                return piece
        return b""

    def end(self) -> None:
        """Check that the body is complete, at its end.

        Raises:
            MalformedRequest: it is not.
        """
        is_whole = self._inflate is not None and self._inflate.eof
        if (self._has_begun or self._data) and not is_whole:
            raise MalformedRequest(_FIELD, "the body ends too early")

    def _next(self) -> zlib._Decompress | None:
        """Return the decoder; None = another byte is needed to tell which."""
        if self._inflate is None:
            head = self._data[self._at : self._at + 2]
            if len(head) < 2:
                return None
            is_zlib = head[0] & 15 == 8 and int.from_bytes(head, "big") % 31 == 0
            self._inflate = zlib.decompressobj(_ZLIB if is_zlib else _RAW)
        elif self._inflate.eof:
            if not self._is_gzip:
                raise MalformedRequest(_FIELD, "the body goes on after its end")
            self._inflate = zlib.decompressobj(_GZIP)
        return self._inflate

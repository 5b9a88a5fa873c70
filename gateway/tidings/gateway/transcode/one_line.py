"""JSON that stays one line for every reader of lines."""

import re

# Valid inside JSON's texts, but line ends to clients that split decoded text as Python's
# `splitlines` does: httpx's reader of lines is one.
_LINE_ENDS = re.compile(b"\xc2\x85|\xe2\x80[\xa8\xa9]")
_ESCAPES = {b"\xc2\x85": rb"\u0085", b"\xe2\x80\xa8": rb"\u2028", b"\xe2\x80\xa9": rb"\u2029"}


def one_line(text: bytes) -> bytes:
    """Return a JSON text with U+0085, U+2028 and U+2029 escaped, which means the same.

    Texts that are passed through as they were published hold them as well as texts of our own, so
    this is for whatever is printed, once it is whole.
    """
    if b"\xe2\x80" not in text and b"\xc2\x85" not in text:
        return text
    return _LINE_ENDS.sub(lambda found: _ESCAPES[found[0]], text)

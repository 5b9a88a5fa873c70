"""What commands print, for people and programs: nothing that a terminal would obey.

What is printed comes from others: names, messages, payloads. A control character among them could
move the cursor, change what stands on the screen, or turn the order of letters around.
"""

from __future__ import annotations

import errno
import os
import re
import sys

# C0 but tab and line end, DEL and C1; invisible characters that change order or hide text, but not
# the two that join letters and emoji; line and paragraph separators; halves of surrogate pairs.
# Everything of the categories Cc, Cf, Zl, Zp and Cs but these; a test compares.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f]"
)
_OBEYED_IN_LINE = re.compile(f"[\t\n]|{_OBEYED.pattern}")
_UNICODE = {"utf-8", "utf8", "utf-16", "utf-32"}


_IN_WORDS = {errno.EEXIST: "is there, and is no directory"}
"""Of a directory that is to be made: what the system says of it would mislead."""


class CommandFailed(Exception):
    """A command cannot go on: the text says why, for people."""


def visible(text: str) -> str:
    r"""Return a text of one line without what a terminal obeys: such characters as `\x1b`."""
    if text.isprintable():
        return text
    return _OBEYED_IN_LINE.sub(_as_python, text)


def visible_lines(text: str) -> str:
    """Return a text of several lines without what a terminal obeys but tabs and line ends."""
    return _OBEYED.sub(_as_python, text)


def visible_json(line: str) -> str:
    r"""Return the same JSON without what a terminal obeys, or cannot show: as `\u001b` instead."""
    if (sys.stdout.encoding or "").lower() not in _UNICODE:
        return "".join(c if c.isascii() and c.isprintable() else _json_escape(c) for c in line)
    if line.isprintable():
        return line
    return _OBEYED.sub(lambda found: _json_escape(found[0]), line)


def say(text: str) -> None:
    """Print a text that is ours, or was made visible, and a line end.

    Raises:
        BrokenPipeError: nobody reads it any more.
        CommandFailed: it cannot be written.
    """
    try:
        sys.stdout.write(text + "\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandFailed(f"cannot write: {error.strerror}") from None


def flush() -> None:
    """Have what was said go out now. Raises as `say`."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandFailed(f"cannot write: {error.strerror}") from None


def complain(command: str, text: str) -> None:
    """Say on stderr, in the name of a command ("" = of the program), what is wrong."""
    name = f"tidings {command}" if command else "tidings"
    sys.stderr.write(f"{name}: {visible_lines(text)}\n")


def told(error: Exception) -> str:
    """Return what an error is for people: of the system's, the file and why, without its number."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    reason = _IN_WORDS.get(error.errno or 0, error.strerror)
    return f"{error.filename}: {reason}" if error.filename is not None else reason


def silence_stdout() -> None:
    """Have nothing more written: Python would try at exit, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_python(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))

"""What commands print, for people and programs: no control characters.

What is printed comes from others: names, messages, payloads. A control character among them could
move the cursor, change the screen, or reverse the order of letters.
"""

from __future__ import annotations

import os
import re
import sys
from contextvars import ContextVar

from tidings.core.errors import in_words

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


_in_json: ContextVar[bool] = ContextVar("in_json", default=False)


class CommandFailed(Exception):
    """A command cannot go on: the text says why, for people."""


def visible(text: str) -> str:
    r"""Return a text of one line with control characters escaped: such as `\x1b`."""
    if text.isprintable():
        return text
    return _OBEYED_IN_LINE.sub(_as_python, text)


def visible_lines(text: str) -> str:
    """Return a text of several lines with control characters escaped, except tabs and line ends."""
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
        BrokenPipeError: the reader has closed it.
        CommandFailed: it cannot be written.
    """
    try:
        sys.stdout.write(text + "\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandFailed(f"cannot write: {error.strerror}") from None


def flush() -> None:
    """Flush the output now. Raises as `say`."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandFailed(f"cannot write: {error.strerror}") from None


def complain_in_json(*, is_on: bool) -> None:
    """Say whether what is wrong is to be told as a log line in JSON, from now on."""
    _in_json.set(is_on)


def is_colored(choice: str) -> bool:
    """Return whether to colour: as set, or on a terminal unless NO_COLOR is set (no-color.org)."""
    if choice != "auto":
        return choice == "always"
    is_dumb = os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not is_dumb and not os.environ.get("NO_COLOR")


def complain(command: str, text: str) -> None:
    """Print an error on stderr, prefixed with a command ("" = the program)."""
    if _in_json.get():
        import json  # noqa: PLC0415 - hardly any command needs it
        from datetime import UTC, datetime  # noqa: PLC0415 - as above

        from tidings.app.clock import SystemClock  # noqa: PLC0415 - as above

        now = datetime.fromtimestamp(SystemClock().now_us() / 1e6, UTC)
        line = {
            "command": command,
            "event": visible_lines(text),
            "level": "error",
            "timestamp": now.isoformat().replace("+00:00", "Z"),
        }
        sys.stderr.write(json.dumps(line) + "\n")
        return
    name = f"tidings {command}" if command else "tidings"
    sys.stderr.write(f"{name}: {visible_lines(text)}\n")


def told(error: Exception) -> str:
    """Return an error's text for people: of a system error, file and reason without the number."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    reason = in_words(error)
    return f"{error.filename}: {reason}" if error.filename is not None else reason


def silence_stdout() -> None:
    """Write nothing more: Python would try at exit, and print an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_python(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))

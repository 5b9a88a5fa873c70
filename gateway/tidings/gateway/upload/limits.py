"""Limits of what is published over HTTP."""

MAX_OBJECT_BYTES = 8 * 1024**2
"""Of one object's text, which may be longer than the record that it becomes."""

MAX_RECORD_BYTES = 4 * 1024**2 - 128 * 1024
"""Of the record that becomes of it: the service's own limit."""

# Of an array that is stored from its end, and so is held until then.
MAX_HELD = 65_536

# Of a body, between two checks of the time slice: milliseconds of work, if all is brackets.
SLICE_BYTES = 8 * 1024

MAX_DEPTH = 512
"""Of brackets inside each other: deeper than any vendor's JSON, and than what its readers take."""

# Of one object: what reading it costs follows from these more than from its bytes. A Nomad line of
# 4 MiB has some 40,000 and 200,000.
MAX_CONTAINERS = 65_536
MAX_TEXTS = 262_144

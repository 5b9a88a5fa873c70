"""JSON as the five systems write it: what the generated code beside this package is made with.

Service and gateway share this and nothing else, so everything that both must do alike with JSON
text stands here. Texts are UTF-8 bytes. Integers keep every digit; what is carried as text keeps
every byte. The source is in protos/plugin; `make generate` copies it.
"""

from tidings.v1.json_runtime.canonical import canonical
from tidings.v1.json_runtime.check import check_printable, may_lack_json
from tidings.v1.json_runtime.errors import JsonError
from tidings.v1.json_runtime.fields import (
    Fields,
    Raw,
    asdict,
    base64_bytes,
    duration_fields,
    duration_or_unset,
    exact_float,
    parse_time,
    raw_bytes,
    time_fields,
    time_or_unset,
    whole_seconds,
)
from tidings.v1.json_runtime.fit import Lost
from tidings.v1.json_runtime.integers import is_integer, parse_integer
from tidings.v1.json_runtime.printing import (
    ZERO_TIME,
    base64_text,
    nanoseconds,
    time_text,
    time_text_micros,
    time_text_seconds,
)
from tidings.v1.json_runtime.reader import (
    Flag,
    Int64,
    Number,
    Reader,
    Shape,
    Signed,
    Text,
    Uint64,
    Unsigned,
)
from tidings.v1.json_runtime.secrets import blank_message, blank_text, secret_fields
from tidings.v1.json_runtime.text import (
    MAX_DEPTH,
    Json,
    compact,
    dumps,
    dumps_indented,
    go_escape_html,
    join,
    loads,
    members,
    raw,
)
from tidings.v1.json_runtime.whole import parses_whole

__all__ = [
    "MAX_DEPTH",
    "ZERO_TIME",
    "Fields",
    "Flag",
    "Int64",
    "Json",
    "JsonError",
    "Lost",
    "Number",
    "Raw",
    "Reader",
    "Shape",
    "Signed",
    "Text",
    "Uint64",
    "Unsigned",
    "asdict",
    "base64_bytes",
    "base64_text",
    "blank_message",
    "blank_text",
    "canonical",
    "check_printable",
    "compact",
    "dumps",
    "dumps_indented",
    "duration_fields",
    "duration_or_unset",
    "exact_float",
    "go_escape_html",
    "is_integer",
    "join",
    "loads",
    "may_lack_json",
    "members",
    "nanoseconds",
    "parse_integer",
    "parse_time",
    "parses_whole",
    "raw",
    "raw_bytes",
    "secret_fields",
    "time_fields",
    "time_or_unset",
    "time_text",
    "time_text_micros",
    "time_text_seconds",
    "whole_seconds",
]

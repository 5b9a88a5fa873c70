"""Nomad's JSON parsed into messages and printed, compared with protobuf's own json_format.

Typed readers get every Nomad payload derived from its exact text, so the code that `make generate`
writes must be much cheaper than json_format, which does the same work for proto3 JSON. Both handle
the same message, the Node of Nomad's own documentation, and produce equal ones. Rounds alternate,
so that a noisy machine affects both; the figure is the median of the rounds' ratios of processor
time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from google.protobuf import json_format

from tidings.v1 import json_runtime as rt
from tidings.v1 import nomad_json
from tidings.v1.nomad_pb2 import NomadPayload

SAMPLE = Path(__file__).parent.parent / "tests" / "data" / "nomad_node_event.json"

DERIVE_TARGET = 0.25
"""Time to derive the Node, as a part of json_format's time at most; 0.12 to 0.19 was measured."""

PRINT_TARGET = 0.6
"""Time to print the Node as Nomad does, all 188 members, as a part at most of the time that
MessageToJson takes for the 137 that are set; 0.34 was measured."""

LIKE_FOR_LIKE_TARGET = 0.25
"""The same, as a part of MessageToJson's time with zeros printed; 0.21 was measured."""

_ROUNDS, _QUICK_ROUNDS = 41, 21
_ROUND_S, _QUICK_ROUND_S = 0.02, 0.005

Work = Callable[[], object]


def main(quick: bool) -> int:  # noqa: FBT001 - every benchmark is called so
    """Print a report with a verdict for each target; return 1 when one was missed."""
    rounds, round_s = (_QUICK_ROUNDS, _QUICK_ROUND_S) if quick else (_ROUNDS, _ROUND_S)
    line = rt.members(SAMPLE.read_bytes())
    payload = rt.members(rt.dumps(rt.loads(line["Events"])[0]))["Payload"]
    typed, is_complete = nomad_json.nomad_payload_from_text(payload)
    proto3 = json_format.MessageToJson(typed, indent=None)
    if not is_complete or json_format.Parse(proto3, NomadPayload()) != typed:
        print("the two ways do not agree on the message")
        return 1
    print(f"payload {len(payload)} bytes, typed {typed.ByteSize()}, proto3 JSON {len(proto3)}")

    derived, parsed, parsed_value = times_us(
        [
            lambda: nomad_json.nomad_payload_from_text(payload),
            lambda: json_format.Parse(proto3, NomadPayload()),
            lambda: json_format.ParseDict(orjson.loads(proto3), NomadPayload()),
        ],
        rounds,
        round_s,
    )
    printed, set_only, with_zeros = times_us(
        [
            lambda: rt.dumps(nomad_json.nomad_payload_to_json(typed)),
            lambda: json_format.MessageToJson(typed, indent=None),
            lambda: json_format.MessageToJson(
                typed, indent=None, always_print_fields_with_no_presence=True
            ),
        ],
        rounds,
        round_s,
    )
    # json_format is fastest behind orjson
    met = [
        verdict("derive / Parse", derived, parsed, DERIVE_TARGET),
        verdict("derive / ParseDict", derived, parsed_value, DERIVE_TARGET),
        verdict("print / the set fields", printed, set_only, PRINT_TARGET),
        verdict("print / with zeros", printed, with_zeros, LIKE_FOR_LIKE_TARGET),
    ]
    return 0 if all(met) else 1


def times_us(works: list[Work], rounds: int, round_s: float) -> list[list[float]]:
    """Return for each the microseconds of one call in every round; they alternate in a round."""
    counts = [_calls_for(work, round_s) for work in works]
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, count, seen in zip(works, counts, times, strict=True):
            seen.append(_seconds(work, count) / count * 1e6)
    return times


def _calls_for(work: Work, round_s: float) -> int:
    work()  # the first call fills caches
    return max(1, round(round_s / max(_seconds(work, 3) / 3, 1e-9)))


def _seconds(work: Work, count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        work()
    return time.process_time() - start


def verdict(name: str, ours_us: list[float], theirs_us: list[float], target: float) -> bool:
    """Print one line of the report and say whether the target was met."""
    pairs = zip(ours_us, theirs_us, strict=True)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = statistics.median(ours_us), statistics.median(theirs_us)
    met = ratio <= target
    print(
        f"{name:22} {ours:8.1f} us / {theirs:8.1f} us = {ratio:.3f}"
        f"   target <= {target}   {'met' if met else 'MISSED'}"
    )
    return met


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure for a moment only")
    sys.exit(main(parser.parse_args().quick))

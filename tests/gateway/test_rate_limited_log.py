"""Log lines that strangers can cause."""

from __future__ import annotations

import structlog.testing

from tests.kit.gateway import gateway
from tests.kit.loop import run_async
from tidings.gateway.http.rate_limited_log import EVERY_S, RateLimitedLog


def test_one_line_of_a_kind_at_a_time_says_how_many_there_were() -> None:
    now_s = 5.0
    log = RateLimitedLog(lambda: now_s)
    with structlog.testing.capture_logs() as lines:
        for _ in range(1000):
            log.tell("refused", "syntax")
        log.tell("refused", "head_s")
        now_s += EVERY_S
        log.tell("refused", "syntax")
    assert [(line["kind"], line["count"]) for line in lines] == [
        ("syntax", 1),
        ("head_s", 1),
        ("syntax", 1000),
    ]


def test_bad_requests_leave_one_line() -> None:
    async def main() -> None:
        async with gateway() as running:
            for _ in range(50):
                talk = await running.connect()
                await talk.send(b"nonsense\r\n\r\n")
                assert (await talk.answer()).status == 400
                await talk.close()

    with structlog.testing.capture_logs() as lines:
        run_async(main())
    told = [line for line in lines if line["event"] == "refused by the listener"]
    assert [(line["kind"], line["count"]) for line in told] == [("syntax", 1)]

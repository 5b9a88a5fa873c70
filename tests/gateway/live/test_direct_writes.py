"""At the head of the log a stream writes to its readers' clients by itself."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.gateway.live.kit import (
    Client,
    Lines,
    a_bench,
    at_head,
    begin_take,
    gap,
    records,
    settle,
)
from tests.kit.loop import scenario
from tidings.gateway.live.tail import MAX_CHUNK_BYTES, Form


@scenario
async def test_what_comes_while_readers_wait_is_written_without_waking_them() -> None:
    async with a_bench() as bench:
        got: list[bytes] = []
        quick, other = await at_head(bench, 1), await at_head(bench, 1)
        waits = [await begin_take(reader, Client(got.append)) for reader in (quick, other)]
        shared = bench.service.calls[0]
        shared.say(records(2), records(3, 4))
        while len(got) < 4:
            await settle()
        assert got == [b"2\n", b"2\n", b"3\n4\n", b"3\n4\n"]
        assert got[2] is got[3], "made once"
        assert not any(wait.done() for wait in waits)
        shared.say(None)
        assert [await wait for wait in waits] == [None, None]
        quick.close()
        other.close()


@scenario
async def test_nothing_is_put_together_for_those_whose_clients_stopped_reading() -> None:
    async with a_bench() as bench:
        joined: list[bytes] = []

        def join(parts: Iterable[bytes]) -> bytes:
            joined.append(b"".join(parts))
            return joined[-1]

        lines = Lines()
        lines.form = Form(join, len)
        reader = await at_head(bench, 1, lines=lines)
        got: list[bytes] = []
        client = Client(got.append)
        taking = await begin_take(reader, client)
        bench.last.say(records(2, 3))
        while not got:
            await settle()
        assert joined[-1] == b"2\n3\n"
        client.stop_reading()
        joined.clear()
        bench.last.say(records(4, 5))
        assert await taking == b"4\n5\n"
        assert joined == [b"4\n5\n"], "for the one who takes it, and nobody else"
        reader.close()


@scenario
async def test_what_is_not_written_is_returned_and_what_breaks_is_the_readers_own() -> None:
    class Broken(Exception):
        pass

    def breaks(chunk: bytes) -> None:
        raise Broken(chunk)

    async with a_bench() as bench:
        slow, broken, fine = [await at_head(bench, 1) for _ in range(3)]
        waits = [
            await begin_take(slow, Client(breaks, reads=False)),
            await begin_take(broken, Client(breaks)),
            await begin_take(fine),
        ]
        bench.service.calls[0].say(records(2), records(3))
        assert await waits[0] == b"2\n3\n"
        with pytest.raises(Broken):
            await waits[1]
        assert await waits[2] == b"2\n3\n"
        for reader in (slow, broken, fine):
            reader.close()


@scenario
async def test_a_client_that_stops_reading_in_a_write_has_got_it_and_the_rest_is_returned() -> None:
    async with a_bench() as bench:
        got: list[bytes] = []
        reader = await at_head(bench, 1)

        def take_one(chunk: bytes) -> None:
            got.append(chunk)
            client.stop_reading()

        client = Client(take_one)
        taking = await begin_take(reader, client)
        bench.service.calls[0].say(records(2), records(3))
        assert await taking == b"3\n"
        assert got == [b"2\n"]
        reader.close()


@scenario
async def test_a_gap_is_returned_and_never_written_past_the_door() -> None:
    async with a_bench() as bench:
        got: list[bytes] = []
        reader = await at_head(bench, 1)
        taking = await begin_take(reader, Client(got.append))
        bench.service.calls[0].say(records(2), gap(3, 4))
        chunk = await taking
        assert got == [b"2\n"]
        assert chunk == bench.lines.gap(gap(3, 4).gap)
        reader.close()


@scenario
async def test_more_than_one_write_holds_is_written_in_parts_that_all_share() -> None:
    async with a_bench(width=100_000) as bench:
        got: list[bytes] = []
        one, other = await at_head(bench, 1), await at_head(bench, 1)
        waits = [await begin_take(reader, Client(got.append)) for reader in (one, other)]
        bench.service.calls[0].say(records(2, 3, 4, 5))
        while len(got) < 4:
            await settle()
        assert not any(wait.done() for wait in waits), "nobody's task has had a turn"
        assert all(len(part) <= MAX_CHUNK_BYTES for part in got)
        assert [line[:1] for line in b"".join(got[::2]).splitlines()] == [b"2", b"3", b"4", b"5"]
        assert all(part is same for part, same in zip(got[::2], got[1::2], strict=True))
        bench.service.calls[0].say(None)
        assert [await wait for wait in waits] == [None, None]
        one.close()
        other.close()


@scenario
async def test_who_stops_reading_in_the_first_part_is_given_the_rest() -> None:
    async with a_bench(width=100_000) as bench:
        got: list[bytes] = []

        def take_one(part: bytes) -> None:
            got.append(part)
            client.stop_reading()

        client = Client(take_one)
        reader = await at_head(bench, 1)
        taking = await begin_take(reader, client)
        bench.service.calls[0].say(records(2, 3, 4, 5))
        rest = await taking
        assert rest is not None
        assert [line[:1] for line in (got[0] + rest).splitlines()] == [b"2", b"3", b"4", b"5"]
        assert len(got) == 1
        reader.close()

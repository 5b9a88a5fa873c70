"""Shared streams against a model of the service: in whatever order messages come, readers read and
idle streams retire, nobody loses a record in silence and nobody gets one twice."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.live.kit import Client as DirectWriter
from tests.gateway.live.kit import Lines, Opened, UpstreamCall, records
from tests.kit.loop import run_async
from tidings.gateway.live import stream as live_stream
from tidings.gateway.live.hub import StreamHub
from tidings.gateway.live.reader import Reader
from tidings.gateway.live.stream_key import StreamKey
from tidings.gateway.metrics import Metrics
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_system_pb2

SYSTEMS = (event_system_pb2.EVENT_SYSTEM_NOMAD, event_system_pb2.EVENT_SYSTEM_CONSUL)
# A stream keeps 16 KiB at least: five lines of this width.
WIDTH = 3_000
# Of the loop, in which everything that can happen without another message has happened.
TURNS = 12
# What is left is told within so many rounds, or never.
ROUNDS = 60


@dataclass
class Call:
    """One stream as the service sees it: a follower of the log."""

    answers: UpstreamCall
    position: int
    told: dict[int, int] = field(default_factory=dict)
    is_at_head: bool = False


@dataclass
class Log:
    """A service with records of two systems, some selected. Stands in for `Upstream`."""

    system_of: list[int] = field(default_factory=lambda: [0, 0])  # by seq; 0 = not selected
    trimmed: dict[int, int] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    @property
    def last_seq(self) -> int:
        return len(self.system_of) - 1

    async def subscribe(self, request: pb.SubscribeRequest, credential: object) -> Opened:
        del credential
        answers = UpstreamCall(request)
        position = (
            self.last_seq if request.position == pb.START_POSITION_LATEST else request.after_seq
        )
        self.calls.append(Call(answers, position))
        return Opened(answers, position)

    def selected(self, after_seq: int, through_seq: int, system: int = 0) -> list[int]:
        """Return what is selected of a range, of one system or of all."""
        seqs = range(after_seq + 1, through_seq + 1)
        return [seq for seq in seqs if self.system_of[seq] in ((system,) if system else SYSTEMS)]

    def speak(self, call: Call, count: int, *, beats: bool) -> bool:
        """Say the next thing on a stream, as Subscribe does; False = there is nothing to say."""
        if call.answers.is_cancelled:
            return False
        for system, through_seq in self.trimmed.items():
            after_seq = max(call.position, call.told.get(system, 0))
            if self.selected(after_seq, through_seq, system):
                call.told[system] = through_seq
                lost = pb.Gap(
                    system=event_system_pb2.EventSystem.ValueType(system),
                    first_seq=after_seq + 1,
                    last_seq=through_seq,
                    reason=pb.GAP_REASON_RETENTION,
                    resume_seq=call.position,
                )
                call.answers.say(pb.SubscribeResponse(gap=lost))
                return True
        kept = [
            seq
            for seq in self.selected(call.position, self.last_seq)
            if seq > self.trimmed.get(self.system_of[seq], 0)
        ]
        if found := kept[:count]:
            call.position = found[-1]
            call.answers.say(records(*found))
            return True
        if beats or not call.is_at_head:
            call.position, call.is_at_head = self.last_seq, True
            call.answers.say(pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=call.position)))
            return True
        return False


class Tokens(Lines):
    """Prints a gap with its system."""

    def gap(self, gap: pb.Gap) -> bytes:
        return b"gap %d %d %d\n" % (gap.system, gap.first_seq, gap.last_seq)


class Client:
    """Who reads, and checks what comes as it comes."""

    def __init__(self, log: Log, reader: Reader[bytes], after_seq: int) -> None:
        self.reader = reader
        self._log = log
        self._after_seq = after_seq
        self._got: set[int] = set()
        self._lost: dict[int, set[int]] = {system: set() for system in SYSTEMS}
        self._last_seq = after_seq
        self._writer = DirectWriter(self._check_chunk, reads=False)
        self._reading: asyncio.Task[bytes | None] | None = None

    def start(self) -> None:
        """Begin to take, unless that is under way."""
        if self._reading is None:
            until_s = asyncio.get_running_loop().time() + 3600
            self._reading = asyncio.ensure_future(self.reader.take(until_s, self._writer))

    def turn(self) -> None:
        """Let what comes be written at once, or no longer."""
        if self._writer.reads:
            self._writer.stop_reading()
        else:
            self._writer.reads = True

    def collect(self) -> None:
        """Check what has been taken, if anything."""
        if self._reading is None or not self._reading.done():
            return
        chunk, self._reading = self._reading.result(), None
        assert chunk is not None, "the end"
        self._check_chunk(chunk)

    def _check_chunk(self, chunk: bytes) -> None:
        for line in chunk.splitlines():
            self._check(line)

    def _check(self, line: bytes) -> None:
        if line.startswith(b"gap"):
            system, first_seq, last_seq = map(int, line.split()[1:])
            lost = set(self._log.selected(first_seq - 1, last_seq, system))
            assert not lost & self._got, "what it has got is not gone"
            self._lost[system] |= lost
        elif line.startswith(b"h"):
            assert int(line[1:]) >= self._last_seq, "the position never goes back"
            self._check_all(int(line[1:]))
        else:
            seq = int(line.rstrip(b"."))
            assert seq > self._last_seq, "in order and once"
            assert seq not in self._lost[self._log.system_of[seq]]
            self._got.add(seq)
            self._last_seq = seq
            self._check_all(seq)

    def _check_all(self, through_seq: int) -> None:
        """Hold the reader to its position: all before it has come, or is told to be gone."""
        lost = set().union(*self._lost.values())
        missing = set(self._log.selected(self._after_seq, through_seq)) - self._got - lost
        assert not missing, f"lost in silence: {sorted(missing)}"

    def has_all(self) -> bool:
        """Say whether nothing is left to come."""
        lost = set().union(*self._lost.values())
        wanted = set(self._log.selected(self._after_seq, self._log.last_seq))
        return wanted <= self._got | lost

    async def stop(self) -> None:
        """Leave, whatever is under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        self.reader.close()


def steps() -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Return what may happen: to the log, on the streams, to the readers.

    A "turn" makes a client read what is written to it at once, or no longer.
    "arrive" and "lose" are several steps in one: what goes wrong between a reader's arrival and its
    joining is too rare to be met by single ones.
    """
    which = st.integers(0, 3)
    kinds = st.lists(st.sampled_from([*SYSTEMS, *SYSTEMS, 0]), min_size=1, max_size=6)
    system = st.sampled_from(SYSTEMS)
    speak = st.tuples(st.just("speak"), which, st.integers(1, 3), st.booleans())
    take = st.tuples(st.just("take"), which)
    return st.lists(
        st.one_of(
            st.tuples(st.just("publish"), kinds),
            st.tuples(st.just("lose"), kinds, system, st.integers(0, 2)),
            st.tuples(st.just("read"), st.integers(0, 8)),
            st.tuples(st.just("arrive"), st.integers(0, 4)),
            speak,
            speak,
            take,
            take,
            st.tuples(st.just("turn"), which),
            st.tuples(st.just("leave"), which),
        ),
        max_size=40,
    )


class Turn:
    """One turn of the loop."""

    def __await__(self) -> Generator[None]:
        yield


class World:
    """The log, the hub and the readers of one example."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.log = Log()
        stand_in: Any = self.log
        self.hub = StreamHub(stand_in, tasks, tail_bytes=1, metrics=Metrics())
        self._renderer = Tokens(WIDTH)
        self._clients: list[Client] = []

    async def do(self, step: tuple[Any, ...]) -> None:
        """Let one thing happen, and then everything that follows from it."""
        match step:
            case "publish", kinds:
                self.log.system_of += kinds
            case "lose", kinds, system, kept:
                self.log.system_of += kinds
                through_seq = self.log.last_seq - kept
                self.log.trimmed[system] = max(through_seq, self.log.trimmed.get(system, 0))
            case "read", back:
                await self._read(back)
            case "arrive", back:
                await self._read(back)
                call = self.log.calls[-1]
                while not call.is_at_head and self.log.speak(call, 3, beats=True):
                    pass
            case "speak", which, count, beats if open_calls := self._open():
                self.log.speak(open_calls[which % len(open_calls)], count, beats=beats)
            case "take", which if self._clients:
                self._clients[which % len(self._clients)].start()
            case "turn", which if self._clients:
                client = self._clients[which % len(self._clients)]
                client.turn()
            case "leave", which if self._clients:
                await self._clients.pop(which % len(self._clients)).stop()
        await self._settle()

    async def finish(self) -> None:
        """Say all that is left to say, until every reader has it."""
        for _ in range(ROUNDS):
            for call in self._open():
                self.log.speak(call, 3, beats=True)
            for client in self._clients:
                client.start()
            await self._settle()
            if all(client.has_all() for client in self._clients):
                break
        else:
            raise AssertionError("something never came")
        for client in self._clients:
            await client.stop()
        assert not self._open(), "nothing is left open upstream"

    async def _read(self, back: int) -> None:
        after_seq = max(1, self.log.last_seq - back)
        is_latest = after_seq == self.log.last_seq
        request = pb.SubscribeRequest(
            **{"position": pb.START_POSITION_LATEST} if is_latest else {"after_seq": after_seq}
        )
        reader = await self.hub.read(StreamKey(self._renderer, b"", ()), request)
        self._clients.append(Client(self.log, reader, after_seq))

    def _open(self) -> list[Call]:
        return [call for call in self.log.calls if not call.answers.is_cancelled]

    async def _settle(self) -> None:
        for _ in range(TURNS):
            await Turn()
            for client in self._clients:
                client.collect()


@settings(max_examples=200)
@given(drawn=steps(), idle_s=st.sampled_from([3600.0, 0.0]))
def test_every_reader_gets_every_record_once_or_is_told_that_it_is_gone(
    drawn: list[tuple[Any, ...]], idle_s: float
) -> None:
    async def test() -> None:
        # It would take most of the time; the other tests run the same code in debug mode.
        asyncio.get_running_loop().set_debug(False)
        async with asyncio.TaskGroup() as tasks:
            world = World(tasks)
            # 0: until the end a stream retires as soon as nobody wants more of it
            with patch.object(live_stream, "IDLE_S", idle_s):
                for step in drawn:
                    await world.do(step)
            await world.finish()

    with patch.object(live_stream, "PREFETCH_BYTES", 1):
        run_async(test())

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.kit.jumping import scenario, turns
from tests.kit.log import envelope_of, record, select, seqs, words
from tidings.core.record import Record
from tidings.core.selection import Everything, Selection
from tidings.log.batch import Batch
from tidings.log.groups import Group, Groups
from tidings.log.limits import LogLimits
from tidings.log.tail import Tail
from tidings.log.timed_wait import TimedWait

MANY = 1_000_000


@dataclass
class Room:
    """A tail and the groups over it, fed as the log feeds them."""

    limits: LogLimits = field(default_factory=LogLimits)
    opened: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tail = Tail(self.limits)
        self.tail.start_at(1)

        def counted(each: Record) -> object:
            self.opened.append(each.seq)
            return envelope_of(each)

        self.groups = Groups(self.tail, counted, self.limits.group_count)  # type: ignore[arg-type]

    def advance(self, *texts: str, system: str = "nomad") -> None:
        first = self.tail.last_seq + 1
        records = [record(first + place, text, system) for place, text in enumerate(texts)]
        self.tail.advance(records)
        self.groups.advance(records)


def after(group: Group, seq: int, limit: int = 100) -> Batch:
    batch = group.after(seq, limit, MANY)
    assert batch is not None
    return batch


def test_equal_selections_share_a_group() -> None:
    room = Room()
    one = room.groups.join(select(nomad=words("job", "node")))
    assert room.groups.join(select(nomad=words("node", "job"))) is one
    assert room.groups.join(select(nomad=words("job"))) is not one
    assert len(room.groups) == 2


def test_a_group_without_followers_is_gone_and_so_is_its_place_in_the_index() -> None:
    room = Room()
    one = room.groups.join(select(nomad=words("job")))
    room.groups.join(select(nomad=words("job")))
    room.groups.leave(one)
    assert len(room.groups) == 1
    room.groups.leave(one)
    assert len(room.groups) == 0
    room.advance("job")
    assert room.opened == []
    assert len(one) == 0


def test_envelopes_are_opened_for_those_who_choose_and_nobody_else() -> None:
    room = Room()
    whole = room.groups.join(select())
    choosy = room.groups.join(select(nomad=words("job")))
    room.advance("job")
    room.advance("job", system="consul")
    room.groups.leave(choosy)
    room.advance("job")
    assert room.opened == [2]
    assert seqs(after(whole, 1)) == [2, 3, 4]
    assert seqs(after(choosy, 1)) == [2]


@pytest.mark.parametrize(
    ("selection", "matched"),
    [
        (select(), {2: None, 3: None, 4: None, 5: None}),
        (select(nomad=Everything()), {2: None, 3: None, 4: None}),
        (select(nomad=words("job")), {2: None, 4: (0, 2)}),
        (select(nomad=words("job", "node")), {2: None, 3: None, 4: None}),
        (select(nomad=words("alloc"), consul=words("job")), {5: None}),
        (select(nomad=words()), {}),
        (select(puppet=Everything()), {}),
    ],
)
def test_a_group_gets_the_wanted_events_of_the_wanted_systems(
    selection: Selection, matched: dict[int, tuple[int, ...] | None]
) -> None:
    room = Room()
    group = room.groups.join(selection)
    room.advance("job", "node", "job node job")
    room.advance("job", system="consul")
    batch = after(group, 1)
    assert {pick.record.seq: pick.places for pick in batch.picks} == matched
    assert batch.position == 5


def test_ten_thousand_selections_cost_a_record_only_its_candidates() -> None:
    asked: list[str] = []

    @dataclass(frozen=True)
    class Counted:
        name: str

        @property
        def terms(self) -> frozenset[str]:
            return frozenset({self.name})

        def selects(self, facts: str) -> bool:
            asked.append(self.name)
            return facts == self.name

    room = Room()
    for number in range(10_000):
        room.groups.join(select(nomad=Counted(f"job{number}")))
    for number in range(10_000):
        room.groups.join(select(consul=Counted(f"job{number}")))
    room.advance("job77")
    assert asked == ["job77"]
    room.advance("job77 job9999", "nobody")
    assert sorted(asked[1:]) == ["job77", "job77", "job9999", "job9999"]


def test_a_record_is_opened_once_for_all_groups_and_not_at_all_for_none() -> None:
    room = Room()
    room.groups.join(select(nomad=words("job")))
    room.groups.join(select(nomad=words("job", "node")))
    room.advance("job node")
    room.advance("job", system="consul")
    assert room.opened == [2]


@scenario
async def test_only_groups_with_a_match_wake() -> None:
    room = Room()
    jobs, nodes = (room.groups.join(select(nomad=words(word))) for word in ("job", "node"))
    async with asyncio.TaskGroup() as tasks:
        waiting = {
            name: tasks.create_task(TimedWait(group).moves_within(60))
            for name, group in (("first", jobs), ("second", jobs), ("node", nodes))
        }
        await turns(3)
        room.advance("job", "job")
        await turns(3)
        assert [name for name, task in waiting.items() if task.done()] == ["first", "second"]
    assert [task.result() for task in waiting.values()] == [True, True, False]


@scenario
async def test_closing_wakes_every_group() -> None:
    room = Room()
    async with asyncio.TaskGroup() as tasks:
        groups = [room.groups.join(select(nomad=words(word))) for word in ("job", "node")]
        waiting = [tasks.create_task(TimedWait(group).moves_within(60)) for group in groups]
        await turns(3)
        room.groups.close()
    assert [task.result() for task in waiting] == [True, True]


def test_nothing_past_a_position_gives_an_empty_batch_at_the_tails_end() -> None:
    room = Room()
    group = room.groups.join(select(nomad=words("job")))
    room.advance("job", "node", "node")
    batch = after(group, 2)
    assert not batch
    assert batch.position == 4


def test_a_full_batch_ends_at_its_last_record_and_a_last_one_at_the_tails_end() -> None:
    room = Room()
    group = room.groups.join(select(nomad=words("job")))
    room.advance("job", "node", "job", "node", "job", "node")
    assert (seqs(after(group, 1, limit=2)), after(group, 1, limit=2).position) == ([2, 4], 4)
    assert (seqs(after(group, 4, limit=2)), after(group, 4, limit=2).position) == ([6], 7)


def test_a_batch_stops_at_the_size_but_not_before_one_record() -> None:
    room = Room()
    group = room.groups.join(select())
    room.advance("12345", "12345")
    batch = group.after(1, 10, 9)
    assert batch is not None
    assert (seqs(batch), batch.position) == ([2], 2)


def test_readers_at_the_head_share_one_batch_whatever_they_skipped() -> None:
    room = Room()
    group = room.groups.join(select(nomad=words("job")))
    room.advance("node", "node", "job")
    batch = after(group, 1)
    assert after(group, 1) is batch
    assert after(group, 3) is batch
    assert after(group, 1, limit=7) is not batch
    batch.views["wire"] = (b"...",)
    assert after(group, 1).views == {"wire": (b"...",)}


def test_a_batch_is_not_shared_once_more_has_come() -> None:
    room = Room()
    group = room.groups.join(select(nomad=words("job")))
    room.advance("job")
    batch = after(group, 1)
    room.advance("job")
    assert seqs(after(group, 1)) == [2, 3]
    assert seqs(batch) == [2]


def test_a_batch_that_nobody_holds_is_not_kept() -> None:
    room = Room()
    group = room.groups.join(select())
    room.advance("job")
    after(group, 1).views["wire"] = (b"...",)
    assert after(group, 1).views == {}


def test_a_group_made_later_does_not_reach_back() -> None:
    room = Room()
    room.advance("job", "job")
    group = room.groups.join(select())
    assert group.after(2, 10, MANY) is None
    assert not after(group, 3)


def test_a_group_remembers_a_bounded_number_of_matches() -> None:
    room = Room(LogLimits(group_count=32))
    group = room.groups.join(select(nomad=words("job")))
    for _ in range(200):
        room.advance("job")
        assert len(group) <= 32
    assert group.after(201 - 33, 100, MANY) is None
    assert seqs(after(group, 201 - 30)) == list(range(201 - 29, 202))


def test_a_match_that_left_the_tail_is_not_the_groups_to_give() -> None:
    room = Room(LogLimits(tail_count=4))
    group = room.groups.join(select(nomad=words("job")))
    room.advance("job")
    room.advance(*["node"] * 10)
    assert group.after(1, 10, MANY) is None
    assert not after(group, 2)  # nothing of it was missed, however old the position


def test_the_newest_record_that_left_the_tail_is_not_the_groups_to_give() -> None:
    room = Room(LogLimits(tail_count=1))
    group = room.groups.join(select(nomad=words("job")))
    room.advance("job", "node")
    assert room.tail.floor_seq == 2
    assert group.after(1, 10, MANY) is None


def test_a_group_is_quiet_from_its_last_match_on() -> None:
    room = Room()
    room.advance("job")
    group = room.groups.join(select(nomad=words("job")))
    assert [group.is_quiet(seq) for seq in (1, 2, 3)] == [False, True, True]
    room.advance("job", "job", "node")
    assert [group.is_quiet(seq) for seq in (2, 3, 4, 5)] == [False, False, True, True]


@dataclass(eq=False)
class Told:
    """A waiter that takes what is new whenever it is told, as a follower does for its reader."""

    group: Group
    batches: list[Batch] = field(default_factory=list)
    position: int = 1

    def tell(self) -> None:
        batch = after(self.group, self.position)
        self.position = batch.position
        self.batches.append(batch)


@scenario
async def test_a_crowd_is_told_in_turns_and_shares_one_batch_all_the_same() -> None:
    room = Room()
    group = room.groups.join(select())
    crowd = [Told(group) for _ in range(200)]
    for waiter in crowd:
        group.wait(waiter)
    room.advance("job")
    told = []
    for _ in range(4):
        await turns()
        told.append(sum(len(waiter.batches) for waiter in crowd))
    assert told == [64, 128, 192, 200]
    assert all(waiter.batches[0] is crowd[0].batches[0] for waiter in crowd)


@scenario
async def test_the_batch_lives_while_a_crowd_is_being_told_and_no_longer() -> None:
    room = Room()
    group = room.groups.join(select())
    seen: list[object] = []

    class Passing(Told):
        def tell(self) -> None:
            views = after(self.group, 1).views  # nobody holds the batch itself
            seen.append(views.setdefault("wire", (b"%d" % len(seen),)))

    for _ in range(200):
        group.wait(Passing(group))
    room.advance("job")
    await turns(5)
    assert len(seen) == 200
    assert len(set(seen)) == 1
    assert after(group, 1).views == {}


@scenario
async def test_who_asks_for_another_while_a_crowd_is_being_told_gets_it() -> None:
    room = Room()
    group = room.groups.join(select(nomad=words("job")))
    room.advance("job", "node")
    seen: list[list[list[int]]] = []

    class Asking(Told):
        def tell(self) -> None:
            asked = [(3, 100), (2, 100), (1, 100), (1, 1), (4, 100)]
            seen.append([seqs(after(group, seq, limit)) for seq, limit in asked])

    for _ in range(3):
        group.wait(Asking(group))
    room.advance("node", "job", "job")
    await turns(5)
    assert seen == [[[5, 6], [5, 6], [2, 5, 6], [2], [5, 6]]] * 3


@scenario
async def test_news_while_a_crowd_is_being_told_reach_all_of_it() -> None:
    room = Room()
    group = room.groups.join(select())
    crowd = [Told(group) for _ in range(100)]
    for waiter in crowd:
        group.wait(waiter)
    room.advance("one")
    await turns()
    room.advance("two")
    room.advance("three")
    await turns(5)
    assert {tuple(seq for b in waiter.batches for seq in seqs(b)) for waiter in crowd} == {
        (2, 3, 4)
    }

"""Filters: which events meet them, and which filters are refused before they cost anything."""

from __future__ import annotations

import sys

import pytest

from tests.kit.clock import DayClock
from tests.kit.loop import scenario
from tests.rpc import events
from tidings.core.damage import DAMAGED
from tidings.core.errors import BadRequest
from tidings.core.record import Record
from tidings.dialects import load
from tidings.log.batch import Batch, Pick
from tidings.rpc.filters import runtime
from tidings.rpc.filters.cost import MODEST, Size
from tidings.rpc.filters.sieve import MAX_EVENT_BYTES, filter_of, sieve_of, size_of
from tidings.v1 import event_pb2

DIALECTS = load()
DEEP = "{0}.exists(a, a == a && {0}.exists(b, b == b))".format("event.nomad.filter_keys")
GROUPS = "event.nomad.payload.job.task_groups"
NESTED = (
    GROUPS + ".exists(g, g.constraints.exists(c, c.l_target == 'a' && c.operand in ['=', '<']))"
)
JOB = (
    b'{"Job":{"ID":"web","Priority":50,"TaskGroups":[{"Name":"api","Tasks":'
    b'[],"Constraints":[{"LTarget":"a","RTarget":"b","Operand":"="}]}]}}'
)


def record_of(*held: event_pb2.Event, system: str = "nomad") -> Record:
    body = event_pb2.EventRecord(events=held).SerializeToString()
    return Record(7, 1_500_000, system, "", body)


async def sifted(text: str, *picks: Pick) -> list[Pick]:
    sieve = sieve_of(text, DIALECTS, DayClock(), "log-1")
    assert sieve is not None
    batch = await sieve.sift(Batch(picks, 9))
    assert batch.position == 9
    return list(batch.picks)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("true", None),
        ("false", ()),
        ("record.seq == 7 && record.log_id == 'log-1'", None),
        ("record.recorded_at == timestamp('1970-01-01T00:00:01.5Z')", None),
        ("event.nomad.payload.job.priority == 50", (0,)),
        ("event.nomad.payload.job.task_groups[0].name == 'api'", (0,)),
        ("event.nomad.payload.job.task_groups[1].name == 'api'", ()),
        (NESTED, (0,)),
        ("event.nomad.payload.job.task_groups.all(g, g.name == 'api')", None),
        ("event.nomad.payload.job.task_groups.exists_one(g, g.name == 'api')", (0,)),
        ("event.nomad.payload.job.meta['owner'] == 'ops'", ()),
        ("event.nomad.payload.job.meta['owner'] == 'ops' || event.nomad.topic == 'Node'", (1,)),
        ("!has(event.nomad.payload.job)", (1,)),
        ("'b' in event.nomad.filter_keys", (1,)),
        ("size(event.nomad.filter_keys) > 1", (1,)),
        ("event.nomad.key.matches('^n[0-9]+$')", (1,)),
        ("event.nomad.key.contains('2')", (1,)),
        ("int(event.nomad.key) > 0", ()),
        ("string(event.nomad.payload_json).contains('Raft')", ()),
        ("event.occurred_at < timestamp('1970-01-02T00:00:00Z') - duration('1h')", None),
        ("event.occurred_at.getHours() + 1 == 1", None),
    ],
)
@scenario
async def test_events_that_an_expression_is_true_for_pass(
    text: str, places: tuple[int, ...] | None
) -> None:
    held = record_of(
        events.nomad("Job", payload_json=JOB),
        events.nomad("Node", key="n12", filter_keys=["a", "b"], payload={"node": {"id": "n12"}}),
    )
    expected = [] if places == () else [Pick(held, places)]
    assert await sifted(text, Pick(held, None)) == expected


@scenario
async def test_only_events_that_were_picked_are_looked_at() -> None:
    held = record_of(*(events.nomad("Job", key=key) for key in ("a", "b", "c")))
    picks = [Pick(held, (0, 2)), Pick(held, (1,))]
    assert await sifted("event.nomad.key != 'a'", *picks) == [Pick(held, (2,)), Pick(held, (1,))]


@scenario
async def test_a_damaged_record_passes_since_nobody_knows() -> None:
    damaged = Pick(record_of()._replace(body=DAMAGED), None)
    assert await sifted("false", damaged) == [damaged]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (events.nomad(key="k" * MAX_EVENT_BYTES), "true"),
        (events.nomad(key="k" * 100_000), "event.nomad.key.matches('^(k|kk)*k[a-z]{8}$')"),
        (events.nomad(filter_keys=["k"] * 20_000), "event.nomad.filter_keys.all(k, k == 'k')"),
    ],
    ids=["bytes", "text", "values"],
)
@scenario
async def test_an_event_for_which_a_filter_takes_too_long_does_not_meet_it(
    event: event_pb2.Event, text: str
) -> None:
    assert await sifted(text, Pick(record_of(event), None)) == []


@scenario
async def test_a_large_event_of_small_parts_is_judged() -> None:
    event = events.nomad(key="n12", filter_keys=["k" * 100] * 1000)
    held = Pick(record_of(event), None)
    assert await sifted("event.nomad.key.matches('^(n|nn)*[0-9]{2}$')", held) == [held]


def test_the_size_of_an_event_is_that_of_all_its_parts() -> None:
    event = events.nomad("Job", key="é" * 7, filter_keys=["a", "b"])
    event.nomad.payload.job.meta["a"] = "b"
    assert size_of(event) == Size(event.ByteSize(), 14, 10)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("event.", "line 1, column 7: is not valid CEL"),
        ("'secret", "line 1, column 1: is not valid CEL"),
        ("(" * 40 + "true" + ")" * 40, "is not valid CEL: it is nested too deeply"),
        ("event.origin == ''", "line 1, column 6: there is no such field"),
        ("secret == ''", "line 1, column 1: there is no such variable or function"),
        ("event.source == 7", "line 1, column 14: the types do not fit"),
        ("event.source", "must be true or false, and is of another type"),
        ("true" + " " * 4096, "at most 4096 bytes are allowed"),
        ("||".join(["true"] * 401), "at most 800 names, values and signs are allowed"),
        ("1 in [" + "1," * 390 + "1]", None),
        ("1 in [" + "1," * 397 + "1]", "line 1, column 801: has more than 400 parts"),
        (
            "true &&\n  event.source + '' == ''",
            "line 2, column 16: texts and lists cannot be added",
        ),
        ("[1] + [1] == [1, 1]", "line 1, column 5: texts and lists cannot be added"),
        ("[1].map(x, x) == [1]", "line 1, column 8: map() and filter() cannot be used"),
        ("[1].filter(x, x == 1) == [1]", "line 1, column 11: map() and filter() cannot be used"),
        (DEEP, "line 1, column 45: inside of a macro, only its variable can be looked at"),
        (
            "[1, 2].all(x, [3, 4].all(y, y == 3))",
            "line 1, column 25: a macro in a macro must go over a part of its variable",
        ),
        (
            "[1, 2].all(x, (x == 1 ? [1] : [2]).all(y, y == 3))",
            "line 1, column 39: a macro in a macro must go over a part of its variable",
        ),
        ("[event.source].all(x, x == '')", "line 1, column 1: lists and maps can hold constants"),
        ("{'a': event.source}['a'] == ''", "line 1, column 1: lists and maps can hold constants"),
        ("tidings.v1.Event{} == event", "line 1, column 1: a message cannot be made"),
        ("event.source.matches(event.id)", "line 1, column 21: what is searched for must be a"),
        ("event.source.contains(event.id)", "line 1, column 22: what is searched for must be a"),
        ("event.source.matches('(')", "line 1, column 21: RE2 does not take this regular"),
        ("event.source.matches('(a{9}){99}')", "line 1, column 21: this regular expression is too"),
        ("['a'].all(x, x.matches('a'))", "line 1, column 23: matches() cannot be used inside"),
        ("event.occurred_at.getHours('UTC') == 1", "line 1, column 27: times are in UTC"),
        (" && ".join(["event == event"] * 20), "takes too long to evaluate"),
    ],
)
def test_what_a_filter_may_not_be_is_refused_in_words(
    text: str, problem: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    if problem is None:
        assert filter_of(text) is not None
        return
    with pytest.raises(BadRequest) as refused:
        filter_of(text)
    assert (refused.value.field, refused.value.reason[: len(problem)]) == ("filter", problem)
    assert "secret" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


def test_every_filter_that_is_let_in_is_evaluated_for_a_modest_event() -> None:
    tried = filter_of("event.nomad.filter_keys.exists(k, k in ['a', 'b'] && k.size() > 2)")
    assert tried is not None
    assert 0 < tried.cost.of(MODEST) < tried.cost.of(Size(2**20, 2**20, 2**20))


def test_without_the_runtime_a_filter_is_refused_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    runtime._environment.cache_clear()  # noqa: SLF001 - loaded once, by another test perhaps
    filter_of.cache_clear()
    problem = "needs the CEL runtime, which this service is without: pip install 'tidings[cel]'"
    with pytest.raises(BadRequest, match=r"^filter: ") as refused:
        filter_of("event.source == ''")
    assert refused.value.reason == problem
    assert filter_of("") is None

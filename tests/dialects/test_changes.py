"""What differs between two JSON values: a table, and that applying it gives the new one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.dialects.changes import Change, changes
from tidings.v1.json_runtime.canonical import loads_exactly

TABLE: list[tuple[str, str, list[tuple[str, str, str]]]] = [
    ("{}", "{}", []),
    ('{"a":1}', '{"a":2}', [("/a", "1", "2")]),
    ('{"a":1}', '{"b":1}', [("/a", "1", ""), ("/b", "", "1")]),
    ('{"a":{"b":{"c":"x"}}}', '{"a":{"b":{"c":"y"}}}', [("/a/b/c", '"x"', '"y"')]),
    ('{"a":{"b":1}}', '{"a":null}', [("/a", '{"b":1}', "null")]),
    ('{"a":[1,2,3]}', '{"a":[1,5]}', [("/a/1", "2", "5"), ("/a/2", "3", "")]),
    ('{"a":[]}', '{"a":[{"b":1}]}', [("/a/0", "", '{"b":1}')]),
    ('{"a/b":1,"":1}', '{"a/b":2,"":2}', [("/", "1", "2"), ("/a~1b", "1", "2")]),
    ('{"c~d":1}', '{"c~d":2}', [("/c~0d", "1", "2")]),
    ('{"a":1}', '{"a":1.0}', [("/a", "1", "1.0")]),
    ('{"a":1.50}', '{"a":1.50}', []),
    (str(2**64 - 1), str(2**64 - 2), [("", str(2**64 - 1), str(2**64 - 2))]),
    ('{"a":true}', '{"a":1}', [("/a", "true", "1")]),
    ('{"a":0}', '{"a":false}', [("/a", "0", "false")]),
    ('{"a":1.0,"b":"1"}', '{"a":1,"b":"1"}', [("/a", "1.0", "1")]),
    ('{"a":"x"}', '["x"]', [("", '{"a":"x"}', '["x"]')]),
    ('{"é":"ü"}', '{"é":"ö"}', [("/é", '"ü"', '"ö"')]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), TABLE)
def test_each_difference_has_its_place(
    old: str, new: str, expected: list[tuple[str, str, str]]
) -> None:
    values = map(loads_exactly, (old.encode(), new.encode()))
    assert list(changes(*values)) == [Change(*each) for each in expected]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("a/~é", max_size=2),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(st.text("a/~é", max_size=2), inside, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_the_changes_make_the_new_of_the_old(old: Any, new: Any) -> None:
    found = list(changes(*(loads_exactly(json.dumps(each).encode()) for each in (old, new))))
    assert applied(old, found) == new or json.dumps(applied(old, found)) == json.dumps(new)
    assert bool(found) == (json.dumps(old, sort_keys=True) != json.dumps(new, sort_keys=True))


def applied(document: Any, found: list[Change]) -> Any:
    """Return a document after the changes; elements that went are taken away from the end."""
    holder = {"": json.loads(json.dumps(document))}
    gone: list[tuple[Any, Any]] = []
    for change in found:
        *way, last = ["", *_steps(change.pointer)]
        inside: Any = holder
        for step in way:
            inside = inside[int(step) if isinstance(inside, list) else step]
        name = int(last) if isinstance(inside, list) else last
        if not change.new:
            gone.append((inside, name))
        elif isinstance(inside, list) and name == len(inside):
            inside.append(json.loads(change.new))
        else:
            inside[name] = json.loads(change.new)
    for inside, name in reversed(gone):
        del inside[name]
    return holder[""]


def _steps(pointer: str) -> list[str]:
    return [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]

"""Conditions: how they are spelled, what is refused, and which events meet them."""

from __future__ import annotations

from typing import Any

import pytest

from tidings.core.conditions import MAX_VALUES, MAX_WORDS, Conditions, Content
from tidings.core.errors import BadRequest

EVENT = Content(
    "AllocationUpdated",
    "prod",
    (("job", "web"), ("node", "n1"), ("node", "n2"), ("uri", "/api/7/")),
    ("Container OOM killed", "web"),
)
BARE = Content("deploy", "", (), ())


def asked(**given: Any) -> Conditions:
    return Conditions.parse(
        given.get("types", ()),
        given.get("identifiers", ()),
        given.get("sources", ()),
        given.get("text", ""),
    )


@pytest.mark.parametrize(
    ("given", "holds", "holds_for_bare"),
    [
        ({}, True, True),
        ({"types": ["AllocationUpdated"]}, True, False),
        ({"types": ["allocationupdated"]}, False, False),
        ({"types": ["deploy", "AllocationUpdated"]}, True, True),
        ({"sources": ["prod"]}, True, False),
        ({"sources": [""]}, False, True),
        ({"sources": ["", "prod"]}, True, True),
        ({"identifiers": ["job/web"]}, True, False),
        ({"identifiers": ["web"]}, True, False),
        ({"identifiers": ["/web"]}, True, False),
        ({"identifiers": ["node/web"]}, False, False),
        ({"identifiers": ["job/WEB"]}, False, False),
        ({"identifiers": ["job/db", "job/web"]}, True, False),
        ({"identifiers": ["job/web", "node/n2"]}, True, False),
        ({"identifiers": ["job/web", "node/n3"]}, False, False),
        ({"identifiers": ["uri//api/7/"]}, True, False),
        ({"identifiers": ["//api/7/"]}, True, False),
        ({"identifiers": ["n3", "n1"]}, True, False),
        ({"identifiers": ["n3", "job/web"]}, False, False),
        ({"text": "oom"}, True, False),
        ({"text": "oom web"}, True, False),
        ({"text": '"oom killed"'}, True, False),
        ({"text": '"oom web"'}, False, False),
        (
            {
                "types": ["AllocationUpdated"],
                "sources": ["prod"],
                "identifiers": ["web"],
                "text": "oom",
            },
            True,
            False,
        ),
        ({"types": ["AllocationUpdated"], "sources": ["test"]}, False, False),
        ({"types": ["AllocationUpdated"], "text": "disk"}, False, False),
    ],
)
def test_all_that_are_given_hold_together(
    given: dict[str, Any], *, holds: bool, holds_for_bare: bool
) -> None:
    conditions = asked(**given)
    assert bool(conditions) is bool(given)
    assert conditions.hold_for(EVENT) is holds
    assert conditions.hold_for(BARE) is holds_for_bare


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"types": ["a", ""]}, "types[1]: must not be empty"),
        ({"identifiers": ["a", ""]}, "identifiers[1]: must be KIND/VALUE, or a VALUE of any kind"),
        ({"identifiers": ["job/"]}, "identifiers[0]: must be KIND/VALUE, or a VALUE of any kind"),
        ({"identifiers": ["/"]}, "identifiers[0]: must be KIND/VALUE, or a VALUE of any kind"),
        ({"text": "--"}, "text: holds no letter and no digit"),
        ({"text": '"oom'}, "text: a quotation does not end"),
        (
            {"text": " ".join(map(str, range(MAX_WORDS + 1)))},
            f"text: at most {MAX_WORDS} words are allowed",
        ),
        *(
            ({name: ["x"] * (MAX_VALUES + 1)}, f"{name}: at most {MAX_VALUES} are allowed")
            for name in ("types", "identifiers", "sources")
        ),
    ],
)
def test_what_asks_for_nothing_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadRequest) as refused:
        asked(**given)
    assert str(refused.value) == problem


def test_equal_conditions_are_one_value() -> None:
    first = asked(types=["a", "b"], identifiers=["job/x", "job/y", "z"], text="oom killed")
    again = asked(types=["b", "a", "b"], identifiers=["z", "job/y", "job/x"], text="OOM killed oom")
    assert first == again
    assert hash(first) == hash(again)

"""Where in a JSON text a number stands that no double holds."""

from __future__ import annotations

import pytest

from tidings.v1 import json_runtime as rt

WIDE = "9" * 5000


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"job":1,"details":{"a":1e400}}', "details.a"),
        ('{"job":1,"details":{"a":' + WIDE + "}}", "details.a"),
        ('{"Index":1e400}', "Index"),
        ('{"Events":[{},{"Payload":{"Job":[1,1e400]}}]}', "Events[1].Payload.Job"),
        ('{"a":{"b":{"c":{"d":{"e":1e400}}}}}', "a.b.c.d"),
    ],
)
def test_a_number_out_of_range_is_refused_by_the_name_of_its_member(text: str, path: str) -> None:
    with pytest.raises(rt.JsonError, match="out of range") as refused:
        rt.members(text.encode())
    assert refused.value.path == path

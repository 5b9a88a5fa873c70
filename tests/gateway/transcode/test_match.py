"""Which route a path belongs to: specificity, verbs, turning back, and paths without an end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.gateway.transcode.errors import DuplicateRoute
from tidings.gateway.transcode.match import Match, MethodNotAllowed, NotFound, RouteTable
from tidings.gateway.transcode.template import parse_template


def table_of(*rules: str) -> RouteTable[str]:
    """A table of "METHOD template", each its own target; GET where there is no method."""
    table: RouteTable[str] = RouteTable()
    for rule in rules:
        method, _, template = rule.rpartition(" ")
        table.add(method or "GET", parse_template(template), rule)
    return table


THINGS = table_of(
    *("/v1/things", "/v1/things/{x}", "/v1/things/newest", "/v1/things/{x}/parts/{y}"),
    *("/v1/things/newest/size", "/v1/things/{x}/size", "/v1/{x=things/*}/{y=**}/end", "/v1/**"),
    *("POST /v1/things/{x}:poke", "/c/{x}/v", "/foo/{x}", "/foo/{x=**}", "/fire/{x=**}"),
    *("/exact/a/{x}", "/exact/{x}/b", "/{x=tail/**}/one/two", "/tail/**/two", "/any:poke"),
)


@pytest.mark.parametrize(
    ("path", "target", "captured"),
    [
        ("/v1/things", "/v1/things", ()),
        ("/v1/things?x=/v1/things/a", "/v1/things", ()),
        ("/v1/things/a", "/v1/things/{x}", ("a",)),
        ("/v1/things/a%2Fb", "/v1/things/{x}", ("a%2Fb",)),
        ("/v1/things/newest", "/v1/things/newest", ()),
        ("/v1/things/newest/size", "/v1/things/newest/size", ()),
        ("/v1/things/a/size", "/v1/things/{x}/size", ("a",)),
        # the literal branch leads nowhere: turn back
        ("/v1/things/newest/parts/7", "/v1/things/{x}/parts/{y}", ("newest", "7")),
        ("/v1/things/newest/b/c/end", "/v1/{x=things/*}/{y=**}/end", ("things/newest", "b/c")),
        ("/v1/things/newest/end", "/v1/{x=things/*}/{y=**}/end", ("things/newest", "")),
        ("/v1/others/a", "/v1/**", ()),
        ("/v1/", "/v1/**", ()),
        ("/v1", "/v1/**", ()),
        ("/v1/things/", "/v1/**", ()),
        ("/c//v", "/c/{x}/v", ("",)),
        ("/c/a/v", "/c/{x}/v", ("a",)),
        # a colon is plain text unless some route has the verb, and only in the last segment
        ("/foo/other:verb", "/foo/{x}", ("other:verb",)),
        ("/foo/a:poke/b", "/foo/{x=**}", ("a:poke/b",)),
        ("/foo/a%3Apoke", "/foo/{x}", ("a%3Apoke",)),
        ("/any:poke", "/any:poke", ()),
        ("/foo/a/b", "/foo/{x=**}", ("a/b",)),
        ("/foo/", "/foo/{x=**}", ("",)),
        ("/foo", "/foo/{x=**}", ("",)),
        ("/fire/a//b/", "/fire/{x=**}", ("a//b/",)),
        # from the left: the literal in front decides
        ("/exact/a/b", "/exact/a/{x}", ("b",)),
        ("/exact/c/b", "/exact/{x}/b", ("c",)),
        # the longer text after ** is the more specific
        ("/tail/a/one/two", "/{x=tail/**}/one/two", ("tail/a",)),
        ("/tail/one/two", "/{x=tail/**}/one/two", ("tail",)),
        ("/tail/a/two", "/tail/**/two", ()),
        ("/tail/two", "/tail/**/two", ()),
    ],
)
def test_most_specific_route_wins(path: str, target: str, captured: tuple[str, ...]) -> None:
    match = THINGS.match("GET", path.encode())
    assert isinstance(match, Match)
    assert (match.target, match.captured) == (target, captured)


@pytest.mark.parametrize(
    "path", ["", "*", "v1/things", "/", "/foos", "/c//", "/c/a/v/", "/exact/a/", "/any", "/c/a/v:x"]
)
def test_other_paths_are_not_found(path: str) -> None:
    assert THINGS.match("GET", path.encode()) == NotFound()


def test_registered_verb_is_taken_even_where_no_route_has_it() -> None:
    assert THINGS.match("GET", b"/c/a/v:poke") == NotFound()
    match = THINGS.match("POST", b"/v1/things/a:b:poke")
    assert isinstance(match, Match)
    assert match.captured == ("a:b",)


@pytest.mark.parametrize("order", [1, -1])
def test_order_of_registration_means_nothing(order: int) -> None:
    table = table_of(*["/a/{x=**}", "/a/{x}", "/a/b", "/{x}/b", "/**"][::order])
    for path, target in [("/a/b", "/a/b"), ("/a/c", "/a/{x}"), ("/c/b", "/{x}/b"), ("/d", "/**")]:
        match = table.match("GET", path.encode())
        assert isinstance(match, Match)
        assert match.target == target


def test_method_is_part_of_the_lookup() -> None:
    table = table_of("POST /a/b", "GET /a/{x}", "DELETE /a/{x=**}")
    for method, target in [("GET", "/a/{x}"), ("POST", "/a/b"), ("DELETE", "/a/{x=**}")]:
        match = table.match(method, b"/a/b")
        assert isinstance(match, Match)
        assert match.target.endswith(target)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/a/b", ("DELETE", "GET", "HEAD", "OPTIONS", "POST")),
        ("OPTIONS", "/a/c", ("DELETE", "GET", "HEAD", "OPTIONS")),
        ("GET", "/a/c/d", ("DELETE", "OPTIONS")),
        ("get", "/a/c", ("DELETE", "GET", "HEAD", "OPTIONS")),
    ],
)
def test_wrong_method_names_all_that_would_do(
    method: str, path: str, allow: tuple[str, ...]
) -> None:
    table = table_of("POST /a/b", "GET /a/{x}", "DELETE /a/{x=**}")
    assert table.match(method, path.encode()) == MethodNotAllowed(allow)


def test_custom_methods() -> None:
    table = table_of("* /a", "PURGE /a", "GET /{x}")
    expected = {"PURGE": "PURGE /a", "GET": "* /a", "HEAD": "* /a", "OPTIONS": "* /a"}
    for method, target in expected.items():
        match = table.match(method, b"/a")
        assert isinstance(match, Match)
        assert match.target == target


def test_head_is_served_by_get_unless_it_has_a_route() -> None:
    table = table_of("GET /a", "GET /b", "HEAD /b")
    for path, target in [(b"/a", "GET /a"), (b"/b", "HEAD /b")]:
        match = table.match("HEAD", path)
        assert isinstance(match, Match)
        assert match.target == target


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("/a/{x}", "/a/{y}"),
        ("/a/{x}", "/a/*"),
        ("/{x=a/*}", "/a/{y}"),
        ("/a/**", "/a/{y=**}"),
        ("/a/**/b:v", "/{x=a/**}/b:v"),
    ],
)
def test_two_routes_of_one_shape_are_refused(earlier: str, later: str) -> None:
    table = table_of(earlier)
    with pytest.raises(DuplicateRoute) as caught:
        table.add("GET", parse_template(later), later)
    assert str(parse_template(earlier)) in str(caught.value)
    table.add("POST", parse_template(later), later)


def test_long_paths_neither_recurse_nor_blow_up() -> None:
    slashes = b"/" * 64_000
    match = table_of("/**").match("GET", slashes)
    assert isinstance(match, Match)
    assert THINGS.match("GET", slashes) == NotFound()
    match = THINGS.match("GET", b"/fire" + slashes)
    assert isinstance(match, Match)
    assert match.captured == ("/" * 63_999,)
    deep = table_of("/" + "/".join(["{x}", *"*" * 1999]), "/" + "/".join(["a"] * 2000))
    match = deep.match("GET", b"/a" * 1999 + b"/b")
    assert isinstance(match, Match)
    assert match.captured == ("a",)


@given(st.lists(st.text("ab/:%.?", max_size=4), max_size=6))
def test_any_path_matches_what_it_spells(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    match = table_of("/{x=**}").match("GET", path.encode())
    assert isinstance(match, Match)
    assert "/" + match.captured[0] == path.partition("?")[0]


@pytest.mark.parametrize(
    ("path", "target", "captured"),
    [
        ("/", "/", ()),
        ("/?a=/x", "/", ()),
        ("/a", "/{x}", ("a",)),
        ("//", "/{x}/{y=**}", ("", "")),
        ("/:poke", "/{x}", (":poke",)),
    ],
)
def test_the_root_is_a_route_of_its_own(path: str, target: str, captured: tuple[str, ...]) -> None:
    table = table_of("/", "/{x}", "/{x}/{y=**}", "/any:poke2")
    match = table.match("GET", path.encode())
    assert isinstance(match, Match)
    assert (match.target, match.captured) == (target, captured)
    head = table.match("HEAD", b"/")
    assert isinstance(head, Match)
    assert table.match("POST", b"/") == MethodNotAllowed(("GET", "HEAD", "OPTIONS"))


def test_the_root_is_also_what_a_tail_may_hold_nothing_of() -> None:
    match = table_of("/{x=**}").match("GET", b"/")
    assert isinstance(match, Match)
    assert match.captured == ("",)

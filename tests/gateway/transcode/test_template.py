"""Path templates: what parses to what, what is refused, which paths they have, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.gateway.transcode.errors import BadTemplate
from tidings.gateway.transcode.template import Template, Variable, parse_template

X, Y = Variable(("x",)), Variable(("x", "y"))
MANY = Variable(("x",), several=True)


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("/", Template(())),
        ("/a", Template(("a",))),
        ("/a/b-c.d~e_f", Template(("a", "b-c.d~e_f"))),
        ("/caf%C3%A9/a=b", Template(("caf%C3%A9", "a=b"))),
        ("/{x}", Template((X,))),
        ("/a/{x.y}/b/{x}", Template(("a", Y, "b", X))),
        ("/{x=**}", Template((MANY,))),
        ("/{x.y}/a/{x=**}", Template((Y, "a", MANY))),
        ("/{x.y}/{x=**}/a", Template((Y, MANY, "a"))),
        ("/a:v", Template(("a:v",))),
        ("/{x}/a:v", Template((X, "a:v"))),
    ],
)
def test_template_parses_and_prints(text: str, template: Template) -> None:
    assert parse_template(text) == template
    assert str(template) == text


def test_plain_star_in_a_variable_prints_as_nothing() -> None:
    assert str(parse_template("/{x=*}")) == "/{x}"


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "//", "/a/", "/a//b", "//a", "/{}", "/{x", "/x}", "/{x=}", "/{x=/a}"),
        *("/{x=a}", "/{x=a/*}", "/{x=a/**}", "/{x=***}", "/a{x}", "/{x}a", "/{x}{y}", "/{x={y}}"),
        *("/{x=**}/{y}", "/{x=**}/{y=**}", "/*", "/**", "/a*", "/é", "/a b", "/a?b", "/{1x}"),
        *("/a%2", "/{x.}", "/{.x}", "/{x-y}", "/{x}/{x}", "/{*}", "/{{x}}", "/[a]"),
        *("/{x}:v", "/:v", "/{x:v}", "/a:", "/a:b/c", "/a:b:c", "/{x=**}:v"),
    ],
)  # fmt: skip
def test_bad_template_is_refused(text: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        parse_template(text)
    assert caught.value.template == text
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("template", "path", "captured"),
    [
        ("/", b"/", ()),
        ("/v1/things", b"/v1/things", ()),
        ("/v1/{x}", b"/v1/a%2Fb", ("a%2Fb",)),
        ("/v1/{x}", b"/v1/a:b", ("a:b",)),
        ("/v1/{x}", b"/v1/\xff\n", ("\xff\n",)),
        ("/v1/{x}/parts/{y}", b"/v1/a/parts/7", ("a", "7")),
        ("/f/{x=**}", b"/f", ("",)),
        ("/f/{x=**}", b"/f/", ("",)),
        ("/f/{x=**}", b"/f/a//b\n/", ("a//b\n/",)),
        ("/f/{x=**}/h", b"/f/a/h/h", ("a/h",)),
        ("/f/{x=**}/h", b"/f/h", ("",)),
        ("/a.b", b"/a.b", ()),
        ("/a/b:v", b"/a/b:v", ()),
    ],
)
def test_path_is_captured(template: str, path: bytes, captured: tuple[str, ...]) -> None:
    assert parse_template(template).match(path) == captured


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/", b""),
        ("/", b"//"),
        ("/events", b"/%65vents"),
        ("/events", b"/events/"),
        ("/events", b"/eventss"),
        ("/events", b"events"),
        ("/events", b"/Events"),
        ("/a.b", b"/axb"),
        ("/v1/{x}", b"/v1/"),
        ("/v1/{x}", b"/v1/a/"),
        ("/v1/{x}/y", b"/v1//y"),
        ("/f/{x=**}", b"/ff"),
        ("/f/{x=**}/h", b"/f/a/h/"),
        ("/f/{x=**}/h", b"/f/a"),
    ],
)
def test_other_path_is_not(template: str, path: bytes) -> None:
    assert parse_template(template).match(path) is None


@pytest.mark.parametrize(
    ("one", "other", "do"),
    [
        ("/a", "/a", True),
        ("/a", "/b", False),
        ("/a", "/{x}", True),
        ("/a", "/a/{x}", False),
        ("/a", "/a/{x=**}", True),
        ("/a/b/c", "/a/{x=**}", True),
        ("/b/c", "/a/{x=**}", False),
        ("/a/{x}", "/{x}/b", True),
        ("/a/{x}/c", "/{x}/b/d", False),
        ("/", "/{x=**}", True),
    ],
)
def test_templates_that_share_a_path_overlap(one: str, other: str, *, do: bool) -> None:
    templates = parse_template(one), parse_template(other)
    assert templates[0].overlaps(templates[1]) is do
    assert templates[1].overlaps(templates[0]) is do


def test_prefix_is_what_all_paths_start_with() -> None:
    assert parse_template("/f/{x=**}").prefix == b"/f/"
    assert parse_template("/f").prefix == b"/f"


_LITERALS = st.text("abcXYZ019-._~!$&'()+,;=@", min_size=1, max_size=4)
_NAMES = st.from_regex(r"\A[a-z_][a-z0-9_]{0,3}(\.[a-z_][a-z0-9_]{0,3}){0,2}\Z")


@st.composite
def templates(draw: st.DrawFn) -> Template:
    """Any template, made from its parts and not from a text."""
    names = iter(draw(st.lists(_NAMES, min_size=6, max_size=6, unique=True)))
    segments: list[str | Variable] = [
        literal or Variable(tuple(next(names).split(".")))
        for literal in draw(st.lists(st.one_of(_LITERALS, st.none()), max_size=5))
    ]
    if draw(st.booleans()):
        segments.append(Variable(tuple(next(names).split(".")), several=True))
    return Template(tuple(segments))


@given(templates(), st.lists(_LITERALS, min_size=6, max_size=6))
def test_printed_template_parses_and_a_filled_one_matches(
    template: Template, texts: list[str]
) -> None:
    assert parse_template(str(template)) == template
    filled = tuple(texts[: len(list(template.variables))])
    assert template.match(template.fill(*filled).encode()) == filled


@given(st.text("/{}=*:.ab%", max_size=20))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        template = parse_template(text)
    except BadTemplate:
        return
    assert parse_template(str(template)) == template

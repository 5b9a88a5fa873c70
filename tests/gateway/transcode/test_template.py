"""Path templates: what parses to what, what is refused, and printing as the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.gateway.transcode.errors import BadTemplate
from tidings.gateway.transcode.template import Template, Variable, Wildcard, parse_template

ONE, MANY = Wildcard.ONE, Wildcard.MANY


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("/a", Template(("a",), ())),
        ("/a/b-c.d~e_f", Template(("a", "b-c.d~e_f"), ())),
        ("/", Template((), ())),
        ("/*", Template((ONE,), ())),
        ("/**", Template((MANY,), ())),
        ("/{x}", Template((ONE,), (Variable(("x",), 0, 1, several=False),))),
        ("/{x=a}", Template(("a",), (Variable(("x",), 0, 1, several=False),))),
        ("/{x=**}", Template((MANY,), (Variable(("x",), 0, 1, several=True),))),
        (
            "/v1/{x.y=a/*/b}/c/{z_1}",
            Template(
                ("v1", "a", ONE, "b", "c", ONE),
                (
                    Variable(("x", "y"), 1, 4, several=True),
                    Variable(("z_1",), 5, 6, several=False),
                ),
            ),
        ),
        ("/a/{x=**}/c", Template(("a", MANY, "c"), (Variable(("x",), 1, 2, several=True),))),
        ("/a:v", Template(("a",), (), "v")),
        ("/*:v", Template((ONE,), (), "v")),
        ("/{x}:v", Template((ONE,), (Variable(("x",), 0, 1, several=False),), "v")),
        ("/caf%C3%A9/a=b", Template(("caf%C3%A9", "a=b"), ())),
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
        *("/{x=a/}", "/a{x}", "/{x}a", "/{x}{y}", "/:v", "/a/:v", "/{x=a:v}", "/{x:v}", "/{x}:"),
        *("/a:", "/{x}:a:b", "/a:b/c", "/{x}:v/c", "/{x={y}}", "/{{x}}", "/**/**", "/**/*"),
        *("/{x=**}/{y}", "/{x=**/*}", "/a*", "/***", "/é", "/a b", "/a?b", "/a%2", "/{1x}"),
        *("/{x.}", "/{.x}", "/{x-y}", "/{x}/{x}", "/{*}", "/{x}:*", "/{x}:{y}", "/[a]"),
    ],
)  # fmt: skip
def test_bad_template_is_refused(text: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        parse_template(text)
    assert caught.value.template == text
    assert repr(text) in str(caught.value)


_LITERALS = st.text("abcXYZ019-._~!$&'()+,;=@", min_size=1, max_size=4)
_NAMES = st.from_regex(r"\A[a-z_][a-z0-9_]{0,3}(\.[a-z_][a-z0-9_]{0,3}){0,2}\Z")


@st.composite
def templates(draw: st.DrawFn) -> Template:
    """Any template, made from its parts and not from a text."""
    segments: list[str | Wildcard] = list(
        draw(st.lists(st.one_of(_LITERALS, st.just(ONE)), min_size=1, max_size=8))
    )
    if draw(st.booleans()):
        cut = draw(st.integers(0, len(segments)))
        literals = [segment for segment in segments[cut:] if isinstance(segment, str)]
        segments = [*segments[:cut], MANY, *literals]
    edges = sorted(draw(st.sets(st.integers(0, len(segments)), max_size=6)))
    names = draw(st.lists(_NAMES, min_size=3, max_size=3, unique=True))
    variables = tuple(
        Variable(
            tuple(name.split(".")), start, end, several=end - start > 1 or segments[start] is MANY
        )
        for name, start, end in zip(names, edges[::2], edges[1::2], strict=False)
    )
    return Template(tuple(segments), variables, draw(st.one_of(st.just(""), _LITERALS)))


@given(templates())
def test_printed_template_parses_to_itself(template: Template) -> None:
    assert parse_template(str(template)) == template


@given(st.text("/{}=*:.ab%", max_size=20))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        template = parse_template(text)
    except BadTemplate:
        return
    assert parse_template(str(template)) == template

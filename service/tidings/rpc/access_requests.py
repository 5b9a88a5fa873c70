"""Checks of requests to AccessService, and the detection of repeated ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from google.protobuf.message import Message

from tidings.access.directory import Layered
from tidings.access.principals import Policy, Role, Token, check_policy_name
from tidings.core.errors import BadRequest, NotFound, RequestIdReused
from tidings.dialects.rules import check_time
from tidings.rpc.access_messages import token_message
from tidings.rpc.paging import (
    check_page_size,
    digest_of_texts,
    first_page,
    sealed_text,
    unsealed_text,
)
from tidings.v1 import access_service_pb2 as pb

DEFAULT_PAGE = 100
MAX_PAGE = 1000
MAX_NAMES = 100
"""Limit of the policies, and of the roles, of one thing; they fit in a small value of the store."""

MAX_DESCRIPTION = 1000

T = TypeVar("T")
M = TypeVar("M", bound=Message)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def check_request_id(request_id: str) -> None:
    """Refuse a request id that could not be a token's.

    Raises:
        BadRequest: it is neither empty nor a UUID in our form.
    """
    if request_id and not _UUID.fullmatch(request_id):
        raise BadRequest("request_id", "must be a UUID in lower case with hyphens")


def made_before(known: Token, request: pb.CreateTokenRequest) -> pb.CreateTokenResponse:
    """Return the token that the same request has created; its secret is not stored anywhere.

    Raises:
        RequestIdReused: it was another request.
    """
    wanted = (request.name, request.management, [*request.policies], [*request.roles])
    there_is = (known.name, known.management, [*known.policies], [*known.roles])
    if wanted != there_is or _expires_at_us(request) != known.expires_at_us:
        raise RequestIdReused
    return pb.CreateTokenResponse(token=token_message(known))


def _expires_at_us(request: pb.CreateTokenRequest) -> int | None:
    if not request.HasField("expires_at"):
        return None
    check_time(request.expires_at, "expires_at")
    return request.expires_at.seconds * 1_000_000 + request.expires_at.nanos // 1000


def expiry(request: pb.CreateTokenRequest, now_us: int) -> int | None:
    """Return when a new token ends, in microseconds since 1970; None = never.

    Raises:
        BadRequest: it is not a time, or in the past.
    """
    expires_at_us = _expires_at_us(request)
    if expires_at_us is not None and expires_at_us <= now_us:
        raise BadRequest("expires_at", "lies in the past")
    return expires_at_us


def check_given(given: pb.Policy | pb.Role, field: str) -> None:
    """Refuse a policy or role with a bad name or description.

    Raises:
        BadRequest: it has one.
    """
    check_policy_name(given.name, f"{field}.name")
    if len(given.description) > MAX_DESCRIPTION:
        raise BadRequest(f"{field}.description", f"more than {MAX_DESCRIPTION} characters")


def check_known(names: Sequence[str], field: str, what: str, things: Layered[T]) -> None:
    """Refuse a list of names if one is not valid, or does not exist.

    Raises:
        BadRequest: they are too many, or one is not valid. NotFound: one does not exist.
    """
    if len(names) > MAX_NAMES:
        raise BadRequest(field, f"at most {MAX_NAMES} are allowed")
    for place, name in enumerate(names):
        check_policy_name(name, f"{field}[{place}]")
        if things.get(name) is None:
            raise NotFound(what, name)


def page_of(
    things: Iterable[T],
    key_of: Callable[[T], str],
    message_of: Callable[[T], M],
    request: pb.ListTokensRequest | pb.ListPoliciesRequest | pb.ListRolesRequest,
) -> tuple[Sequence[M], str]:
    """Return a page, sorted by the keys, and the token of the next when there is more.

    Raises:
        BadRequest: the page size is negative, or the page token is not of such a list.
    """
    check_page_size(request.page_size)
    limit = min(request.page_size or DEFAULT_PAGE, MAX_PAGE)
    digest = digest_of_texts(request.DESCRIPTOR.full_name)
    token = request.page_token
    after = unsealed_text(token, digest).decode(errors="replace") if token else ""
    rest = sorted((each for each in things if key_of(each) > after), key=key_of)
    page = first_page(map(message_of, rest), limit, lambda message: message.ByteSize())
    if len(page) == len(rest):
        return page, ""
    return page, sealed_text(digest, key_of(rest[len(page) - 1]).encode())


def age_of(token: Token) -> str:
    """Return the sort key of tokens: by age."""
    return f"{token.created_at_us:020}/{token.id}"


def name_of(thing: Policy | Role) -> str:
    """Return the sort key of policies and roles: by name."""
    return thing.name

"""Access control as an operator meets it: the policy file and its reload."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from http.client import BadStatusLine
from pathlib import Path

import pytest
import structlog

from tests.access.jwts import jwks, signed
from tests.kit.clock import START_US, DayClock, ManualClock
from tests.kit.loop import becomes, scenario
from tests.patience import PATIENCE_S
from tidings.access.secret import hash_of
from tidings.app.load_settings import load
from tidings.app.policy_loader import BadPolicyFile, PolicyLoader
from tidings.app.settings import BadSetting
from tidings.app.startup_checks import check_exposure
from tidings.app.tls.remote_keys import REFRESH_S, UNKNOWN_S, Fetch, RemoteKeys
from tidings.core.errors import Unauthenticated
from tidings.dialects import load as load_dialects
from tidings.log.event_log import EventLog
from tidings.rpc.access_control import AccessControl
from tidings.rpc.server import Views
from tidings.store.memory import MemoryStore

SECRET = "canary-of-ops"


def policy_file(secret: str = SECRET) -> str:
    return f'[[tokens]]\nname = "ops"\nhash = "{hash_of(secret)}"\nmanagement = true\n'


def _access() -> AccessControl:
    clock = DayClock()
    views = Views.of(load_dialects(), clock)
    return AccessControl(
        EventLog(MemoryStore(clock=clock), clock=clock, envelope_of=views.envelope_of), clock
    )


def _loader(
    path: Path, access: AccessControl, fetch: Fetch | None = None, *, look_s: float = 0.01
) -> PolicyLoader:
    return PolicyLoader(path, access, RemoteKeys(DayClock(), fetch), look_s=look_s)


def _knows(access: AccessControl, secret: str) -> bool:
    try:
        return access.directory.find(secret, 0).management
    except Unauthenticated:
        return False


async def _following(loader: PolicyLoader, work: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(loader.follow())
        await work()
        following.cancel()


@scenario
async def test_a_changed_file_counts_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy_file())

    access = _access()
    loader = _loader(path, access)
    await loader.load()
    assert _knows(access, SECRET)

    async def work() -> None:
        with structlog.testing.capture_logs() as lines:
            path.write_text("tokens = 1")
            await becomes(lambda: any(line["log_level"] == "error" for line in lines))
        assert _knows(access, SECRET)
        with structlog.testing.capture_logs() as lines:
            path.write_text(policy_file("another"))
            await becomes(lambda: _knows(access, "another"))
            await becomes(lambda: [line["event"] for line in lines] == ["policy file loaded"])
        assert not _knows(access, SECRET)

    await _following(loader, work)


@scenario
async def test_a_reload_reads_the_file_without_a_change_of_its_time(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(policy_file())

    access = _access()
    loader = _loader(path, access, look_s=3600.0)
    await loader.load()

    async def work() -> None:
        path.write_text(policy_file("another"))
        loader.reload()
        await becomes(lambda: _knows(access, "another"))

    await _following(loader, work)
    assert not _knows(access, SECRET)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "No such file"), (b"\xff", "not UTF-8"), (b"x = 1", "x: no such table")],
)
@scenario
async def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "policy.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(BadPolicyFile, match=problem):
        await _loader(path, _access()).load()


ISSUER = """
[jwt.login]
audience = "tidings"
jwks = "JWKS"
grants.sub."u-1".management = true
"""


def _why(access: AccessControl, credential: str) -> str:
    try:
        access.directory.find(credential, START_US)
    except Unauthenticated as error:
        return error.flaw or error.reason
    return "good"


@scenario
async def test_a_changed_file_of_keys_counts_and_a_wrong_one_changes_nothing(
    tmp_path: Path,
) -> None:
    path, keys = tmp_path / "policy.toml", tmp_path / "keys.json"
    path.write_text(ISSUER.replace("JWKS", "keys.json"))
    keys.write_bytes(jwks("ec"))

    access = _access()
    loader = _loader(path, access)
    await loader.load()
    assert _why(access, signed("ec")) == "good"

    async def work() -> None:
        for wrong in ('{"keys": []}', "canary"):
            with structlog.testing.capture_logs() as lines:
                keys.write_text(wrong)
                await becomes(lambda: any(line["log_level"] == "error" for line in lines))
            assert "canary" not in str(lines)
            assert _why(access, signed("ec")) == "good"
        loader.reload()
        path.write_text(ISSUER.replace("JWKS", "keys.json") + policy_file())
        await becomes(lambda: _knows(access, SECRET))
        assert _why(access, signed("ec")) == "good"
        keys.write_bytes(jwks("ed"))
        await becomes(lambda: _why(access, signed("ed")) == "good")
        assert _why(access, signed("ec")) == "key"
        path.write_text("broken")
        keys.write_bytes(jwks("ec"))
        await becomes(lambda: _why(access, signed("ec")) == "good")
        path.write_text(policy_file())
        await becomes(lambda: _why(access, signed("ec")) == "unknown")

    await _following(loader, work)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "keys.json: No such file"), (b"canary", "keys.json: not JSON")],
)
@scenario
async def test_without_a_good_file_of_keys_nothing_begins(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(ISSUER.replace("JWKS", "keys.json"))
    if content is not None:
        (tmp_path / "keys.json").write_bytes(content)

    with pytest.raises(BadPolicyFile, match=problem) as refused:
        await _loader(path, _access()).load()
    assert "canary" not in str(refused.value)


class Site:
    """What a URL has, and how often it was asked for."""

    def __init__(self, *keys: str) -> None:
        self.content: bytes | Exception = jwks(*keys)
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.content, Exception):
            raise self.content
        return self.content


URL = "https://login.test/keys?canary"


@scenario
async def test_keys_of_a_url_are_fetched_again_when_they_are_old_or_lack_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(ISSUER.replace("JWKS", URL))

    site, clock, access = Site("ec"), ManualClock(), _access()
    loader = PolicyLoader(path, access, RemoteKeys(clock, site.fetch), look_s=0.01)
    await loader.load()
    assert site.asked == [URL]
    site.content = jwks("ec-new")
    for _ in range(3):  # no sooner than after some seconds, whoever asks how often
        await access.find_newer_keys(URL)
    assert (len(site.asked), _why(access, signed("ec"))) == (1, "good")
    clock.at_s += UNKNOWN_S
    caller = await access.caller_with(signed("ec-new", exp=2**40))
    assert caller.rights.management
    assert (len(site.asked), _why(access, signed("ec"))) == (2, "key")

    async def work() -> None:
        site.content = jwks("ed")
        clock.at_s += REFRESH_S
        await becomes(lambda: _why(access, signed("ed")) == "good")
        assert (len(site.asked), _why(access, signed("ec-new"))) == (3, "key")

    await _following(loader, work)


@pytest.mark.parametrize(
    "failure", [OSError("away"), ValueError("odd"), jwks(), b"canary", BadStatusLine("canary")]
)
@scenario
async def test_the_last_good_keys_of_a_url_are_kept_and_without_any_nobody_is_let_in(
    tmp_path: Path, failure: bytes | Exception
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(ISSUER.replace("JWKS", URL))

    site, clock, access = Site("ec"), ManualClock(), _access()
    site.content = failure
    loader = PolicyLoader(path, access, RemoteKeys(clock, site.fetch))
    with structlog.testing.capture_logs() as lines:
        await loader.load()
    assert [(line["url"], line["log_level"]) for line in lines] == [(URL[:-7], "error")]
    assert _why(access, signed("ec")) == "key"
    clock.at_s += UNKNOWN_S
    site.content = jwks("ec")
    await access.find_newer_keys(URL)
    assert _why(access, signed("ec")) == "good"
    clock.at_s += UNKNOWN_S
    site.content = failure
    await access.find_newer_keys(URL)
    assert (len(site.asked), _why(access, signed("ec"))) == (3, "good")
    await loader.load()  # of the policy file: nothing is fetched that is known
    assert len(site.asked) == 3


@scenario
async def test_a_caller_who_goes_away_does_not_keep_new_keys_from_others() -> None:
    began, may_answer = threading.Event(), threading.Event()

    def fetch(_url: str) -> bytes:
        began.set()
        assert may_answer.wait(PATIENCE_S)
        return jwks("ec")

    remote = RemoteKeys(ManualClock(), fetch)
    async with asyncio.TaskGroup() as tasks:
        leaving = tasks.create_task(remote.keys_of(URL))
        await asyncio.to_thread(began.wait, PATIENCE_S)
        leaving.cancel()
        staying = tasks.create_task(remote.keys_of(URL))
        may_answer.set()
        assert set(await staying) == {"ec"}
    assert set(await remote.keys_of(URL)) == {"ec"}


@scenario
async def test_many_callers_with_unknown_keys_cause_one_fetch() -> None:
    site = Site("ec")
    remote = RemoteKeys(ManualClock(), site.fetch)
    found = await asyncio.gather(*(remote.keys_of(URL, older_than_s=1.0) for _ in range(50)))
    assert {tuple(keys) for keys in found} == {("ec",)}
    assert len(site.asked) == 1


def test_with_access_control_other_addresses_are_served() -> None:
    settings = load({"grpc": "0.0.0.0:0", "access_policy": "policy.toml"}, {}, None)
    check_exposure(settings, settings.grpc)
    alone = load({"grpc": "0.0.0.0:0"}, {}, None)
    with pytest.raises(BadSetting, match="say --insecure"):
        check_exposure(alone, alone.grpc)

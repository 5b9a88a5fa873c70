"""Servers that want to know who calls, and that prove who they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.kit.loop import run_async
from tests.nats.accounts import Operator
from tests.nats.places import JetStreamPlace
from tests.nats.servers import nats_server
from tests.store.places import append, draft, texts
from tidings.app.settings import BadSetting, Settings
from tidings.app.store_place import check_store
from tidings.core.errors import StoreUnavailable

pytestmark = pytest.mark.slow  # a client tries for seconds before it says that it is refused


async def used(place: JetStreamPlace, **changes: object) -> list[str]:
    store = await place.open(**changes)
    try:
        await append(store, draft("a"))
        return texts(await store.read(0, 9))
    finally:
        await store.close()


def test_credentials_open_the_log_and_nothing_else_does(tmp_path: Path) -> None:
    ours, others = Operator(), Operator()
    for name, operator in (("ours", ours), ("others", others)):
        (tmp_path / name).write_text(operator.credentials)
    with nats_server(tmp_path / "nats", extra=ours.config) as server:

        async def main() -> None:
            place = JetStreamPlace(server)
            for wrong in (None, tmp_path / "others"):
                with pytest.raises(StoreUnavailable, match=r"(?i)authorization"):
                    await used(place, credentials=wrong)
            assert await used(place, credentials=tmp_path / "ours") == ["a"]

        run_async(main(), within_s=60)


def test_a_file_that_holds_no_credentials_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("-----BEGIN NATS USER JWT-----\n")
    settings = Settings(store="nats://a", nats_credentials=str(tmp_path / "empty"))
    with pytest.raises(BadSetting, match=r"empty: holds no NATS credentials \(\.creds\)"):
        check_store(settings)


def test_a_server_is_trusted_by_its_authority_alone(tmp_path: Path) -> None:
    ours, others = Authority(tmp_path, "ours"), Authority(tmp_path, "others")
    pair = ours.issue("server")
    tls = f"tls {{ cert_file: '{pair.cert}', key_file: '{pair.key}' }}"
    with nats_server(tmp_path / "nats", extra=tls) as server:

        async def main() -> None:
            place = JetStreamPlace(server)
            servers = (f"tls://{server.address}",)
            for wrong in (None, others.file):
                with pytest.raises(StoreUnavailable, match=r"(?i)certificate"):
                    await used(place, servers=servers, ca=wrong)
            assert await used(place, servers=servers, ca=ours.file) == ["a"]

        run_async(main(), within_s=60)

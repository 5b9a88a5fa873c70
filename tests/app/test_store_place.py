"""Which store the settings name."""

from __future__ import annotations

import re

import pytest

from tidings.app.settings import BadSetting, Settings
from tidings.app.store_place import check_store, cluster_of


@pytest.mark.parametrize(
    ("store", "servers", "log"),
    [
        ("nats://a:4222", ("nats://a:4222",), "tidings"),
        ("nats://a", ("nats://a",), "tidings"),
        (
            "nats://a:1,b:2,10.0.0.3:3/prod",
            ("nats://a:1", "nats://b:2", "nats://10.0.0.3:3"),
            "prod",
        ),
        ("tls://[::1]:4222/x-1", ("tls://[::1]:4222",), "x-1"),
    ],
)
def test_addresses_and_the_logs_name_are_read(
    store: str, servers: tuple[str, ...], log: str
) -> None:
    settings = Settings(store=store, nats_monitor="http://a:8222,http://b:8222")
    check_store(settings)
    cluster = cluster_of(settings)
    assert (cluster.servers, cluster.log) == (servers, log)
    assert cluster.monitors == ("http://a:8222", "http://b:8222")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Settings(store="redis://a"), "expected sqlite, or nats://HOST:PORT"),
        (Settings(store="nats://"), "expected sqlite"),
        (Settings(store="nats://a:1/b/c"), "expected sqlite"),
        (Settings(store="nats://user:secret@a:1"), "expected sqlite"),
        (Settings(store="nats://a:1/b.c"), "expected sqlite"),
        (Settings(durability="assume-synced"), "for --store nats://"),
        (Settings(store="nats://a:1", nats_credentials="/none"), "/none: no such file"),
        (Settings(store="nats://a:1", nats_ca="/none"), "/none: no such file"),
    ],
)
def test_what_names_no_store_is_refused(settings: Settings, reason: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(reason)):
        check_store(settings)

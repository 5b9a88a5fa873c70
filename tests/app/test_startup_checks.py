"""Who can reach an address: what is asked before anything is served without access control."""

from __future__ import annotations

import pytest

from tidings.app.settings import BadSetting, Settings
from tidings.app.startup_checks import check_exposure
from tidings.core.setting_kinds import parse_address

ADDRESSES = [
    ("127.0.0.1:1", True),
    ("127.255.0.9:1", True),
    ("localhost:1", True),
    ("LocalHost:1", True),
    ("[::1]:1", True),
    ("[0:0:0:0:0:0:0:1]:1", True),
    ("[::ffff:127.0.0.1]:1", True),
    (":1", True),
    ("127.example.org:1", False),
    ("127.0.0.1.example.org:1", False),
    ("127.0.0.256:1", False),
    ("127.1:1", False),
    ("localhost.example.org:1", False),
    ("[::ffff:10.0.0.1]:1", False),
    ("[::]:1", False),
    ("0.0.0.0:1", False),
    ("128.0.0.1:1", False),
]


@pytest.mark.parametrize(("text", "is_loopback"), ADDRESSES)
def test_only_this_machines_own_addresses_are_served_to_anybody(
    text: str, *, is_loopback: bool
) -> None:
    address = parse_address(text)
    assert address.is_loopback is is_loopback
    check_exposure(Settings(insecure=True), address)
    if is_loopback:
        check_exposure(Settings(), address)
    else:
        with pytest.raises(BadSetting, match="no access control"):
            check_exposure(Settings(), address)

"""An operator of NATS accounts: the server's configuration, and the credentials of a user."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import nkeys

_ANYTHING = {"subs": -1, "data": -1, "payload": -1}
_UNBOUNDED = _ANYTHING | {
    "imports": -1,
    "exports": -1,
    "wildcards": True,
    "conn": -1,
    "leaf": -1,
    "mem_storage": -1,
    "disk_storage": -1,
    "streams": -1,
    "consumer": -1,
}


class Operator:
    """Vouches for one account that may use JetStream, and for one of its users."""

    def __init__(self) -> None:
        operator = _key_pair(nkeys.PREFIX_BYTE_OPERATOR)
        system, account = (_key_pair(nkeys.PREFIX_BYTE_ACCOUNT) for _ in range(2))
        seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
        user = nkeys.from_seed(bytearray(seed))
        preload = {
            _name(system): _token(operator, system, "account", limits=_ANYTHING | {"conn": -1}),
            _name(account): _token(operator, account, "account", limits=_UNBOUNDED),
        }
        accounts = ", ".join(f"{name}: {token}" for name, token in preload.items())
        self.config = (
            f"operator: {_token(operator, operator, 'operator')}\n"
            f"system_account: {_name(system)}\n"
            f"resolver: MEMORY\nresolver_preload: {{ {accounts} }}"
        )
        self.credentials = (
            "-----BEGIN NATS USER JWT-----\n"
            f"{_token(account, user, 'user', **_ANYTHING)}\n"
            "------END NATS USER JWT------\n\n"
            "-----BEGIN USER NKEY SEED-----\n"
            f"{seed.decode()}\n"
            "------END USER NKEY SEED------\n"
        )


def _key_pair(prefix: int) -> Any:
    return nkeys.from_seed(bytearray(nkeys.encode_seed(os.urandom(32), prefix)))


def _name(pair: Any) -> str:
    name: str = pair.public_key.decode()
    return name


def _token(issuer: Any, subject: Any, kind: str, **rights: Any) -> str:
    claims = {
        "jti": os.urandom(8).hex(),
        "iat": 1_700_000_000,
        "iss": _name(issuer),
        "name": kind,
        "sub": _name(subject),
        "nats": {"type": kind, "version": 2, **rights},
    }
    parts = [_encoded({"typ": "JWT", "alg": "ed25519-nkey"}), _encoded(claims)]
    signature = base64.urlsafe_b64encode(issuer.sign(".".join(parts).encode())).decode()
    return ".".join([*parts, signature.rstrip("=")])


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")

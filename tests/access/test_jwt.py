"""JWTs as credentials: what is accepted, what is refused and why, and who their bearer is."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from tests.access.jwts import (
    START_S,
    claims,
    encoded,
    jwk,
    jwks,
    private_key,
    sign,
    signed,
)
from tidings.access.assertion import Assertion, UnknownKey, is_jwt
from tidings.access.directory import MAX_CREDENTIAL_CHARS, MAX_KNOWN_JWTS, Directory
from tidings.access.issuers import NOT_BEFORE_LEEWAY_S
from tidings.access.jwks import MAX_JWKS_BYTES, parse_jwks
from tidings.access.policy_file import parse_policy_file
from tidings.access.principals import Principal
from tidings.access.rights import Rights
from tidings.access.secret import hash_of
from tidings.core.errors import BadRequest, Unauthenticated
from tidings.dialects.docker_cloud import DockerCloudRights

NOW_US = START_S * 1_000_000
FILE = """
[jwt.login]
issuer = "https://login.test/"
audience = ["tidings", "tidings-too"]
jwks = "keys.json"
policies_claim = "policies"
roles_claim = "roles"
grants.groups.platform = { policies = ["reader"], roles = ["operator"] }
grants.groups.admins.management = true
grants."/realm/roles".auditor.policies = ["auditor"]
grants.scope."events:read".policies = ["reader"]

[policies.reader]
puppet.jobs = "read"
docker_cloud.namespaces = ["~"]
[policies.auditor]
tidings.events = "read"
[roles.operator]
policies = ["auditor"]
"""


def directory(file: str = FILE, *, keys: bytes | None = None) -> Directory:
    made = Directory()
    made.set_file(
        parse_policy_file(file), {"keys.json": parse_jwks(keys or jwks("rsa", "ec", "ed"))}
    )
    return made


def refusal(credential: str, known: Directory | None = None, now_us: int = NOW_US) -> str:
    with pytest.raises(Unauthenticated) as refused:
        (known or directory()).find(credential, now_us)
    assert len(str(refused.value)) < 60  # too short to hold any of it
    return refused.value.flaw or refused.value.reason


@pytest.mark.parametrize("kid", ["rsa", "ec", "ed"])
def test_a_good_one_is_its_subjects(kid: str) -> None:
    found = directory().find(signed(kid), NOW_US)
    assert found == Principal("u-1", "u-1", expires_at_us=NOW_US + 60_000_000)


def _with_hmac_of_the_public_key(header: dict[str, str]) -> str:
    """Sign as who knows only what is public: the key that verifies is taken for a secret."""
    public = private_key("rsa").public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signing_input = encoded({"alg": "HS256", **header}, claims())
    signature = hmac.digest(pem, signing_input.encode(), hashlib.sha256)
    return f"{signing_input}.{encoded(signature)}"


def _tampered(**changed: Any) -> str:
    header, _, signature = signed().split(".")
    return f"{header}.{encoded(claims(**changed))}.{signature}"


def _without_signature(**header: Any) -> str:
    return encoded({"alg": "ES256", "kid": "ec", **header}, claims()) + "."


@pytest.mark.parametrize(
    ("credential", "why"),
    [
        (_with_hmac_of_the_public_key({"kid": "rsa"}), "algorithm"),
        (encoded({"alg": "none", "kid": "ec"}, claims()) + ".", "algorithm"),
        (encoded({"alg": "None", "kid": "ec"}, claims()) + ".", "algorithm"),
        (encoded({"alg": "none"}, claims()) + ".", "key"),
        (encoded({"kid": "ec"}, claims(), b"x" * 64), "algorithm"),
        (signed("ec", {"kid": None}), "key"),
        (encoded({"alg": "ES256"}, claims(), b"x" * 64), "key"),
        (signed("ec", {"kid": ""}), "key"),
        (encoded({"alg": "ES256", "kid": 1}, claims(), b"x" * 64), "form"),
        (signed("ec", {"kid": "other"}), "key"),
        (signed("ec", {"kid": "rsa"}), "algorithm"),
        (signed("rsa", {"kid": "ed"}), "algorithm"),
        (signed("ec-of-another", {"kid": "ec"}), "signature"),
        (signed("ec-of-another", {"kid": "ec", "jwk": jwk("ec-of-another")}), "signature"),
        (signed("ec-of-another", {"kid": "ec", "jku": "https://evil.test/"}), "signature"),
        (signed("ec", {"crit": ["x"], "x": 1}), "form"),
        (signed("ec", {"b64": False, "crit": ["b64"]}), "form"),
        (_tampered(groups=["admins"]), "signature"),
        (_tampered(exp=START_S + 9999), "signature"),
        (_without_signature(), "signature"),
        (signed(exp=START_S), "expired"),
        (signed(exp=START_S - 1, nbf=START_S - 9), "expired"),
        (signed(exp=None), "expiry"),
        (signed(exp="never"), "expiry"),
        (signed(exp=True), "expiry"),
        (signed(exp=1e300), "expiry"),
        (signed(exp=float("inf")), "expiry"),
        (signed(exp=float("nan")), "expiry"),
        (signed(nbf=START_S + NOT_BEFORE_LEEWAY_S + 1), "start"),
        (signed(nbf="x"), "start"),
        (signed(aud=None), "audience"),
        (signed(aud="other"), "audience"),
        (signed(aud=["other", "another"]), "audience"),
        (signed(aud=[]), "audience"),
        (signed(aud={"tidings": 1}), "audience"),
        (signed(iss="https://evil.test/"), "issuer"),
        (signed(iss=None), "issuer"),
        (signed(iss=["https://login.test/"]), "issuer"),
        (signed(sub=None), "subject"),
        (signed(sub=""), "subject"),
        (signed(sub="x" * 257), "subject"),
        (signed(sub=1), "subject"),
        (signed(pad="x" * MAX_CREDENTIAL_CHARS), "size"),
        ("x" * (MAX_CREDENTIAL_CHARS + 1), "size"),
        (sign(b"[]", "ec"), "form"),
        (sign(b"no JSON", "ec"), "form"),
        (sign(b"[" * 4000, "ec"), "form"),
        (sign(b"\xff", "ec"), "form"),
        (sign(b"9" * 4500, "ec"), "form"),
        ("a.b.c", "form"),
        (encoded(b"{", b"{", b""), "form"),
        (encoded([], claims(), b""), "form"),
        (signed() + "=", "unknown"),
        (signed() + ".x", "unknown"),
        ("eyJ..", "unknown"),
        ("junk", "unknown"),
        ("\ud800.\ud800.\ud800", "unknown"),
        ("ä.ä.ä", "unknown"),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_a_bad_one_is_nobodys(credential: str, why: str) -> None:
    assert refusal(credential) == why


@given(st.text(alphabet="abcEY019-_.{}", max_size=60))
def test_junk_is_nobodys(credential: str) -> None:
    if credential:
        refusal(credential)


@given(st.integers(0, 400), st.integers(0, 63))
def test_a_changed_character_is_nobodys(place: int, by: int) -> None:
    good = signed("ed")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    place %= len(good)
    changed = good[:place] + alphabet[by] + good[place + 1 :]
    if changed != good:
        assert refusal(changed)


def test_without_issuers_it_is_an_unknown_token() -> None:
    assert refusal(signed(), Directory()) == "unknown"
    assert refusal(signed(), directory("")) == "unknown"


def test_who_asks_for_a_key_that_is_not_known_is_told_where_to_look() -> None:
    with pytest.raises(UnknownKey) as unknown:
        directory().prove(signed("ec-new"))
    assert unknown.value.jwks == "keys.json"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["x", "tidings-too"]},
        {"nbf": START_S + NOT_BEFORE_LEEWAY_S},
        {"nbf": START_S - 0.5, "exp": START_S + 0.001},
        {"iat": START_S + 99, "jti": "x"},
    ],
)
def test_it_counts_for_one_of_its_audiences_within_its_time(changed: dict[str, Any]) -> None:
    assert directory().find(signed(**changed), NOW_US).id == "u-1"


@pytest.mark.parametrize(
    ("changed", "policies", "roles", "management"),
    [
        ({}, (), (), False),
        ({"policies": ["reader", "x"]}, ("reader", "x"), (), False),
        ({"policies": "reader"}, ("reader",), (), False),
        ({"policies": "reader x"}, ("reader x",), (), False),
        ({"roles": ["operator", 1, None]}, (), ("operator",), False),
        ({"groups": ["platform", "other"]}, ("reader",), ("operator",), False),
        ({"groups": "platform", "policies": ["a"]}, ("a", "reader"), ("operator",), False),
        ({"groups": "x platform"}, (), (), False),
        ({"groups": {"platform": 1}}, (), (), False),
        ({"groups": ["admins"]}, (), (), True),
        ({"realm": {"roles": ["auditor"]}}, ("auditor",), (), False),
        ({"realm": ["auditor"]}, (), (), False),
        ({"/realm/roles": "auditor"}, (), (), False),
        ({"scope": "openid events:read"}, ("reader",), (), False),
        ({"management": True, "anonymous": True}, (), (), False),
    ],
)
def test_claims_say_what_its_bearer_has(
    changed: dict[str, Any],
    policies: tuple[str, ...],
    roles: tuple[str, ...],
    management: bool,  # noqa: FBT001 - parametrized
) -> None:
    found = directory().find(signed(**changed), NOW_US)
    assert (found.policies, found.roles, found.management) == (policies, roles, management)


def test_policies_and_roles_of_claims_count_as_a_tokens_do() -> None:
    known = directory()
    rights = known.rights(known.find(signed(groups=["platform"]), NOW_US))
    assert (rights.may_read("puppet"), rights.may_read("tidings")) == (True, True)
    assert known.rights(known.find(signed(policies=["gone"]), NOW_US)) == Rights()
    assert known.rights(known.find(signed(sub="anonymous"), NOW_US)) == Rights()


def test_a_claim_can_be_the_name() -> None:
    known = directory(FILE + "x = 1\n".replace("x = 1\n", ""), keys=jwks("ec"))
    named = FILE.replace('roles_claim = "roles"', 'name_claim = "email"')
    known = directory(named)
    found = known.find(signed(email="acme", policies="reader"), NOW_US)
    assert (found.id, found.name) == ("u-1", "acme")
    assert known.rights(found).of(DockerCloudRights).may_see_namespace("acme")
    for bad in (None, "", 1, ["acme"], "x" * 257):
        assert refusal(signed(email=bad), known) == "name"


@pytest.mark.parametrize("subject", ["*", "~", "a b", "https://x/"])
def test_a_name_that_is_more_than_a_name_is_no_namespace(subject: str) -> None:
    known = directory()
    rights = known.rights(known.find(signed(sub=subject, policies="reader"), NOW_US))
    for namespace in ("*", "", "acme", subject):
        assert not rights.of(DockerCloudRights).may_see_namespace(namespace)


def test_a_token_with_this_text_goes_first() -> None:
    credential = signed("ec-of-another")
    file = f'[[tokens]]\nname = "t"\nhash = "{hash_of(credential)}"\n{FILE}'
    assert directory(file).find(credential, NOW_US).id == "t"


def test_every_issuer_has_its_own_keys() -> None:
    file = parse_policy_file(
        """
        [jwt.one]
        issuer = "one"
        audience = "a"
        jwks = "one.json"
        grants.sub.x.management = true
        [jwt.any]
        audience = "a"
        jwks = "any.json"
        """
    )
    known = Directory()
    known.set_file(file, {"one.json": parse_jwks(jwks("ec")), "any.json": parse_jwks(jwks("ed"))})
    assert known.find(signed("ec", iss="one", aud="a", sub="x"), NOW_US).management
    for iss in ("two", None, "", 7):
        assert not known.find(signed("ed", iss=iss, aud="a", sub="x"), NOW_US).management
    assert refusal(signed("ed", iss="one", aud="a", sub="x"), known) == "key"
    assert refusal(signed("ec", iss="two", aud="a", sub="x"), known) == "key"


def _changes() -> list[tuple[Callable[[Directory], object], str]]:
    without = FILE.replace("[jwt.login]", "[jwt.other]")
    renamed = FILE.replace("https://login.test/", "https://login.example/")
    narrower = FILE.replace('["tidings", "tidings-too"]', '"another"')
    return [
        (lambda known: known.set_keys("keys.json", parse_jwks(jwks("rsa"))), "key"),
        (
            lambda known: known.set_keys("keys.json", parse_jwks(jwks(jwk("ec-new", kid="ec")))),
            "key",
        ),
        (lambda known: known.set_file(parse_policy_file(without), {}), "issuer"),
        (lambda known: known.set_file(parse_policy_file(FILE), {}), "key"),
        (
            lambda known: known.set_file(
                parse_policy_file(renamed), {"keys.json": parse_jwks(jwks("ec"))}
            ),
            "issuer",
        ),
        (
            lambda known: known.set_file(
                parse_policy_file(narrower), {"keys.json": parse_jwks(jwks("ec"))}
            ),
            "audience",
        ),
        (lambda known: known.set_keys("other.json", parse_jwks(jwks("ed"))), ""),
        (lambda known: known.set_keys("keys.json", parse_jwks(jwks("ec"))), ""),
    ]


@pytest.mark.parametrize(("change", "why"), _changes())
def test_what_was_signed_is_asked_again_without_the_text(
    change: Callable[[Directory], object], why: str
) -> None:
    known = directory()
    proof = known.prove(signed("ec", canary="canary"))
    assert isinstance(proof, Assertion)
    assert "canary" not in repr(proof)
    assert known.principal(proof, NOW_US).id == "u-1"
    change(known)
    if not why:
        assert known.principal(proof, NOW_US).id == "u-1"
        with pytest.raises(Unauthenticated, match="expired"):
            known.principal(proof, NOW_US + 60_000_000)
        return
    with pytest.raises(Unauthenticated) as refused:
        known.principal(proof, NOW_US)
    assert refused.value.flaw == why


def test_a_signature_is_looked_at_once_and_again_after_a_change() -> None:
    known = directory()
    credential = signed("ec")
    proof = known.prove(credential)
    assert known.prove(credential) is proof
    assert refusal(credential[:-4] + "AAAA", known) == "signature"
    known.set_keys("keys.json", parse_jwks(jwks(jwk("ec-new", kid="ec"))))
    assert refusal(credential, known) == "signature"
    known.set_file(parse_policy_file(FILE), {"keys.json": parse_jwks(jwks("ec", "ed"))})
    again = known.prove(credential)
    assert again == proof
    assert again is not proof
    for number in range(MAX_KNOWN_JWTS):
        known.prove(signed("ed", number=number))
    assert known.prove(credential) is not again


@pytest.mark.parametrize(
    ("kept", "left_out"),
    [
        (["rsa", "ec", "ed"], []),
        (["ec"], [jwk("rsa", kid=None)]),
        (["ec"], [jwk("rsa", kid=""), jwk("rsa", kid=1)]),
        (["ec"], [jwk("rsa", use="enc")]),
        (["ec"], [jwk("rsa", alg="RS512"), jwk("rsa", alg="PS256")]),
        (["ec"], [{"kty": "oct", "kid": "o", "k": "c2VjcmV0"}]),
        (["ec"], [jwk("ec", crv="P-384", kid="b"), {"kty": "OKP", "crv": "X25519", "kid": "c"}]),
        (["ec"], [{"kty": "new", "kid": "n"}, {"kid": "n"}, {}, {"kty": 1, "kid": "x"}]),
        (["ec"], [jwk("rsa", kid="ec", use="enc")]),
    ],
)
def test_keys_that_sign_are_kept(kept: list[str], left_out: list[dict[str, Any]]) -> None:
    assert sorted(parse_jwks(jwks(*left_out, *kept))) == sorted(kept)


def test_an_algorithm_that_is_named_and_fits_is_fine() -> None:
    key = parse_jwks(jwks(jwk("ec", alg="ES256", use=None)))["ec"]
    assert key == parse_jwks(jwks("ec"))["ec"]
    assert key != parse_jwks(jwks(jwk("ec-of-another", kid="ec")))["ec"]
    assert jwk("ec")["x"] not in repr(key)


def _small() -> dict[str, Any]:
    return {**jwk("rsa"), "n": jwk("rsa")["n"][: 1024 // 6]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 10_000, "not JSON"),
        (b"[]", "not a JSON Web Key Set"),
        (b"{}", "not a JSON Web Key Set"),
        (b'{"keys": {}}', "not a JSON Web Key Set"),
        (b'{"keys": [1]}', "keys[0]: must be an object"),
        (b'{"keys": []}', "no key with a kid"),
        (jwks(jwk("ec", kid=None)), "no key with a kid"),
        (jwks("ec", "ec"), "keys[1]: its kid is used twice"),
        (jwks(jwk("ec", d="canary")), "keys[0]: is a private key"),
        (jwks(jwk("ec", x="canary")), "keys[0]: is not a key"),
        (jwks(jwk("ec", x=None)), "keys[0]: is not a key"),
        (jwks(jwk("rsa", n=7)), "keys[0]: is not a key"),
        (jwks(_small()), "keys[0]: has less than 2048 bits"),
        (b" " * (MAX_JWKS_BYTES + 1), "more than 262144 bytes"),
    ],
)
def test_a_bad_key_set_is_refused_and_says_where(text: bytes, problem: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_jwks(text)
    assert problem in str(refused.value)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("jwt = 1", "jwt: must be a table"),
        ("jwt.a = 1", "jwt.a: must be a table"),
        ('jwt."a b" = {}', "jwt.a b: must be 1 to 128"),
        ("jwt.a = {}", "jwt.a.audience: must be who this service is"),
        ('jwt.a = {audience = ""}', "jwt.a.audience: must be who this service is"),
        ("jwt.a = {audience = 1}", "jwt.a.audience: must be a list of texts"),
        ('jwt.a = {audience = "x"}', "jwt.a.jwks: must be a text"),
        ('jwt.a = {audience = "x", jwks = "k", secret = "x"}', "jwt.a.secret: no such key"),
        ('jwt.a = {audience = "x", jwks = "http://a/k"}', "jwt.a.jwks: must be a file, an https"),
        ('jwt.a = {audience = "x", jwks = "file:///k"}', "jwt.a.jwks: must be a file, an https"),
        ('jwt.a = {audience = "x", jwks = "https://u:p@a/"}', "jwt.a.jwks: must be a file"),
        ('jwt.a = {audience = "x", jwks = "https://[/"}', "jwt.a.jwks: must be a file"),
        ('jwt.a = {audience = "x", jwks = "k", issuer = ""}', ""),
        ('jwt.a = {audience = "x", jwks = "k", grants = 1}', "jwt.a.grants: must be a table"),
        ('jwt.a = {audience = "x", jwks = "k", grants.c = 1}', "jwt.a.grants.c: must be a table"),
        ('jwt.a = {audience = "x", jwks = "k", grants.c.v = "p"}', "jwt.a.grants.c.v: must be a"),
        (
            'jwt.a = {audience = "x", jwks = "k", grants.c.v.policy = ["p"]}',
            "jwt.a.grants.c.v.policy: no such key",
        ),
        (
            'jwt.a = {audience = "x", jwks = "k", grants.c.v.management = "yes"}',
            "jwt.a.grants.c.v.management: must be true or false",
        ),
        (
            'jwt.a = {audience = "x", jwks = "k"}\njwt.b = {audience = "y", jwks = "k"}',
            "jwt.a.issuer: is another one's too",
        ),
        ('jwt.a = {audience = "x", jwks = "https://login.test/keys"}', ""),
        ('jwt.a = {audience = "x", jwks = "http://127.0.0.1:1/k"}', ""),
        ('jwt.a = {audience = "x", jwks = "http://localhost/k"}', ""),
    ],
)
def test_an_issuer_that_cannot_be_used_says_why(text: str, problem: str) -> None:
    if not problem:
        assert set(parse_policy_file(text).issuers) == {"a"}
        return
    with pytest.raises(BadRequest) as refused:
        parse_policy_file(text)
    assert problem in str(refused.value)


def test_the_form_of_a_jwt() -> None:
    assert is_jwt(signed())
    assert is_jwt("a.b.")
    assert not any(map(is_jwt, ("", "a", "a.b", "a.b.c.d.e", ".b.c", "a b.c.d", "a.b.c\n")))
    assert json.loads(jwks("ec"))["keys"][0]["kid"] == "ec"

"""Rules and policy files: what is refused, and where it says the mistake is."""

from __future__ import annotations

import pytest

from tidings.access.policy_file import parse_policy_file
from tidings.access.principals import Role
from tidings.access.rules import MAX_RULES_BYTES, parse_rules
from tidings.access.secret import hash_of
from tidings.core.errors import BadRequest

HASH = hash_of("x")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nomad", "policy.rules: not TOML"),
        ("nomad = " + "[" * 20_000, "policy.rules: nested too deeply"),
        ("nomad = " + "9" * 5000, "policy.rules: not TOML"),
        ("nomad = 2030-13-01", "policy.rules: not TOML"),
        ("#" * (MAX_RULES_BYTES + 1), "policy.rules: more than 32768 bytes"),
        ("management = true", "policy.rules.management: no such rule"),
        ("nomad = 1", "policy.rules.nomad: must be a table"),
        ("nomad.jobs = 1", "policy.rules.nomad.jobs: no such rule"),
        ('nomad.node = "deny"', "policy.rules.nomad.node: must be one of"),
        ("nomad.node = 1", "policy.rules.nomad.node: must be one of"),
        ('nomad.namespaces.a = "read-job"', "policy.rules.nomad.namespaces.a: must be a list"),
        ("nomad.namespaces.a = [1]", "policy.rules.nomad.namespaces.a: must be a list"),
        ('nomad.namespaces.a = ["submit"]', "policy.rules.nomad.namespaces.a[0]: is none of"),
        ('consul.event.a = "list"', "policy.rules.consul.event.a: must be one of"),
        ('consul.key.a = "read"', "policy.rules.consul.key: no such rule"),
        ("consul.event = []", "policy.rules.consul.event: must be a table"),
        ('puppet.jobs = "write"', "policy.rules.puppet.jobs: must be one of read"),
        ('feldera.roles = "read"', "policy.rules.feldera.roles: no such rule"),
        ('docker_cloud.users = ["a"]', "policy.rules.docker_cloud.users: no such rule"),
        ('publish = ["nomadd"]', "policy.rules.publish[0]: is none of"),
    ],
)
def test_a_bad_rule_is_refused_and_named(text: str, problem: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_rules(text)
    assert problem in str(refused.value)


def test_no_rules_give_nothing() -> None:
    assert not parse_rules("").may_publish_anything()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[", "not TOML"),
        ("[[token]]", "token: no such table"),
        ("tokens = [1]", "tokens[0]: must be a table"),
        ('tokens = [{secret = "x"}]', "tokens[0].secret: no such key"),
        ('tokens = [{hash = "x"}]', "tokens[0].name: must be a text"),
        ('tokens = [{name = "a:b"}]', "tokens[0].name: must be 1 to 128"),
        ('tokens = [{name = "a", hash = "x"}]', "tokens[0].hash: must be sha256:"),
        (f'tokens = [{{name = "a", hash = "{HASH}", management = 1}}]', "must be true or false"),
        (f'tokens = [{{name = "a", hash = "{HASH}", policies = "p"}}]', "must be a list"),
        (f'tokens = [{{name = "a", hash = "{HASH}", id = ""}}]', "tokens[0].id: must be a text"),
        (
            f'tokens = [{{name = "a", hash = "{HASH}", expires_at = 2030-01-01T00:00:00}}]',
            "tokens[0].expires_at: must be a date and time with its offset",
        ),
        (
            f'tokens = [{{name = "a", hash = "{HASH}"}}, {{name = "b", hash = "{HASH}"}}]',
            "tokens[1]: id or hash is used twice",
        ),
        ("policies.a = 1", "policies.a: must be a table"),
        ('policies."a b" = {}', "policies.a b: must be 1 to 128"),
        ("policies.a.description = 1", "policies.a.description: must be a text"),
        ("policies.a.nomad.x = 1", "policies.a.nomad.x: no such rule"),
        ("tokens = 1", "tokens: are written [[tokens]]"),
        ("roles.a = 1", "roles.a: must be a table"),
        ('roles."a b" = {}', "roles.a b: must be 1 to 128"),
        ("roles.a.x = 1", "roles.a.x: no such key"),
        ("roles.a.policies = 1", "roles.a.policies: must be a list of texts"),
    ],
)
def test_a_bad_policy_file_is_refused_and_says_where(text: str, problem: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_policy_file(text)
    assert problem in str(refused.value)


def test_an_expiry_is_a_time_with_an_offset() -> None:
    text = f'tokens = [{{name = "a", hash = "{HASH}", expires_at = 1970-01-01T01:00:00.5+01:00}}]'
    assert parse_policy_file(text).tokens["a"].expires_at_us == 500_000


def test_a_role_names_policies() -> None:
    file = parse_policy_file('[roles.r]\ndescription = "d"\npolicies = ["p", "q"]\n')
    assert dict(file.roles) == {"r": Role("r", "d", ("p", "q"))}

"""Servers and nodes are killed and frozen under clients, who lose nothing that was acknowledged.

The short form, one of each. `make chaos` does them at random for minutes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nats.faults import Field, check_through, field_of_faults

pytestmark = [pytest.mark.slow, pytest.mark.own_store, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    with field_of_faults(tmp_path_factory.mktemp("faults"), seed=1) as made:
        yield made


def test_nothing_is_lost_through_one_fault_of_each_kind(field: Field) -> None:
    assert check_through(field.faults, field, calm_s=1.0) > 20

"""Counts come from the index: in one page, where reading the log would take many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.index.entries import entries_of
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.serving import Deployment, publish, serving
from tidings.index import segments
from tidings.index.file import IndexFile
from tidings.rpc import scanning
from tidings.v1.asking_pb2 import COUNT_KEY_SYSTEM, COUNT_KEY_TYPE, CountRecordsRequest
from tidings.v1.event_system_pb2 import EVENT_SYSTEM_CONSUL


def test_what_retention_took_keeps_no_count_from_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SPAN", 8)
    monkeypatch.setattr(scanning, "AT_ONCE", scanning.AT_ONCE._replace(records=1))
    monkeypatch.setattr(scanning, "MAX_SCANNED", 1)
    deployment = Deployment(index_directory=tmp_path)
    with serving(f"unix:{tmp_path / 'socket'}", deployment) as served:
        given = [publish(served.stub, events.consul("ab"[number % 2])).seq for number in range(40)]
        index = IndexFile(tmp_path)
        index.start_anew(served.deployment.log.log_id)
        index.add(served.run(entries_of(served.store.inner, 0, 100)), given[-1])
        served.run(served.store.trim("consul", given[19]))
        assert index.drop_before(given[20]) > 0
        index.close()
        request = CountRecordsRequest(group_by=[COUNT_KEY_TYPE], totals_by=[COUNT_KEY_SYSTEM])
        answer = served.stub.CountRecords(request, timeout=PATIENCE_S)
        assert [(each.type, each.events) for each in answer.counts] == [("a", 10), ("b", 10)]
        assert [(each.system, each.type, each.events) for each in answer.totals] == [
            (EVENT_SYSTEM_CONSUL, "", 20)
        ]
        assert not answer.next_page_token

"""The rows about questions and the index."""

from __future__ import annotations

from benchmarks.lab import asking, lagging, objects
from benchmarks.lab.row import Row

ROWS = (
    Row(
        number=21,
        title="ms, p50, page of 100 by identifier, of 1,000,000 mixed events",
        must=20,
        aim=10,
        measure=asking.page_ms(identifiers="job/web"),
    ),
    Row(
        number=21,
        title="the same, by type",
        must=20,
        aim=10,
        measure=asking.page_ms(types="AllocationUpdated"),
    ),
    Row(
        number=21,
        title="the same, by a word",
        must=150,
        aim=20,
        measure=asking.page_ms(text="failed"),
    ),
    Row(
        number=21,
        title="ms, p50, counts by hour and system of 30 days",
        must=300,
        aim=100,
        measure=asking.count_ms,
    ),
    Row(
        number=21,
        title="time, page by identifier / the same answer from a bare table",
        must=2,
        aim=1.5,
        measure=asking.page_beside_bare,
    ),
    Row(
        number=22,
        title="rate, publishing on a stream with the index / without",
        must=0.9,
        aim=0.95,
        measure=asking.publish_beside_index,
        more_is_better=True,
    ),
    Row(
        number=22,
        title="s, the index behind a publisher at half of that rate, at most",
        must=2,
        aim=1.5,
        measure=lagging.lag_at_half_rate,
    ),
    Row(
        number=23,
        title="thousand events a second, the index made anew",
        must=20,
        aim=40,
        measure=asking.rebuild,
        more_is_better=True,
    ),
    Row(
        number=23,
        title="bytes of the index / bytes of the log",
        must=0.5,
        aim=0.2,
        measure=asking.share_of_log,
    ),
    Row(
        number=23,
        title="MB of the index's process",
        must=120,
        aim=80,
        measure=asking.process_mb,
    ),
    Row(
        number=24,
        title="ms, p50, 5,000 objects as they were at a time",
        must=1000,
        aim=500,
        measure=objects.state_ms,
    ),
    Row(
        number=24,
        title="time of the same / the same answer from a bare table",
        must=2,
        aim=1.5,
        measure=objects.state_beside_bare,
    ),
    Row(
        number=24,
        title="ms, p50, history of an object with 200 versions",
        must=100,
        aim=50,
        measure=objects.history_ms,
    ),
    Row(
        number=24,
        title="time of the history / the same answer from a bare table",
        must=2,
        aim=1.5,
        measure=objects.history_beside_bare,
    ),
)

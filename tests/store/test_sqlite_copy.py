"""Backups are of one moment, whole, and logs of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.loop import run_async, scenario
from tests.store.places import SQLitePlace, append, draft, opened, texts
from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnfit
from tidings.core.record import Stored
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.copy import Until, copy_log
from tidings.store.sqlite.file import FILE_NAME


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "today"


@pytest.fixture
def log(directory: Path) -> Path:
    """A log at rest with the records 2 to 4, of which 2 has a key."""

    async def main() -> None:
        async with opened(SQLitePlace(directory)) as store:
            await append(store, draft("a", key="k"), draft("b"), draft("c"))
            await store.state.put("token/a", b"x")
            await store.state.put("retention/nomad", b"{}")

    run_async(main())
    return directory


def test_copy_of_a_log_in_use_has_what_was_committed(log: Path, target: Path) -> None:
    async def main() -> None:
        async with opened(SQLitePlace(log)) as store:
            await append(store, draft("d"))
            copy_log(log, target)
            await append(store, draft("not in the copy"))

    run_async(main())
    report = check_sqlite(target)
    assert (report.problems, report.first_seq, report.last_seq) == ((), 2, 5)


@scenario
async def test_copy_is_a_log_of_its_own_that_goes_on_where_it_was(log: Path, target: Path) -> None:
    log_id = copy_log(log, target)
    assert log_id != check_sqlite(log).log_id

    async with opened(SQLitePlace(target)) as store:
        assert store.log_id == log_id
        results = await store.append([draft("a", key="k"), draft("d")])
        assert results == [Stored(2, duplicate=True), Stored(5)]
        assert texts(await store.read(0, 9)) == ["a", "b", "c", "d"]
        assert await store.state.list("retention/") == [], "it asks anew"
        entry = await store.state.get("token/a")
        assert entry is not None
        assert entry.value == b"x"


def test_each_restored_copy_has_another_identity(log: Path, target: Path, tmp_path: Path) -> None:
    ids = {
        check_sqlite(log).log_id,
        copy_log(log, target),
        copy_log(target, tmp_path / "one"),
        copy_log(target, tmp_path / "two"),
    }
    assert len(ids) == 4


def test_copy_is_one_file_that_others_cannot_read(log: Path, target: Path) -> None:
    copy_log(log, target)
    assert {path.name for path in target.iterdir()} == {FILE_NAME, "lock"}
    assert (target / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert target.stat().st_mode & 0o777 == 0o700


def test_a_log_is_never_overwritten(log: Path, target: Path) -> None:
    copy_log(log, target)
    before = (target / FILE_NAME).read_bytes()
    with pytest.raises(StoreUnfit, match=r"^[^:]* holds a log already$"):
        copy_log(log, target)
    assert (target / FILE_NAME).read_bytes() == before


@scenario
async def test_a_log_in_use_is_not_copied_into(log: Path, target: Path) -> None:
    async with opened(SQLitePlace(target)):
        with pytest.raises(StoreLocked):
            copy_log(log, target)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "holds no log"),
        (lambda path: path.write_bytes(b"x" * 8192), "not a database"),
        (lambda path: path.write_bytes(b""), "holds no log"),
    ],
)
def test_what_is_no_log_leaves_nothing_behind(
    log: Path,
    target: Path,
    damage: Callable[[Path], object],
    reason: str,
) -> None:
    damage(log / FILE_NAME)
    with pytest.raises(StoreCorrupt, match=reason):
        copy_log(log, target)
    assert not (target / FILE_NAME).exists()
    assert not list(target.glob("*.part*"))


def test_what_an_interrupted_copy_left_is_in_nobodys_way(log: Path, target: Path) -> None:
    target.mkdir(parents=True)
    (target / "log.db.part").write_bytes(b"half")
    copy_log(log, target)
    assert check_sqlite(target).problems == ()


@pytest.mark.parametrize(
    ("until", "left"),
    [
        (Until(seq=3), ["a", "b"]),
        (Until(seq=2), ["a"]),
        (Until(seq=1), []),
        (Until(seq=99), ["a", "b", "c"]),
        (Until(before_us=0), []),
        (Until(before_us=2**60), ["a", "b", "c"]),
        (Until(seq=3, before_us=2**60), ["a", "b"]),
    ],
)
def test_copy_until_a_point_has_what_was_there_then(
    log: Path, target: Path, until: Until, left: list[str]
) -> None:
    async def main() -> None:
        async with opened(SQLitePlace(target)) as store:
            assert texts(await store.read(0, 9)) == left
            (again,) = await store.append([draft("a", key="k")])
            assert isinstance(again, Stored)
            assert again.duplicate == ("a" in left)
            assert again.duplicate or again.seq == 2 + len(left)

    copy_log(log, target, until)
    assert check_sqlite(target).problems == ()
    run_async(main())


def test_copy_until_a_point_whose_records_were_trimmed_is_refused(log: Path, target: Path) -> None:
    async def main() -> None:
        async with opened(SQLitePlace(log)) as store:
            await store.trim("nomad", 3)

    run_async(main())
    with pytest.raises(StoreUnfit, match="what nomad had at 2 is gone, it was trimmed through 3"):
        copy_log(log, target, Until(seq=2))
    copy_log(log, target, Until(seq=3))

"""The index's file: what it says of itself, what it forgets, and what becomes of an unfit one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.index.entries import LOG, entry, filled, indexed
from tidings.core.extent import Extent
from tidings.index import file as index_file
from tidings.index import segments, term_table
from tidings.index.entries import unknown
from tidings.index.file import FILE_NAME, IndexFile, delete_index
from tidings.index.terms import term_of


def test_what_was_added_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    file = filled(tmp_path, [entry(2), entry(5)], through_seq=9)
    file.close()
    again = IndexFile(tmp_path)
    assert again.open() == Extent(LOG, 0, 9)
    again.add([entry(10)], 10)
    assert again.open() == Extent(LOG, 0, 10)
    again.close()


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    file = IndexFile(tmp_path)
    assert file.open() is None
    assert not file.is_in_place


def test_starting_anew_forgets_everything(tmp_path: Path) -> None:
    file = filled(tmp_path, [entry(2)])
    file.start_anew("another", 7)
    assert file.open() == Extent("another", 7, 7)
    file.add([entry(8)], 8)
    file.close()


def test_another_version_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path, [entry(2)]).close()
    monkeypatch.setattr(index_file, "VERSION", index_file.VERSION + 1)
    file = IndexFile(tmp_path)
    assert file.open() is None
    file.start_anew(LOG)
    assert file.open() == Extent(LOG, 0, 0)
    file.close()


@pytest.mark.parametrize("content", [b"", b"no database" * 1000, b"SQLite format 3\0" + bytes(99)])
def test_what_is_no_index_is_nothing_and_gives_way(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    (tmp_path / f"{FILE_NAME}-wal").write_bytes(content)
    file = IndexFile(tmp_path)
    try:
        assert file.open() is None
    except sqlite3.DatabaseError:
        file.delete()
    file.start_anew(LOG)
    file.add([entry(2)], 2)
    assert file.open() == Extent(LOG, 0, 2)
    file.close()


def test_a_deleted_file_is_noticed(tmp_path: Path) -> None:
    file = filled(tmp_path, [entry(2)])
    told = [file.is_in_place]
    delete_index(tmp_path)
    told.append(file.is_in_place)
    other = filled(tmp_path, [entry(2)])
    told += [file.is_in_place, other.is_in_place]
    assert told == [True, False, False, True]
    file.close()
    other.close()


def test_old_segments_are_dropped_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SPAN", 10)
    file = filled(tmp_path, [entry(seq) for seq in range(2, 35)], through_seq=40)
    assert file.drop_before(10) == 1
    assert file.open() == Extent(LOG, 9, 40)
    assert file.drop_before(29) == 1
    assert file.open() == Extent(LOG, 19, 40)
    assert file.drop_before(29) == 0
    file.add([entry(41)], 41)
    assert file.drop_before(1000) == 3
    assert file.open() == Extent(LOG, 41, 41)
    file.close()


def seqs_in(directory: Path) -> list[int]:
    with closing(sqlite3.connect(directory / FILE_NAME)) as index:
        return term_table.find(index, term_of("typ", "deploy"), 0, 2**40, 100, newest_first=False)


def test_what_is_trimmed_goes_also_behind_an_old_record_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SPAN", 10)
    busy = [entry(seq, system="nomad") for seq in range(3, 57)]
    file = filled(tmp_path, [entry(2), *busy, entry(57)])
    assert file.drop_trimmed({"nomad": 39}) == 3
    assert file.open() == Extent(LOG, 0, 57)
    assert seqs_in(tmp_path) == [*range(2, 10), *range(40, 58)]
    assert file.drop_trimmed({"nomad": 56}) == 1
    assert file.drop_trimmed({"nomad": 56, "consul": 2}) == 1
    assert file.drop_trimmed({"nomad": 57, "consul": 57}) == 0  # more may come to the last one
    assert seqs_in(tmp_path) == list(range(50, 58))
    file.add([entry(60)], 60)
    assert seqs_in(tmp_path) == [*range(50, 58), 60]
    file.close()


def test_a_record_that_could_not_be_read_may_be_of_any_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SPAN", 10)
    file = filled(tmp_path, [entry(2), unknown(3), entry(12), entry(22)])
    assert file.drop_trimmed({"consul": 22}) == 1
    assert seqs_in(tmp_path) == [2, 22]
    file.close()


def test_the_space_of_what_was_dropped_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SPAN", 1000)
    file = filled(tmp_path, [entry(seq, indexed(text=f"word{seq}")) for seq in range(2, 2500)])
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as index:

        def pages() -> int:
            (count,) = index.execute("PRAGMA page_count").fetchone()
            return int(count)

        before = pages()
        assert file.drop_trimmed({"consul": 2500}) == 2
        assert pages() == before
        file.give_back(3)
        assert pages() == before - 3
        file.give_back(1000)
        assert pages() < before / 2
    assert seqs_in(tmp_path)[0] == 2000
    file.close()


def test_entries_of_which_nothing_is_known_are_kept(tmp_path: Path) -> None:
    file = filled(tmp_path, [unknown(2), entry(3, indexed("a"), indexed("a"), indexed("b"))])
    assert file.open() == Extent(LOG, 0, 3)
    file.close()


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    filled(tmp_path, [entry(2)]).close()
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600

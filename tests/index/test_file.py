"""The index's file: what it says of itself, what it forgets, and what becomes of an unfit one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.index.entries import LOG, entry, filled, indexed
from tidings.core.extent import Extent
from tidings.index import file as index_file
from tidings.index import segments
from tidings.index.entries import unknown
from tidings.index.file import FILE_NAME, IndexFile, delete_index


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


def test_entries_of_which_nothing_is_known_are_kept(tmp_path: Path) -> None:
    file = filled(tmp_path, [unknown(2), entry(3, indexed("a"), indexed("a"), indexed("b"))])
    assert file.open() == Extent(LOG, 0, 3)
    file.close()


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    filled(tmp_path, [entry(2)]).close()
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600

"""The primitives that everything which must not be lost is written with."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from seedbed.disk import Disk


def test_a_replaced_file_has_the_new_content_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    Disk().write_atomic(path, b"old")
    Disk().write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["config.json"]


def test_a_file_that_cannot_be_replaced_keeps_its_content(tmp_path: Path) -> None:
    class FullDisk(Disk):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "config.json"
    Disk().write_atomic(path, b"old")
    with pytest.raises(OSError, match="No space left"):
        FullDisk().write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["config.json"]


def test_writing_goes_on_where_the_system_took_only_some_bytes(tmp_path: Path) -> None:
    class SlowDisk(Disk):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            return super().write(descriptor, data[:3])

    SlowDisk().write_file(tmp_path / "file", [b"one piece", b"", b"and another"])
    assert (tmp_path / "file").read_bytes() == b"one pieceand another"


def test_folders_are_made_with_those_above_them_and_may_exist_already(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c" / "d" / "e" / "f"
    Disk().make_folders(path)
    Disk().make_folders(path)
    assert path.is_dir()


def test_a_folder_is_removed_with_what_is_in_it_but_a_link_only_itself(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("1")
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_text("1")
    (folder / "link").symlink_to(elsewhere)
    (tmp_path / "linked").symlink_to(elsewhere)
    Disk().remove(folder)
    Disk().remove(tmp_path / "linked")
    assert sorted(os.listdir(tmp_path)) == ["elsewhere"]
    assert (elsewhere / "precious").exists()


@pytest.mark.parametrize("waiters", [1, 8])
def test_files_and_folders_are_waited_for_together_and_one_that_fails_is_told(tmp_path: Path, waiters: int) -> None:
    synced: set[str] = set()

    class BrokenDisk(Disk):
        def sync_file(self, path: Path) -> None:
            super().sync_file(path)
            synced.add(path.name)

        def sync_folder(self, path: Path) -> None:
            super().sync_folder(path)
            synced.add(path.name)

    disk = BrokenDisk()
    disk.waiters = waiters
    (tmp_path / "folder").mkdir()
    files = [tmp_path / name for name in "abcdefghijkl"]
    for file in files:
        file.write_bytes(b"1")
    disk.sync_all(files, [tmp_path / "folder"])
    assert synced == {*"abcdefghijkl", "folder"}
    synced.clear()
    files[-1].unlink()
    with pytest.raises(FileNotFoundError):
        disk.sync_all(files, [tmp_path / "folder"])
    assert synced >= set("abcdefghijk")


def test_files_are_made_durable_where_the_system_gives_no_thread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    synced: list[str] = []

    class NotingDisk(Disk):
        def sync_file(self, path: Path) -> None:
            super().sync_file(path)
            synced.append(path.name)

    begin, left = threading.Thread.start, [0]

    def start(thread: threading.Thread) -> None:
        if left[0] == 0:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    files = [tmp_path / name for name in "abcd"]
    for file in files:
        file.write_bytes(b"1")
    for allowed in (0, 1):
        left[0] = allowed
        synced.clear()
        NotingDisk().sync_all(files, [])
        assert set(synced) == set("abcd")
    left[0] = 1
    files[0].unlink()  # its thread fails, and another cannot be started
    with pytest.raises(FileNotFoundError):
        NotingDisk().sync_all(files, [])


def test_a_file_system_that_cannot_sync_folders_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    Disk().sync_folder(tmp_path)


def test_a_broken_disk_is_an_error_when_a_folder_is_synced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        Disk().sync_folder(tmp_path)


def test_a_part_of_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    assert Disk().read(tmp_path / "file") == b"0123456789"
    assert Disk().read(tmp_path / "file", 3, 4) == b"3456"
    assert Disk().size(tmp_path / "file") == 10

"""Saving during a run: a disk that refuses does not end the training, and takes nothing with it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from seedbed.checkpoint.saver import Saver
from seedbed.checkpoint.store import list_checkpoints, load_newest
from seedbed.disk import Disk
from seedbed.errors import CheckpointError


def make_state(step: int, size: int = 10) -> dict[str, Any]:
    return {"model": {"w": torch.full((size,), float(step))}, "counters": {"step": step}}


def make_saver(root: Path, said: list[str], disk: Disk | None = None, keep_last: int = 1) -> Saver:
    return Saver(root, keep_last=keep_last, keep_every_epochs=None, say=said.append, disk=disk)


def steps_in(root: Path) -> list[str]:
    return [path.name for path in list_checkpoints(root)]


def assert_one_sentence(said: list[str], *words: str) -> None:
    (sentence,) = said
    assert "\n" not in sentence
    for word in ("could not be saved", "training goes on", "the last good checkpoint stays", "tried again", *words):
        assert word in sentence, sentence


class FullDisk(Disk):
    """Refuses to write while it is full."""

    full = False

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(descriptor, data)


def test_a_save_is_kept_and_older_ones_go(tmp_path: Path) -> None:
    said: list[str] = []
    saver = make_saver(tmp_path / "checkpoints", said)
    for step in (1, 2, 3):
        checkpoint = saver.save(make_state(step), {"epoch": step}, None)
        assert checkpoint is not None
    assert (saver.saved_step, saver.failed, said) == (3, False, [])
    assert steps_in(saver.root) == ["step-00000003"]


def test_a_full_disk_is_said_once_a_save_and_the_next_one_works(tmp_path: Path) -> None:
    said: list[str] = []
    disk = FullDisk()
    saver = make_saver(tmp_path, said, disk)
    saver.save(make_state(1), {}, None)
    disk.full = True
    assert saver.save(make_state(2), {}, None) is None
    assert (saver.saved_step, saver.failed) == (1, True)
    assert_one_sentence(said, "step 2", "No space left on device")
    assert os.listdir(tmp_path) == ["step-00000001"]
    disk.full = False
    assert saver.save(make_state(3), {}, None) is not None
    assert (saver.saved_step, saver.failed, len(said)) == (3, False, 1)
    assert steps_in(tmp_path) == ["step-00000003"]


def test_an_old_checkpoint_that_cannot_be_removed_is_said_and_tried_again(tmp_path: Path) -> None:
    class StickyDisk(Disk):
        sticky = True

        def unlink(self, path: Path) -> None:
            if self.sticky:
                raise OSError(errno.EPERM, "Operation not permitted")
            super().unlink(path)

    said: list[str] = []
    disk = StickyDisk()
    saver = make_saver(tmp_path, said, disk)
    saver.save(make_state(1), {}, None)
    assert saver.save(make_state(2), {}, None) is not None
    assert said == [
        "an old checkpoint could not be removed (Operation not permitted); it is tried again at the next save"
    ]
    assert not saver.failed
    assert steps_in(tmp_path) == ["step-00000002"]
    disk.sticky = False
    saver.save(make_state(3), {}, None)
    assert os.listdir(tmp_path) == ["step-00000003"]


def test_a_folder_that_somebody_has_removed_is_made_again(tmp_path: Path) -> None:
    said: list[str] = []
    saver = make_saver(tmp_path / "checkpoints", said)
    shutil.rmtree(saver.root)
    assert saver.save(make_state(1), {}, None) is not None
    assert said == []


def test_a_state_that_cannot_be_saved_ends_the_training(tmp_path: Path) -> None:
    saver = make_saver(tmp_path, [])
    with pytest.raises(CheckpointError, match="object at memory"):
        saver.save({**make_state(1), "memory": object()}, {}, None)


def test_a_checkpoint_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(CheckpointError, match=r"cannot be made .*--out"):
        make_saver(tmp_path / "run" / "checkpoints", [])


# ---- disks that are really full, small or read-only ------------------------------------------------------------


def run_quietly(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    if not run_quietly("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)):
        pytest.skip("a 2 MB file system cannot be mounted here")
    yield folder
    run_quietly("umount", str(folder))


def test_a_disk_of_two_megabytes_that_fills_up_keeps_the_last_good_checkpoint(small_disk: Path) -> None:
    said: list[str] = []
    saver = make_saver(small_disk / "checkpoints", said)
    assert saver.save(make_state(1, 200_000), {}, None) is not None
    (small_disk / "ballast").write_bytes(b"x" * 500_000)
    assert saver.save(make_state(2, 200_000), {}, None) is None
    assert_one_sentence(said, "No space left on device")
    assert os.listdir(saver.root) == ["step-00000001"]
    (small_disk / "ballast").unlink()
    assert saver.save(make_state(3, 200_000), {}, None) is not None
    assert steps_in(saver.root) == ["step-00000003"]
    found = load_newest(saver.root)
    assert found is not None
    assert torch.equal(found[0]["model"]["w"], torch.full((200_000,), 3.0))


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A checkpoint folder in which even root can make nothing."""
    root = tmp_path / "checkpoints"
    make_saver(root, []).save(make_state(1), {}, None)
    if not run_quietly("chattr", "+i", str(root)):
        pytest.skip("folders cannot be made immutable here (needs root and ext4)")
    yield root
    run_quietly("chattr", "-i", str(root))


def test_a_read_only_folder_is_said_and_the_last_checkpoint_still_loads(locked: Path) -> None:
    said: list[str] = []
    saver = make_saver(locked, said)
    assert saver.save(make_state(2), {}, None) is None
    assert_one_sentence(said, "Operation not permitted")
    found = load_newest(locked)
    assert found is not None
    assert found[1].step == 1
    run_quietly("chattr", "-i", str(locked))
    assert saver.save(make_state(3), {}, None) is not None
    assert steps_in(locked) == ["step-00000003"]


@pytest.mark.slow
def test_a_limit_on_file_sizes_is_said_and_smaller_saves_go_on(tmp_path: Path) -> None:
    code = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        import torch
        from seedbed.checkpoint.saver import Saver
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        saver = Saver(Path(sys.argv[1]), keep_last=1, keep_every_epochs=None, say=print)
        for step, size in ((1, 10), (2, 10_000), (3, 10)):
            state = {"model": {"w": torch.full((size,), float(step))}, "counters": {"step": step}}
            print(step, saver.save(state, {}, None) is not None)
        """
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    first, sentence, second, third = done.stdout.splitlines()
    assert (first, second, third) == ("1 True", "2 False", "3 True")
    assert_one_sentence([sentence], "File too large")
    assert os.listdir(tmp_path) == ["step-00000003"]


class CountingDisk(Disk):
    """Counts how often it is waited for, and refuses to be while ``broken``."""

    waits = 0
    broken = False

    def fsync(self, descriptor: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        self.waits += 1
        super().fsync(descriptor)

    def sync_folder(self, path: Path) -> None:
        self.waits += 1
        super().sync_folder(path)


def make_patient(root: Path, said: list[str], disk: Disk, keep_last: int = 1) -> Saver:
    return Saver(root, keep_last=keep_last, keep_every_epochs=None, say=said.append, disk=disk, patience=1000.0)


def test_a_quick_save_does_not_wait_for_the_disk_and_removes_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    disk = CountingDisk()
    saver = make_patient(tmp_path, said, disk)
    saver.save(make_state(1), {}, None)
    before = disk.waits
    for step in (2, 3, 4):
        assert saver.save(make_state(step), {}, 3, durable=False) is not None
    assert (disk.waits, saver.at_risk) == (before, True)
    assert steps_in(tmp_path) == [f"step-0000000{step}" for step in (1, 2, 3, 4)]
    assert saver.settle()
    assert disk.waits > before
    assert (saver.at_risk, said) == (False, [])
    assert steps_in(tmp_path) == ["step-00000003", "step-00000004"]


def test_it_is_time_to_settle_after_a_while_or_when_much_waits(tmp_path: Path) -> None:
    saver = make_patient(tmp_path, [], Disk())
    saver.save(make_state(1), {}, None, durable=False)
    assert not saver.due()
    saver.settled -= 1001
    assert saver.due()
    assert saver.settle()
    assert not saver.due()
    saver.save(make_state(2, size=1 << 24), {}, None, durable=False)
    assert saver.due()


def test_what_could_not_be_made_durable_is_written_again(tmp_path: Path) -> None:
    said: list[str] = []
    disk = CountingDisk()
    saver = make_patient(tmp_path, said, disk)
    saver.save(make_state(1), {}, None)
    saver.save(make_state(2), {}, None, durable=False)
    disk.broken = True
    assert not saver.settle()
    assert (saver.failed, saver.at_risk) == (True, True)
    assert "the checkpoint of step 2 could not be made durable (Input/output error); training goes on" in said[0]
    assert steps_in(tmp_path) == ["step-00000001", "step-00000002"]
    disk.broken = False
    inode = (tmp_path / "step-00000002" / "model.safetensors").stat().st_ino
    assert saver.settle()
    assert (tmp_path / "step-00000002" / "model.safetensors").stat().st_ino != inode
    assert steps_in(tmp_path) == ["step-00000002"]
    found = load_newest(tmp_path)
    assert found is not None
    assert found[1].step == 2


def test_a_checkpoint_that_the_disk_has_dropped_replaces_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    disk = CountingDisk()
    saver = make_patient(tmp_path, said, disk)
    saver.save(make_state(1), {}, None)
    saver.save(make_state(2), {}, None, durable=False)
    disk.broken = True
    saver.settle()
    disk.broken = False
    (tmp_path / "step-00000002" / "state.json").write_bytes(b"")
    assert not saver.settle()
    assert saver.settle()  # nothing more to do until the next save
    assert "step-00000002 is damaged" in said[1]
    assert (saver.failed, steps_in(tmp_path)) == (True, ["step-00000001", "step-00000002"])
    assert saver.save(make_state(3), {}, None) is not None
    assert (saver.failed, steps_in(tmp_path)) == (False, ["step-00000003"])


def test_what_another_process_has_left_is_made_durable_before_it_is_relied_on(tmp_path: Path) -> None:
    first = make_patient(tmp_path, [], Disk())
    first.save(make_state(1), {}, 1, durable=False)
    disk = CountingDisk()
    second = make_patient(tmp_path, [], disk)
    assert list(second.waiting) == [tmp_path / "step-00000001"]
    second.save(make_state(2), {}, 1)
    assert (second.waiting, steps_in(tmp_path)) == ({}, ["step-00000001", "step-00000002"])
    assert disk.waits >= 4 + 4 + 4  # the files of both, and their folders and names

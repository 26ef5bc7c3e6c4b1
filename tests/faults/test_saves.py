"""Every call that a save makes to the disk fails, in every way; see ``enumerate.py`` for the whole of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import enumerate as faults
import pytest
from faulty import WAYS, DeadError, FaultyDisk
from simulated import Folder, SimulatedDisk

from seedbed.checkpoint.store import load_newest
from seedbed.disk import Disk


def test_a_part_of_all_faults_never_loses_or_mixes_a_state() -> None:
    tally = faults.run(share=0.03, seed=1, say=lambda line: None)
    assert sum(tally.tried.values()) > 80
    assert len(tally.recovered) > 50
    assert tally.violations == []


def test_each_call_of_a_save_that_prunes_fails_in_a_real_folder() -> None:
    tally, scenario = faults.Tally(), faults.SCENARIOS[3]
    _, num_calls = faults.snapshot_of(scenario)
    with tempfile.TemporaryDirectory(dir=faults.MEMORY) as folder:
        for fail_at in range(1, num_calls + 1):
            faults.try_real(tally, scenario, fail_at, WAYS[fail_at % len(WAYS)], Path(folder))
    assert sum(tally.tried.values()) == num_calls
    assert tally.violations == []


class CarelessDisk(SimulatedDisk):
    """Leaves one precaution out, to see that the model notices."""

    def __init__(self, missing: str) -> None:
        super().__init__()
        self.missing = missing

    def fsync(self, descriptor: int) -> None:
        if self.missing != "fsync":
            super().fsync(descriptor)

    def sync_folder(self, path: Path) -> None:
        if self.missing == "parent" and path == faults.ROOT:
            return
        if self.missing == "folder" and path.name.startswith(".step"):
            return
        super().sync_folder(path)


@pytest.mark.parametrize("missing", ["fsync", "parent", "folder"])
def test_a_save_without_one_of_its_syncs_is_caught_by_the_model(missing: str) -> None:
    disk = CarelessDisk(missing)
    scenario = faults.SCENARIOS[1]
    faults.prepare(scenario, disk, faults.ROOT)
    for folder in (faults.ROOT, faults.ROOT.parent):
        SimulatedDisk.sync_folder(disk, folder)
    assert faults.save(scenario, disk, faults.ROOT, [])
    new, tally = faults.fingerprint(faults.make_state(scenario.step, 1)), faults.Tally()
    for state in disk.root.possible():
        faults.check_newest(tally, faults.ROOT, SimulatedDisk(state), {new}, missing)
        if tally.violations:
            return
    pytest.fail("no state after a loss of power lacks what was saved")


def test_a_best_checkpoint_settled_without_syncing_its_folder_is_caught_by_the_model() -> None:
    class Careless(SimulatedDisk):
        def sync_folder(self, path: Path) -> None:
            if not path.name.startswith("step"):
                super().sync_folder(path)

    scenario = faults.SCENARIOS[-1]
    for kind, lost in ((SimulatedDisk, False), (Careless, True)):
        disk = kind()
        faults.prepare(scenario, disk, faults.ROOT)
        assert faults.save(scenario, disk, faults.ROOT, [])
        states = [SimulatedDisk(state) for state in disk.some_after_power_loss(200, Random(0))]
        found = [disk.find(faults.ROOT / "step-00000002") for disk in states]
        assert any(len(folder.names) < 4 for folder in found if isinstance(folder, Folder)) is lost


def test_after_a_failed_fsync_everything_is_written_again() -> None:
    """A second fsync succeeds without the bytes; only writing them again brings them to the disk."""
    disk = SimulatedDisk({"file": b"old"})
    descriptor = disk.create(Path("/file"))
    disk.write(descriptor, b"new")
    disk.fail_fsync(descriptor)
    disk.fsync(descriptor)
    assert b"new" not in {state["file"] for state in disk.after_power_loss()}

    faulty = FaultyDisk(disk, fail_at=3, way="broken once")
    with pytest.raises(OSError, match="Input/output error"):
        faulty.write_atomic(Path("/file"), b"new")
    assert faulty.calls[2] == "fsync"
    faulty.write_atomic(Path("/file"), b"new")
    assert {state["file"] for state in disk.after_power_loss()} == {b"new"}


def test_replacing_a_file_leaves_the_old_content_or_the_new_after_any_fault() -> None:
    for way in WAYS:
        for fail_at in range(1, 9):
            disk = SimulatedDisk({"folder": {"file": b"old"}})
            faulty, done = FaultyDisk(disk, fail_at, way), False
            try:
                faulty.write_atomic(Path("/folder/file"), b"the new content")
                done = True
            except (OSError, DeadError):
                pass
            found = {state["folder"].get("file") for state in disk.after_power_loss()}
            assert found <= ({b"the new content"} if done else {b"old", b"the new content"}), (way, fail_at)
            if not faulty.dead and not way.endswith("from then on") and faulty.calls[fail_at - 1 :][:1] != ["unlink"]:
                assert disk.names(Path("/folder")) == ["file"], (way, fail_at)


def test_a_folder_made_by_a_process_that_died_is_made_durable_by_the_next() -> None:
    disk = SimulatedDisk()
    disk.mkdir(Path("/runs"))
    disk.mkdir(Path("/runs/name"))
    disk.make_folders(Path("/runs/name/id"))
    disk.mkdir(Path("/runs/name/id/checkpoints"))
    disk.make_folders(Path("/runs/name/id/checkpoints"))
    (state,) = disk.after_power_loss()
    assert state == {"runs": {"name": {"id": {"checkpoints": {}}}}}


def test_a_read_error_in_the_newest_checkpoint_falls_back_and_says_so(tmp_path: Path) -> None:
    scenario = faults.SCENARIOS[2]
    root = tmp_path / "runs" / "name" / "id" / "checkpoints"
    faults.prepare(scenario, Disk(), root)
    found = load_newest(root, disk=FaultyDisk(Disk(), fail_at=3, way="broken once"))
    assert found is not None
    assert found[1].step == 2
    (sentence,) = found[2]
    assert "step-00000003 is not a complete checkpoint: model.safetensors: Input/output error" in sentence

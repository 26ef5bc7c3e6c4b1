"""A checkpoint is whole or absent; a damaged one is noticed, named and passed over."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from seedbed.checkpoint.seal import FORMAT, seal, unseal
from seedbed.checkpoint.store import (
    FILES,
    NewerFormatError,
    find_step,
    folder_name,
    list_checkpoints,
    load,
    load_newest,
    parse_name,
    read_manifest,
    save,
)
from seedbed.disk import Disk
from seedbed.errors import CheckpointError

ALL = (*FILES, "MANIFEST.json")


def make_state(step: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(step)
    return {
        "model": {"w": torch.randn(2, 2, generator=generator), "b": torch.zeros(1)},
        "optimizer/main": {"state": {0: {"exp_avg": torch.randn(2, generator=generator)}}},
        "counters": {"step": step},
    }


def save_steps(root: Path, *steps: int) -> list[Path]:
    return [save(root, make_state(step), step, {"epoch": step}).path for step in steps]


def newest_step(root: Path) -> int:
    found = load_newest(root)
    assert found is not None
    assert found[0]["counters"]["step"] == found[1].step
    expected = make_state(found[1].step)
    assert torch.equal(found[0]["model"]["w"], expected["model"]["w"])
    assert torch.equal(
        found[0]["optimizer/main"]["state"][0]["exp_avg"], expected["optimizer/main"]["state"][0]["exp_avg"]
    )
    return found[1].step


def test_a_saved_state_comes_back_with_its_manifest(tmp_path: Path) -> None:
    checkpoint = save(tmp_path / "new" / "folder", make_state(7), 7, {"epoch": 2, "loss": float("nan")})
    state, found = load(checkpoint.path)
    assert state["counters"] == {"step": 7}
    assert torch.equal(state["model"]["w"], make_state(7)["model"]["w"])
    assert found.step == 7
    manifest = found.manifest
    assert (manifest["format"], manifest["epoch"], manifest["loss"]) == (FORMAT, 2, "NaN")
    assert manifest["torch"] == str(torch.__version__)
    assert sorted(os.listdir(checkpoint.path)) == sorted(ALL)


def test_what_a_user_says_cannot_change_what_the_manifest_must_say(tmp_path: Path) -> None:
    assert read_manifest(save(tmp_path, make_state(1), 1, {"step": 9, "format": 9, "files": {}}).path)["step"] == 1


def test_the_models_file_is_read_by_the_library_under_the_models_names(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    model[0].weight.data = model[0].weight.data.T.contiguous().T
    path = save(tmp_path, {"model": model.state_dict(), "counters": {"step": 1}}, 1, {}).path
    found = safetensors.torch.load_file(path / "model.safetensors")
    assert found.keys() == model.state_dict().keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in model.state_dict().items())
    other = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    other.load_state_dict(load(path)[0]["model"])
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


# ---- every kind of damage --------------------------------------------------------------------------------------


@pytest.fixture(params=ALL)
def damaged(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of the newest of two checkpoints, to be damaged."""
    save_steps(tmp_path, 1, 2)
    return tmp_path / "step-00000002" / request.param


def assert_noticed(path: Path, *words: str) -> str:
    """The newest checkpoint is refused with the file's name; the one before it is loaded, and it is said."""
    with pytest.raises(CheckpointError, match=path.name) as caught:
        load(path.parent)
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message
    found = load_newest(path.parent.parent)
    assert found is not None
    assert (found[1].step, found[2]) == (1, [message])
    return message


def test_a_file_cut_at_any_byte_is_noticed(damaged: Path) -> None:
    data = damaged.read_bytes()
    for size in range(len(data)):
        damaged.write_bytes(data[:size])
        with pytest.raises(CheckpointError, match=damaged.name):
            load(damaged.parent)
    assert_noticed(damaged, "damaged")
    damaged.write_bytes(data + b" ")
    assert_noticed(damaged, "damaged")


def test_a_flipped_bit_in_any_byte_is_noticed(damaged: Path) -> None:
    data, draw = damaged.read_bytes(), random.Random(1)
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1 << draw.randrange(8)
        damaged.write_bytes(flipped)
        with pytest.raises(CheckpointError, match=damaged.name):
            load(damaged.parent)
    assert_noticed(damaged, "damaged")


def test_a_missing_file_is_noticed(damaged: Path) -> None:
    damaged.unlink()
    assert_noticed(damaged, "not a complete checkpoint", "No such file")


def test_a_folder_in_a_files_place_is_noticed(damaged: Path) -> None:
    damaged.unlink()
    damaged.mkdir()
    assert_noticed(damaged, "not a complete checkpoint")


def test_a_file_of_another_checkpoint_is_noticed(damaged: Path) -> None:
    shutil.copy(damaged.parent.parent / "step-00000001" / damaged.name, damaged)
    assert_noticed(damaged, "damaged")


def test_random_bytes_in_a_files_place_are_noticed(damaged: Path) -> None:
    damaged.write_bytes(random.Random(1).randbytes(damaged.stat().st_size))
    assert_noticed(damaged, "damaged")


@pytest.mark.parametrize(("name", "tensor"), [("model", "w"), ("state", "optimizer/main/state/0/exp_avg")])
def test_a_changed_tensor_is_named(tmp_path: Path, name: str, tensor: str) -> None:
    save_steps(tmp_path, 1, 2)
    path = tmp_path / "step-00000002" / f"{name}.safetensors"
    tensors = safetensors.torch.load_file(path)
    data = path.read_bytes()
    start = data.index(tensors[tensor].numpy().tobytes())
    path.write_bytes(data[:start] + bytes([data[start] ^ 1]) + data[start + 1 :])
    assert_noticed(path, f"in the tensor {tensor}")


def test_a_checkpoint_under_another_steps_name_is_noticed(tmp_path: Path) -> None:
    save_steps(tmp_path, 1)
    shutil.copytree(tmp_path / "step-00000001", tmp_path / "step-00000002")
    assert "that of step 1" in assert_noticed(tmp_path / "step-00000002" / "MANIFEST.json")


def test_a_checkpoint_copied_under_a_name_of_the_users_own_loads(tmp_path: Path) -> None:
    save_steps(tmp_path, 1)
    shutil.copytree(tmp_path / "step-00000001", tmp_path / "good one")
    assert load(tmp_path / "good one")[1].step == 1


def test_a_file_that_does_not_belong_there_does_no_harm(tmp_path: Path) -> None:
    save_steps(tmp_path, 1)
    (tmp_path / "step-00000001" / ".DS_Store").write_text("x")
    (tmp_path / "notes.txt").write_text("x")
    assert newest_step(tmp_path) == 1


def test_an_empty_folder_and_a_file_with_a_checkpoints_name_are_passed_over(tmp_path: Path) -> None:
    save_steps(tmp_path, 1)
    (tmp_path / folder_name(2)).mkdir()
    (tmp_path / folder_name(3)).write_text("not a folder")
    (tmp_path / folder_name(4)).symlink_to(tmp_path / "nowhere")
    found = load_newest(tmp_path)
    assert found is not None
    assert (found[1].step, len(found[2])) == (1, 3)


def test_where_every_checkpoint_is_damaged_each_is_named(tmp_path: Path) -> None:
    for path in save_steps(tmp_path, 1, 2):
        (path / "state.json").unlink()
    with pytest.raises(CheckpointError, match=r"none of the 2 checkpoints .*step-00000002.*step-00000001"):
        load_newest(tmp_path)


def test_no_checkpoints_are_no_error(tmp_path: Path) -> None:
    assert load_newest(tmp_path) is None
    assert load_newest(tmp_path / "missing") is None


def test_a_folder_that_cannot_be_listed_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file")
    with pytest.raises(CheckpointError, match=r"cannot be read: Not a directory"):
        load_newest(tmp_path / "checkpoints")


def test_an_edited_manifest_is_noticed_whatever_the_edit(tmp_path: Path) -> None:
    save_steps(tmp_path, 1, 2)
    path = tmp_path / "step-00000002" / "MANIFEST.json"
    data = path.read_bytes()
    document = json.loads(data)
    for edited in (
        data.replace(b'"epoch": 2', b'"epoch": 3'),
        json.dumps(document).encode(),
        json.dumps(document["manifest"]).encode(),
        data + data,
        b"{}",
        b"",
    ):
        path.write_bytes(edited)
        assert_noticed(path, "does not match its own digest")


# ---- other formats ---------------------------------------------------------------------------------------------


def write_format(path: Path, number: int) -> None:
    manifest = read_manifest(path)
    (path / "MANIFEST.json").write_bytes(seal({**manifest, "format": number, "seedbed": "9.9"}))


def test_a_format_of_a_later_version_is_not_damage_and_not_passed_over(tmp_path: Path) -> None:
    """Going on from an older checkpoint would give up what a later version has trained."""
    paths = save_steps(tmp_path, 1, 2)
    write_format(paths[1], FORMAT + 1)
    message = rf"step-00000002 has checkpoint format {FORMAT + 1}, written by seedbed 9.9; .* install the version"
    with pytest.raises(NewerFormatError, match=message):
        load_newest(tmp_path)


def test_a_manifest_keeps_every_value_and_half_a_surrogate(tmp_path: Path) -> None:
    manifest = {"format": 1, "text": "ü\udcff", "loss": float("inf"), "n": 2**70}
    assert unseal(seal(manifest), tmp_path) == {**manifest, "loss": "Infinity"}


# ---- order -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [0, 1, 99_999_999, 123_456_789_012])
@pytest.mark.parametrize("lineage", [1, 2, 11])
def test_a_folders_name_says_its_step_and_lineage(step: int, lineage: int) -> None:
    assert parse_name(folder_name(step, lineage)) == (step, lineage)


@pytest.mark.parametrize(
    "name", ["step-1", ".step-00000001.tmp", "step-00000001.old", "step-٠٠٠٠٠٠٠١", "step-00000001-"]
)
def test_other_names_are_not_checkpoints(name: str) -> None:
    assert parse_name(name) is None


def test_the_order_is_that_of_the_steps_whatever_the_clock_says(tmp_path: Path) -> None:
    paths = save_steps(tmp_path, 9, 10, 100_000_000)
    for age, path in enumerate(paths):
        os.utime(path, (1e9 - age * 1e6, 1e9 - age * 1e6))
    assert list_checkpoints(tmp_path) == paths
    assert newest_step(tmp_path) == 100_000_000


def test_what_is_saved_last_is_newest_also_after_going_back(tmp_path: Path) -> None:
    for step in (1, 2, 3, 2, 2, 3, 1, 5, 5, 4):
        save_steps(tmp_path, step)
        assert newest_step(tmp_path) == step
    assert find_step(tmp_path, 2) == tmp_path / "step-00000002-3"
    assert find_step(tmp_path, 7) is None


def test_a_reader_looks_again_when_the_run_prunes_under_its_eyes(tmp_path: Path) -> None:
    root = tmp_path / "checkpoints"
    save_steps(root, 1)

    class RacingDisk(Disk):
        def read(self, path: Path, start: int = 0, size: int = -1) -> bytes:
            if find_step(root, 2) is None:
                save_steps(root, 2)
                shutil.rmtree(root / "step-00000001")
            return super().read(path, start, size)

    found = load_newest(root, disk=RacingDisk())
    assert found is not None
    assert (found[1].step, found[2]) == (2, [])


# ---- writing ---------------------------------------------------------------------------------------------------


def test_what_does_not_read_back_as_written_is_never_given_its_name(tmp_path: Path) -> None:
    class LyingDisk(Disk):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            flipped = bytearray(data)
            flipped[-1] ^= 4
            return super().write(descriptor, bytes(flipped))

    save_steps(tmp_path, 1)
    with pytest.raises(OSError, match=r"model.safetensors does not read back as it was written"):
        save(tmp_path, make_state(2), 2, {}, disk=LyingDisk())
    assert list_checkpoints(tmp_path) == [tmp_path / "step-00000001"]


def test_a_state_that_cannot_be_saved_touches_nothing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="function at memory/hook"):
        save(tmp_path, {**make_state(1), "memory": {"hook": make_state}}, 1, {})
    assert os.listdir(tmp_path) == []


# ---- the format that is out there ------------------------------------------------------------------------------

KEPT = Path(__file__).parents[2] / "data" / "checkpoint-format-1" / "step-00000042"


def test_a_checkpoint_of_format_1_is_read_to_the_bit() -> None:
    state, checkpoint = load(KEPT)
    assert checkpoint.manifest["format"] == 1
    assert (checkpoint.step, checkpoint.manifest["epoch"], checkpoint.manifest["loss"]) == (42, 3, "NaN")
    weight = state["model"]["layer.weight"]
    assert weight.dtype == torch.float32
    assert weight.view(torch.int32).tolist() == [[0x3DCCCCCD, -0x80000000], [0x7FC00000, 0x00000001]]
    assert state["model"]["steps"].item() == 5
    assert state["model"]["half"].view(torch.int16).tolist() == [0x3FC0]
    assert state["model"]["wave"].tolist() == [1 + 2j]
    averages = state["optimizer/main"]["state"][0]
    assert averages["exp_avg"].tolist() == [0.25, -0.5]
    assert averages["double"].tolist() == [1 - 1j]
    assert state["optimizer/main"]["param_groups"] == [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0]}]
    assert state["rng"]["words"].dtype == "uint32"
    assert state["rng"]["words"].tolist() == [1, 2**32 - 1]
    memory = state["memory"]
    assert (memory["best"], memory["seen"], memory["raw"], memory["$odd"]) == (
        float("inf"),
        {1, "a"},
        b"\x00\xff",
        None,
    )
    assert memory["z"] == 1j
    assert state["counters"] == {"step": 42}

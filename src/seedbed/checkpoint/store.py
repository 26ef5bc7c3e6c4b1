"""Checkpoint folders: write one whole or not at all, verify it when read, find the newest valid one.

    checkpoints/step-00001200/
      model.safetensors   the model's weights under their own names
      state.safetensors   every other tensor of the training state
      state.json          the rest of the state, with a reference to each tensor
      MANIFEST.json       format, step, epoch, metrics, and a digest of every file and every tensor; written last

The folder is made under a temporary name and renamed when everything in it is durable: that is the one commit point.

A run that has gone back, because a newer checkpoint was damaged, writes steps that lie before or at ones that are
there. Its folders carry the number of the lineage, ``step-00001100-2``, and later lineages count as newer: the order
of checkpoints is in their names alone, whatever the clock says.
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seedbed.checkpoint.pack import fast_digest, pack, tensor_digest, tensor_digests, unpack
from seedbed.checkpoint.seal import FORMAT, NewerFormatError, seal, unseal, version
from seedbed.checkpoint.tree import join_tensors, split_tensors
from seedbed.disk import Disk
from seedbed.errors import CheckpointError

FILES = ("model.safetensors", "state.safetensors", "state.json")
CHUNK = 1 << 18
FOLDER = re.compile(r"step-(\d{8,})(?:-(\d+))?", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint: its manifest and where it is."""

    path: Path
    manifest: dict[str, Any]

    @property
    def step(self) -> int:
        """Number of updates made."""
        return int(self.manifest["step"])


def folder_name(step: int, lineage: int = 1) -> str:
    """The name of a checkpoint's folder."""
    return f"step-{step:08d}" if lineage == 1 else f"step-{step:08d}-{lineage}"


def parse_name(name: str) -> tuple[int, int] | None:
    """(step, lineage) of a checkpoint folder's name; None if it is not one."""
    match = FOLDER.fullmatch(name)
    return (int(match[1]), int(match[2] or 1)) if match else None


def list_checkpoints(root: Path, disk: Disk | None = None) -> list[Path]:
    """The checkpoint folders in ``root``, oldest first, not yet verified.

    Raises:
        CheckpointError: The folder cannot be listed.
    """
    try:
        return [root / name for name in in_order((disk or Disk()).names(root))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CheckpointError(f"{root} cannot be read: {error.strerror}; no checkpoint was looked at") from None


def in_order(names: Iterable[str]) -> list[str]:
    """Those names that are of checkpoints, oldest first: by lineage, then by step."""
    found = [(key[1], key[0], name) for name in names if (key := parse_name(name))]
    return [name for _, _, name in sorted(found)]


def next_name(names: Iterable[str], step: int) -> str:
    """The name for a new checkpoint in a folder of ``names``: the last in the order."""
    keys = [key for name in names if (key := parse_name(name))]
    lineage = max((lineage for _, lineage in keys), default=1)
    taken = any(other >= step for other, its in keys if its == lineage)
    return folder_name(step, lineage + taken)


def save(
    root: Path,
    state: Mapping[str, Any],
    step: int,
    info: Mapping[str, Any],
    *,
    durable: bool = True,
    disk: Disk | None = None,
) -> Checkpoint:
    """Write the checkpoint of ``step`` in ``root``, and verify what was written before it gets its name.

    Args:
        root: The folder that holds the checkpoints.
        state: A training state; its entry "model" goes to a file of its own.
        step: Number of updates made.
        info: What the manifest says besides: epoch, loss, metrics, reason.
        durable: Wait until a loss of power cannot take it; else it is safe from the end of this process, however that
            comes, and ``make_durable`` must follow.

    Raises:
        OSError: The disk is full, read-only or broken; the checkpoints that were there are as they were.
        CheckpointError: The state holds something that cannot be saved.
    """
    disk = disk or Disk()
    contents, digests = lay_out(state)
    manifest = {
        **info,
        "format": FORMAT,
        "seedbed": version(),
        "torch": torch.__version__,
        "step": step,
        "files": {name: describe(pieces) for name, pieces in contents.items()},
        "tensors": digests,
    }
    try:
        names = disk.names(root)
    except FileNotFoundError:
        disk.make_folders(root)
        names = []
    final = root / next_name(names, step)
    temporary = root / f".{final.name}.tmp"
    if temporary.name in names:
        disk.remove(temporary)
    disk.mkdir(temporary)
    contents["MANIFEST.json"] = [memoryview(seal(manifest))]
    for name, pieces in contents.items():
        disk.write_file(temporary / name, pieces, durable=durable)
    for name, pieces in contents.items():
        # hashed, because memoryviews are compared slowly
        if fast_digest(read_chunks(temporary / name, disk)) != fast_digest(pieces):
            raise OSError(errno.EIO, f"{name} does not read back as it was written")
    if durable:
        disk.commit_folder(temporary, final)
    else:
        disk.rename(temporary, final)
    return Checkpoint(final, manifest)


def make_durable(paths: Sequence[Path], *, disk: Disk | None = None) -> None:
    """Make durable what is in the folders of checkpoints that were saved without that, and the folders' own names.

    Raises:
        OSError: The disk refuses.
    """
    disk = disk or Disk()
    files = [path / name for path in paths for name in disk.names(path)]
    disk.sync_all(files, [*paths, *sorted({path.parent for path in paths})])


def write_again(path: Path, *, disk: Disk | None = None) -> None:
    """Make a checkpoint durable that could not be made so before; not yet its folder's own name.

    The system may have dropped what was not yet on the disk, so the files are verified and written again, each in place
    of itself.

    Raises:
        OSError: The disk refuses.
        CheckpointError: The checkpoint is damaged.
    """
    disk = disk or Disk()
    for name, data in read_files(path, disk)[1].items():
        disk.write_atomic(path / name, data)
    disk.write_atomic(path / "MANIFEST.json", read_part(path, "MANIFEST.json", disk))


def lay_out(
    state: Mapping[str, Any],
) -> tuple[dict[str, list[memoryview]], dict[str, dict[str, str]]]:
    """A training state as the pieces of its files, and the digests of its tensors by the file they are in."""
    tree, others = split_tensors({name: part for name, part in state.items() if name != "model"})
    model_tree, model = split_tensors(dict(state["model"]))
    text = json.dumps({"model": model_tree, "others": tree}, allow_nan=False).encode()
    contents = {
        "model.safetensors": pack(model),
        "state.safetensors": pack(others),
        "state.json": [memoryview(text)],
    }
    return contents, {
        "model": tensor_digests(model, contents["model.safetensors"]),
        "state": tensor_digests(others, contents["state.safetensors"]),
    }


def read_chunks(path: Path, disk: Disk) -> Iterator[bytes]:
    """A file's content without holding it all in memory."""
    position = 0
    while True:
        chunk = disk.read(path, position, CHUNK)
        yield chunk
        position += len(chunk)
        if len(chunk) < CHUNK:
            return


def describe(pieces: list[memoryview]) -> dict[str, Any]:
    """The manifest's entry for a file."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return {"size": sum(map(len, pieces)), "sha256": digest.hexdigest()}


def read_manifest(path: Path, disk: Disk | None = None) -> dict[str, Any]:
    """The manifest of a checkpoint, verified against its own digest and the folder's name.

    Raises:
        CheckpointError: It is missing, damaged, of another step, or of an unknown format.
    """
    manifest = unseal(read_part(path, "MANIFEST.json", disk or Disk()), path)
    key = parse_name(path.name)
    if key is not None and key[0] != manifest["step"]:
        raise CheckpointError(f"{path} is damaged: MANIFEST.json is that of step {manifest['step']}")
    return manifest


def read_part(path: Path, name: str, disk: Disk) -> bytes:
    """One file of a checkpoint.

    Raises:
        CheckpointError: It cannot be read.
    """
    try:
        return disk.read(path / name)
    except OSError as error:
        raise CheckpointError(f"{path} is not a complete checkpoint: {name}: {error.strerror}") from None


def read_files(path: Path, disk: Disk | None = None) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A checkpoint's manifest and files, every byte verified.

    Raises:
        CheckpointError: A file is missing or damaged; the message names the damaged tensors.
    """
    disk = disk or Disk()
    manifest = read_manifest(path, disk)
    contents: dict[str, bytes] = {}
    for name in FILES:
        data, expected = read_part(path, name, disk), manifest["files"][name]
        if len(data) != expected["size"]:
            raise CheckpointError(f"{path} is damaged: {name} has {len(data)} bytes, not {expected['size']}")
        if hashlib.sha256(data).hexdigest() != expected["sha256"]:
            raise CheckpointError(f"{path} is damaged: {name} {name_damage(name, data, manifest)}")
        contents[name] = data
    return manifest, contents


def name_damage(name: str, data: bytes, manifest: Mapping[str, Any]) -> str:
    """Which tensors of a damaged file are wrong, where that can still be told."""
    if name.endswith(".safetensors"):
        expected = manifest["tensors"][name.removesuffix(".safetensors")]
        try:
            tensors = unpack(data)
        except CheckpointError:
            return "does not match its digest (its header is damaged)"
        wrong = [key for key, digest in expected.items() if key not in tensors or tensor_digest(tensors[key]) != digest]
        if wrong:
            return f"does not match its digest in the tensor {', '.join(sorted(wrong)[:3])}"
    return "does not match its digest"


def load(path: Path, *, disk: Disk | None = None) -> tuple[dict[str, Any], Checkpoint]:
    """A checkpoint's training state, every byte verified; tensors are on the CPU, each in memory of its own.

    Raises:
        CheckpointError: The checkpoint is incomplete, damaged or of an unknown format.
    """
    manifest, contents = read_files(path, disk)
    try:
        tree = json.loads(contents["state.json"])
        state: dict[str, Any] = join_tensors(tree["others"], unpack(contents["state.safetensors"]))
        state["model"] = join_tensors(tree["model"], unpack(contents["model.safetensors"]))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise CheckpointError(f"{path} matches its digests but is not a checkpoint: {error!r}") from None
    return state, Checkpoint(path, manifest)


def load_newest(
    root: Path,
    *,
    lacks: Callable[[Mapping[str, Any], Checkpoint], str | None] = lambda state, checkpoint: None,
    disk: Disk | None = None,
) -> tuple[dict[str, Any], Checkpoint, list[str]] | None:
    """The newest checkpoint that verifies, with a sentence for each newer one that does not; None if there is none.

    Args:
        root: The folder that holds the checkpoints.
        lacks: Says what is missing beside a checkpoint (its best one, its part of the log). One that lacks nothing is
            preferred, because going back to it makes again what is missing; where there is none, the newest is taken.

    Raises:
        CheckpointError: There are checkpoints but none is valid, or the newest is of a later version's format.
    """
    paths: list[Path] = []
    damage: list[str] = []
    # a run that is still going may remove what was listed a moment ago: then look again
    while paths != (paths := list_checkpoints(root, disk)):
        damage.clear()
        whole: tuple[dict[str, Any], Checkpoint, list[str]] | None = None
        for path in reversed(paths):
            try:
                state, checkpoint = load(path, disk=disk)
            except NewerFormatError:
                raise
            except CheckpointError as error:
                damage.append(str(error))
                continue
            missing = lacks(state, checkpoint)
            if missing is None:
                return state, checkpoint, damage
            whole = whole or (state, checkpoint, damage.copy())
            damage.append(f"{path} is whole, but {missing}")
        if whole is not None:
            return whole
    if damage:
        raise CheckpointError(f"none of the {len(paths)} checkpoints in {root} is valid: {'; '.join(damage)}")
    return None


def find_step(root: Path, step: int, disk: Disk | None = None) -> Path | None:
    """The newest folder of a step, not yet verified."""
    found = [path for path in list_checkpoints(root, disk) if (parse_name(path.name) or (None,))[0] == step]
    return found[-1] if found else None

"""Checkpoint folders: write one whole or not at all, verify it when read, find the newest valid one.

    checkpoints/step-00001200/
      model.safetensors   the model's weights under their own names
      state.safetensors   every other tensor of the training state
      state.json          the rest of the state, with a reference to each tensor
      MANIFEST.json       format, step, epoch, metrics, and a digest of every file and every tensor; written last

The folder is made under a temporary name and renamed when everything in it is durable: that is the one commit point.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import xxhash

from seedbed.checkpoint.tree import join_tensors, split_tensors
from seedbed.disk import Disk
from seedbed.errors import CheckpointError
from seedbed.rundir import dumps

FORMAT = 1
FILES = ("model.safetensors", "state.safetensors", "state.json")
FOLDER = re.compile(r"step-(\d{8,})(?:-(\d+))?")


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint: its manifest and where it is."""

    path: Path
    manifest: dict[str, Any]

    @property
    def step(self) -> int:
        return int(self.manifest["step"])


def folder_name(step: int, attempt: int = 1) -> str:
    return f"step-{step:08d}" if attempt == 1 else f"step-{step:08d}-{attempt}"


def parse_name(name: str) -> tuple[int, int] | None:
    """(step, attempt) of a checkpoint folder's name; None if it is not one."""
    match = FOLDER.fullmatch(name)
    return (int(match[1]), int(match[2] or 1)) if match else None


def tensor_digest(tensor: torch.Tensor) -> str:
    """xxh3-128 over a tensor's dtype, shape and bytes."""
    data = tensor.detach().cpu().contiguous()
    digest = xxhash.xxh3_128(f"{data.dtype}{tuple(data.shape)}".encode())
    digest.update(data.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def pack(tensors: Mapping[str, torch.Tensor]) -> bytes:
    """Tensors as one safetensors file; tensors that share memory (tied weights) are stored once each."""
    return safetensors.torch.save({name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()})


def seal(manifest: dict[str, Any]) -> bytes:
    """The manifest as JSON with a digest of itself, so that a damaged manifest is noticed too."""
    body = dumps(manifest, indent=1)
    return (dumps({"manifest": json.loads(body), "sha256": hashlib.sha256(body.encode()).hexdigest()}) + "\n").encode()


def unseal(data: bytes, path: Path) -> dict[str, Any]:
    try:
        sealed = json.loads(data)
        manifest, digest = sealed["manifest"], sealed["sha256"]
    except (ValueError, KeyError, TypeError):
        raise CheckpointError(f"{path} is damaged: MANIFEST.json cannot be read") from None
    if hashlib.sha256(dumps(manifest, indent=1).encode()).hexdigest() != digest:
        raise CheckpointError(f"{path} is damaged: MANIFEST.json does not match its own digest")
    if manifest.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has checkpoint format {manifest.get('format')}; this version of seedbed reads format {FORMAT}: "
            "read it with the version that wrote it"
        )
    return dict(manifest)


def save(
    root: Path, state: Mapping[str, Any], step: int, info: Mapping[str, Any], *, disk: Disk | None = None
) -> Checkpoint:
    """Write the checkpoint of ``step`` below ``root``.

    Args:
        root: The folder that holds the checkpoints.
        state: A training state; its entry "model" goes to a file of its own.
        step: Number of updates made.
        info: What the manifest says besides: epoch, loss, metrics, reason.

    Raises:
        OSError: The disk is full, read-only or broken; nothing visible has changed.
        CheckpointError: The state holds something that cannot be saved.
    """
    disk = disk or Disk()
    # a step saved before (by a lineage given up since, or damaged) keeps its name until the new one is whole
    attempt = 1
    while (final := root / folder_name(step, attempt)).exists():
        attempt += 1
    temporary = root / f".{final.name}.tmp"
    others = {name: part for name, part in state.items() if name != "model"}
    tree, tensors = split_tensors({**others, "model": None})
    model = dict(state["model"])
    tree["model"], model_tensors = split_tensors(model)

    contents = {
        "model.safetensors": pack(model_tensors),
        "state.safetensors": pack(tensors),
        "state.json": json.dumps(tree, allow_nan=False).encode(),
    }
    manifest = {
        "format": FORMAT,
        "step": step,
        **info,
        "files": {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in contents.items()
        },
        "tensors": {
            "model": {name: tensor_digest(tensor) for name, tensor in model_tensors.items()},
            "state": {name: tensor_digest(tensor) for name, tensor in tensors.items()},
        },
    }
    if temporary.exists():
        disk.remove_folder(temporary)
    disk.mkdir(temporary)
    for name, data in contents.items():
        disk.write_file(temporary / name, data)
    disk.write_file(temporary / "MANIFEST.json", seal(manifest))
    disk.commit_folder(temporary, final)
    return Checkpoint(final, manifest)


def read_manifest(path: Path, disk: Disk | None = None) -> dict[str, Any]:
    """The manifest of a checkpoint, verified against its own digest.

    Raises:
        CheckpointError: It is missing, damaged or of an unknown format.
    """
    try:
        data = (disk or Disk()).read(path / "MANIFEST.json")
    except OSError as error:
        raise CheckpointError(f"{path} is not a complete checkpoint: MANIFEST.json: {error.strerror}") from None
    return unseal(data, path)


def read_files(path: Path, disk: Disk | None = None) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A checkpoint's manifest and files, every byte verified.

    Raises:
        CheckpointError: A file is missing or damaged; the message names the damaged tensors.
    """
    disk = disk or Disk()
    manifest = read_manifest(path, disk)
    contents: dict[str, bytes] = {}
    for name in FILES:
        try:
            data = disk.read(path / name)
        except OSError as error:
            raise CheckpointError(f"{path} is not a complete checkpoint: {name}: {error.strerror}") from None
        expected = manifest["files"][name]
        if len(data) != expected["size"]:
            raise CheckpointError(f"{path} is damaged: {name} has {len(data)} bytes, not {expected['size']}")
        if hashlib.sha256(data).hexdigest() != expected["sha256"]:
            raise CheckpointError(f"{path} is damaged: {name} {name_damage(name, data, manifest)}")
        contents[name] = data
    return manifest, contents


def name_damage(name: str, data: bytes, manifest: Mapping[str, Any]) -> str:
    """Which tensors of a damaged file are wrong, where that can still be told."""
    if name.endswith(".safetensors"):
        expected = manifest["tensors"]["model" if name.startswith("model") else "state"]
        try:
            tensors = safetensors.torch.load(data)
        except Exception:
            return "does not match its digest (its header is damaged)"
        wrong = [key for key, digest in expected.items() if key not in tensors or tensor_digest(tensors[key]) != digest]
        if wrong:
            return f"does not match its digest in the tensor {', '.join(sorted(wrong)[:3])}"
    return "does not match its digest"


def load(path: Path, *, disk: Disk | None = None) -> tuple[dict[str, Any], Checkpoint]:
    """A checkpoint's training state, every byte verified; tensors are on the CPU.

    Raises:
        CheckpointError: The checkpoint is incomplete, damaged or of an unknown format.
    """
    manifest, contents = read_files(path, disk)
    tree = json.loads(contents["state.json"])
    model_tree = tree.pop("model")
    state = join_tensors(tree, safetensors.torch.load(contents["state.safetensors"]))
    state["model"] = join_tensors(model_tree, safetensors.torch.load(contents["model.safetensors"]))
    return state, Checkpoint(path, manifest)


def list_checkpoints(root: Path) -> list[Path]:
    """The checkpoint folders below ``root``, oldest step first, not yet verified."""
    if not root.is_dir():
        return []
    found = [(key, path) for path in root.iterdir() if (key := parse_name(path.name))]
    return [path for _, path in sorted(found)]


def load_newest(root: Path, *, disk: Disk | None = None) -> tuple[dict[str, Any], Checkpoint, list[str]] | None:
    """The newest checkpoint that verifies, with a sentence for each newer one that does not; None if there is none.

    Raises:
        CheckpointError: There are checkpoints but none is valid.
    """
    damage: list[str] = []
    paths = list_checkpoints(root)
    for path in reversed(paths):
        try:
            state, checkpoint = load(path, disk=disk)
        except CheckpointError as error:
            damage.append(str(error))
            continue
        return state, checkpoint, damage
    if damage:
        raise CheckpointError(f"none of the {len(paths)} checkpoints in {root} is valid: {'; '.join(damage)}")
    return None

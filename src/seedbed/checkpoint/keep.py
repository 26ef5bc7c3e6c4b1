"""Which checkpoints stay: the newest few, the best, and those that were asked for; never the last good one."""

from __future__ import annotations

from pathlib import Path

from seedbed.checkpoint.store import Checkpoint, list_checkpoints, parse_name, read_manifest
from seedbed.disk import Disk
from seedbed.errors import CheckpointError


def prune(
    newest: Checkpoint,
    *,
    keep_last: int,
    best_step: int | None,
    keep_every_epochs: int | None = None,
    disk: Disk | None = None,
) -> list[Path]:
    """Remove checkpoints that need not stay. To be called only after ``newest`` has been written and verified.

    A folder of a later step than ``newest`` belongs to a lineage that was given up by resuming from an earlier one;
    it stays until its step is written again. Removal is by rename and delete, so half a checkpoint is never seen.

    Returns:
        The folders that were removed.
    """
    disk = disk or Disk()
    paths = list_checkpoints(newest.path.parent)
    position = paths.index(newest.path)
    stay = set(paths[max(0, position - keep_last + 1) :])
    removed = []
    for path in paths:
        superseded = path != newest.path and step_of(path) == newest.step
        if not superseded and (path in stay or is_kept(path, best_step, keep_every_epochs, disk)):
            continue
        grave = path.with_name(f".{path.name}.old")
        if grave.exists():
            disk.remove_folder(grave)
        disk.rename(path, grave)
        disk.remove_folder(grave)
        removed.append(path)
    return removed


def is_kept(path: Path, best_step: int | None, keep_every_epochs: int | None, disk: Disk) -> bool:
    """Whether a checkpoint stays for its own sake."""
    try:
        manifest = read_manifest(path, disk)
    except CheckpointError:
        return False
    if manifest["step"] == best_step:
        return True
    return bool(keep_every_epochs and manifest.get("ends_epoch") and manifest.get("epoch", 0) % keep_every_epochs == 0)


def remove_leftovers(root: Path, disk: Disk | None = None) -> None:
    """Remove what an interrupted save or prune has left under temporary names."""
    if not root.is_dir():
        return
    for path in root.iterdir():
        if path.name.startswith(".step-") and path.suffix in {".tmp", ".old"} and path.is_dir():
            (disk or Disk()).remove_folder(path)


def step_of(path: Path) -> int:
    """The step of a checkpoint folder."""
    key = parse_name(path.name)
    assert key is not None, path
    return key[0]

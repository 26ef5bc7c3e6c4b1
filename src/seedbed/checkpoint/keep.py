"""Which checkpoints stay: the newest few, the best, and those that were asked for; never the last good one."""

from __future__ import annotations

from pathlib import Path

from seedbed.checkpoint.store import Checkpoint, in_order, parse_name, read_manifest
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

    A folder of the same or a later step belongs to a lineage that was given up by going back; it goes.
    The rename is durable before anything in a folder is removed, so half a checkpoint is never seen.

    Returns:
        The folders that were removed.

    Raises:
        OSError: Something could not be removed; it is tried again the next time.
    """
    disk = disk or Disk()
    root = newest.path.parent
    taken = disk.names(root)
    paths = [root / name for name in in_order(taken)]
    stay = staying(paths, newest, keep_last, best_step, keep_every_epochs, disk)
    removed = [path for path in paths if path not in stay]
    graves = [path.with_name(f".{path.name}.old") for path in removed]
    for path, grave in zip(removed, graves, strict=True):
        if grave.name in taken:
            disk.remove(grave)
        disk.rename(path, grave)
    if removed:
        disk.sync_folder(root)
    for grave in graves:
        disk.remove(grave)
    return removed


def staying(
    paths: list[Path],
    newest: Checkpoint,
    keep_last: int,
    best_step: int | None,
    keep_every_epochs: int | None,
    disk: Disk,
) -> set[Path]:
    """Those of ``paths`` that stay beside ``newest``; arguments as for ``prune``."""
    older = [path for path in paths if step_of(path) < newest.step]
    stay = {newest.path, *older[len(older) - min(len(older), keep_last - 1) :]}
    best = [path for path in older if step_of(path) == best_step]
    stay.update(best[-1:])
    if keep_every_epochs:
        stay.update(path for path in older if path not in stay and ends_nth_epoch(path, keep_every_epochs, disk))
    return stay


def ends_nth_epoch(path: Path, every: int, disk: Disk) -> bool:
    """Whether a checkpoint was made at the end of an epoch that is a multiple of ``every``."""
    try:
        manifest = read_manifest(path, disk)
    except CheckpointError:
        return False
    return bool(manifest.get("ends_epoch")) and int(manifest.get("epoch", 0)) % every == 0


def remove_leftovers(root: Path, disk: Disk | None = None) -> None:
    """Remove what an interrupted save or prune has left under temporary names.

    Raises:
        OSError: Something could not be removed.
    """
    disk = disk or Disk()
    try:
        names = disk.names(root)
    except FileNotFoundError:
        return
    for name in names:
        stem, ending = name[1:-4], name[-4:]
        if name.startswith(".") and ending in {".tmp", ".old"} and parse_name(stem):
            disk.remove(root / name)


def step_of(path: Path) -> int:
    """The step of a checkpoint folder."""
    key = parse_name(path.name)
    assert key is not None, path
    return key[0]

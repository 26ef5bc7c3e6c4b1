"""A disk in memory that knows what is durable, and every state that a loss of power can leave.

The model is POSIX's, at its worst: a file's bytes are durable after its fsync, a folder's names after the folder's.
What is not yet durable may or may not be there, each name by itself and in any combination; bytes that were not
synced may be there, cut short, or zeros. After an fsync that failed, the bytes it was for are never made durable by
another one: they must be written again. Only a rename is atomic.
"""

from __future__ import annotations

import errno
import itertools
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from seedbed.disk import Disk

Snapshot = dict[str, Any]  # name → bytes of a file, or the snapshot of a folder


class File:
    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.durable = bytes(data)
        self.dropped: int | None = None  # from here on, a failed fsync has dropped the bytes

    def fsync(self) -> None:
        kept = len(self.data) if self.dropped is None else self.dropped
        self.durable = bytes(self.data[:kept]) + bytes(len(self.data) - kept)

    def possible(self) -> list[bytes]:
        """What can be read after a loss of power."""
        data, durable = bytes(self.data), self.durable
        if data == durable:
            return [data]
        same = len(durable) if data.startswith(durable) else 0
        middle = (same + len(data)) // 2
        states = {durable, data[:same], data[:middle], data[:same] + bytes(len(data) - same)}
        return sorted(states | ({data} if self.dropped is None else set()))


class Folder:
    def __init__(self) -> None:
        self.names: dict[str, File | Folder] = {}
        self.durable: dict[str, File | Folder] = {}
        self.pending: list[tuple[str, str | None, File | Folder | None]] = []  # (name added, name removed, what)

    def change(self, added: str | None, removed: str | None, what: File | Folder | None) -> None:
        step = (added or "", removed, what)
        self.apply(self.names, step)
        self.pending.append(step)

    @staticmethod
    def apply(names: dict[str, File | Folder], step: tuple[str, str | None, File | Folder | None]) -> None:
        added, removed, what = step
        if removed is not None:
            names.pop(removed, None)
        if added and what is not None:
            names[added] = what

    def sync(self) -> None:
        self.durable, self.pending = dict(self.names), []

    def possible(self) -> Iterator[Snapshot]:
        """What can be found after a loss of power."""
        for chosen in itertools.product([True, False], repeat=len(self.pending)):
            names = dict(self.durable)
            for step, happened in zip(self.pending, chosen, strict=True):
                if happened:
                    self.apply(names, step)
            yield from combine(names)

    def draw(self, random: Random) -> Snapshot:
        """One of the possible states."""
        names = dict(self.durable)
        for step in self.pending:
            if random.random() < 0.5:
                self.apply(names, step)
        return {
            name: random.choice(entry.possible()) if isinstance(entry, File) else entry.draw(random)
            for name, entry in names.items()
        }


def combine(names: dict[str, File | Folder]) -> Iterator[Snapshot]:
    """Every combination of what can be under each of these names."""
    variants = [list(entry.possible()) for entry in names.values()]
    for contents in itertools.product(*variants):
        yield dict(zip(names, contents, strict=True))


def build(snapshot: Snapshot) -> Folder:
    """A folder whose content is durable."""
    folder = Folder()
    folder.names = {name: File(entry) if isinstance(entry, bytes) else build(entry) for name, entry in snapshot.items()}
    folder.sync()
    return folder


class SimulatedDisk(Disk):
    """A disk in memory, whose root folder is ``/``."""

    waiters = 1

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.root = build(snapshot or {})
        self.open_files: dict[int, File] = {}

    def after_power_loss(self) -> list[Snapshot]:
        """Each different state that the disk can be found in."""
        return list({repr(state): state for state in self.root.possible()}.values())

    def some_after_power_loss(self, count: int, random: Random) -> list[Snapshot]:
        """Some of those states, where there are too many."""
        drawn = (self.root.draw(random) for _ in range(count))
        return list({repr(state): state for state in drawn}.values())

    def snapshot(self) -> Snapshot:
        """What a process sees that starts now: nothing is lost when only a process dies."""

        def take(folder: Folder) -> Snapshot:
            return {n: bytes(e.data) if isinstance(e, File) else take(e) for n, e in folder.names.items()}

        return take(self.root)

    def find(self, path: Path) -> File | Folder:
        entry: File | Folder = self.root
        for part in path.parts[1:]:
            if isinstance(entry, File):
                raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(path))
            if part not in entry.names:
                raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
            entry = entry.names[part]
        return entry

    def folder(self, path: Path) -> Folder:
        entry = self.find(path)
        if isinstance(entry, File):
            raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(path))
        return entry

    def file(self, path: Path) -> File:
        entry = self.find(path)
        if isinstance(entry, Folder):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
        return entry

    def open_end(self, path: Path) -> int:
        parent = self.folder(path.parent)
        if path.name not in parent.names:
            parent.change(path.name, None, File())
        descriptor = len(self.open_files)
        self.open_files[descriptor] = self.file(path)
        return descriptor

    def open_there(self, path: Path) -> int:
        self.file(path)
        return self.open_end(path)

    def create(self, path: Path) -> int:
        descriptor = self.open_end(path)
        self.truncate(descriptor, 0)
        return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self.open_files[descriptor].data += data
        return len(data)

    def truncate(self, descriptor: int, size: int) -> None:
        file = self.open_files[descriptor]
        del file.data[size:]
        if file.dropped is not None and size <= file.dropped:
            file.dropped = None

    def fsync(self, descriptor: int) -> None:
        self.open_files[descriptor].fsync()

    def fail_fsync(self, descriptor: int) -> None:
        """What a failed fsync does: the bytes that were not durable are clean now, and on no disk."""
        file = self.open_files[descriptor]
        kept = len(file.durable) if file.data.startswith(file.durable) else 0
        file.dropped = kept if file.dropped is None else min(kept, file.dropped)

    def close(self, descriptor: int) -> None:
        del self.open_files[descriptor]
        self.open_files[descriptor] = File()  # a number is not used twice

    def read(self, path: Path, start: int = 0, size: int = -1) -> bytes:
        data = self.file(path).data
        return bytes(data[start:] if size < 0 else data[start : start + size])

    def size(self, path: Path) -> int:
        return len(self.file(path).data)

    def names(self, path: Path) -> list[str]:
        return list(self.folder(path).names)

    def is_folder(self, path: Path) -> bool:
        return isinstance(self.find(path), Folder)

    def mkdir(self, path: Path) -> None:
        parent = self.folder(path.parent)
        if path.name in parent.names or path == path.parent:
            raise FileExistsError(errno.EEXIST, "File exists", str(path))
        parent.change(path.name, None, Folder())

    def rename(self, source: Path, target: Path) -> None:
        assert source.parent == target.parent, "the model knows renames within a folder"
        what, parent = self.find(source), self.folder(source.parent)
        there = parent.names.get(target.name)
        if isinstance(there, Folder) and there.names:
            raise OSError(errno.ENOTEMPTY, "Directory not empty", str(target))
        parent.change(target.name, source.name, what)

    def unlink(self, path: Path) -> None:
        self.file(path)
        self.folder(path.parent).change(None, path.name, None)

    def rmdir(self, path: Path) -> None:
        if self.folder(path).names:
            raise OSError(errno.ENOTEMPTY, "Directory not empty", str(path))
        self.folder(path.parent).change(None, path.name, None)

    def sync_folder(self, path: Path) -> None:
        self.folder(path).sync()

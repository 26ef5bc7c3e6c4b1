"""The only door to the disk for what must never be lost: small primitives, so that each call can be made to fail.

Writing protocol (``Disk.write_atomic``, ``Disk.commit_folder``): write under a temporary name, fsync the data, rename,
fsync the parent folder. What is read later under the final name is the old content or the new one, whole.
After a failed fsync the kernel may have dropped the pages, so a failed write is always done again from the start.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path


class Disk:
    """The real file system. Tests put a subclass in its place whose n-th call fails."""

    def create(self, path: Path) -> int:
        """Open a new or emptied file for writing; returns its descriptor."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o644)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write some of ``data``; returns how many bytes were written."""
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def mkdir(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)

    def rename(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable (a no-op where folders can't be opened, as on Windows)."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except PermissionError:
            return
        try:
            self.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove_folder(self, path: Path) -> None:
        shutil.rmtree(path)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def write_file(self, path: Path, data: bytes) -> None:
        """Write a whole file and make its content durable; the name may still be lost until the folder is synced."""
        descriptor = self.create(path)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self.write(descriptor, rest) :]
            self.fsync(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                self.close(descriptor)
            raise
        self.close(descriptor)

    def write_atomic(self, path: Path, data: bytes) -> None:
        """Replace a file's content: afterwards it is the old content or the new one, never a mixture."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            self.write_file(temporary, data)
            self.rename(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        self.sync_folder(path.parent)

    def commit_folder(self, temporary: Path, final: Path) -> None:
        """Give a folder, whose files are all durable, its final name: the one commit point of a checkpoint."""
        self.sync_folder(temporary)
        self.rename(temporary, final)
        self.sync_folder(final.parent)

"""The only door to the disk for what must never be lost: small primitives, so that each call can be made to fail.

Writing protocol (``Disk.write_atomic``, ``Disk.commit_folder``): write under a temporary name, fsync the data, rename,
fsync the parent folder. What is read later under the final name is the old content or the new one, whole.
After a failed fsync the kernel may have dropped the pages, so a failed write is always done again from the start.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# some file systems cannot sync a folder; there is nothing better to do on them
NO_FOLDER_SYNC = {errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EISDIR}
# a run's checkpoints lie in runs/<name>/<id>/checkpoints: so many folders may all be new
LEVELS = 4
SMALL = 1 << 20  # bytes that are rather copied than written by a call of their own


class Disk:
    """The real file system. Tests put a subclass in its place whose n-th call fails."""

    waiters = 8  # calls that may wait for the disk at once; 1 makes them one after the other

    # ---- primitives: one thing each, all that can fail --------------------------------------------------------

    def create(self, path: Path) -> int:
        """Open a new or emptied file for writing; returns its descriptor."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)

    def open_end(self, path: Path) -> int:
        """Open a file for appending, a new one if there is none; returns its descriptor."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write some of ``data``; returns how many bytes were written."""
        return os.write(descriptor, data)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file to ``size`` bytes."""
        os.ftruncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        """Make a file's content durable."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        os.close(descriptor)

    def open_there(self, path: Path) -> int:
        """Open a file that exists, to change or sync it; returns its descriptor."""
        return os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))

    def read(self, path: Path, start: int = 0, size: int = -1) -> bytes:
        """A file's content, or ``size`` bytes of it from ``start`` on."""
        with path.open("rb") as file:
            file.seek(start)
            return file.read(size)

    def size(self, path: Path) -> int:
        """A file's size in bytes."""
        return path.stat().st_size

    def names(self, path: Path) -> list[str]:
        """What is in a folder."""
        return os.listdir(path)

    def is_folder(self, path: Path) -> bool:
        """Whether ``path`` is a folder itself, not a link to one."""
        return stat.S_ISDIR(path.lstat().st_mode)

    def mkdir(self, path: Path) -> None:
        """Make one folder in a folder that exists."""
        path.mkdir()

    def rename(self, source: Path, target: Path) -> None:
        """Give a file or folder another name at once; a file of that name is replaced."""
        os.replace(source, target)

    def unlink(self, path: Path) -> None:
        """Remove a file or link."""
        path.unlink()

    def rmdir(self, path: Path) -> None:
        """Remove an empty folder."""
        path.rmdir()

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable, where the system can (Windows and some network disks cannot)."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno not in NO_FOLDER_SYNC:
                raise

    # ---- protocols: built from the primitives alone -----------------------------------------------------------

    def make_folders(self, path: Path) -> None:
        """Make a folder and those above it, durably, also when a process that has died made them a moment ago."""
        try:
            self.mkdir(path)
        except FileNotFoundError:
            self.make_folders(path.parent)
            self.mkdir(path)
        except FileExistsError:
            pass
        self.sync_all([], path.parents[:LEVELS])

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder with all that is in it."""
        if not self.is_folder(path):
            self.unlink(path)
            return
        for name in self.names(path):
            self.remove(path / name)
        self.rmdir(path)

    def write_file(self, path: Path, pieces: Iterable[bytes | memoryview], *, durable: bool = True) -> None:
        """Write a whole file, ``durable`` or not; the name may still be lost until the folder is synced."""
        descriptor = self.create(path)
        try:
            for piece in together(pieces):
                rest = memoryview(piece)
                while rest:
                    rest = rest[self.write(descriptor, rest) :]
            if durable:
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
            self.write_file(temporary, [data])
            self.rename(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                self.unlink(temporary)
            raise
        self.sync_folder(path.parent)

    def sync_file(self, path: Path) -> None:
        """Make durable what was written to a file without that."""
        descriptor = self.open_there(path)
        try:
            self.fsync(descriptor)
        finally:
            self.close(descriptor)

    def sync_all(self, files: Sequence[Path], folders: Sequence[Path]) -> None:
        """Make files and the names in folders durable, in any order: waited for together, not one after the other.

        Raises:
            OSError: The disk refuses one of them.
        """
        calls = [*((self.sync_file, path) for path in files), *((self.sync_folder, path) for path in folders)]
        if self.waiters == 1:
            for sync, path in calls:
                sync(path)
            return
        errors: list[Exception] = []

        def attempt(sync: Callable[[Path], None], path: Path) -> None:
            try:
                sync(path)
            except Exception as error:
                errors.append(error)

        try:
            with ThreadPoolExecutor(self.waiters) as pool:
                for call in calls:
                    pool.submit(attempt, *call)
        except RuntimeError:  # the system gives no thread, or Python is about to end
            for call in calls:
                attempt(*call)
        if errors:  # also of a first try: what is synced once more may have been dropped meanwhile
            raise errors[0]

    def commit_folder(self, temporary: Path, final: Path) -> None:
        """Give a folder, whose files are all durable, its final name: the one commit point of a checkpoint."""
        self.sync_folder(temporary)
        self.rename(temporary, final)
        self.sync_folder(final.parent)


def together(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """The same bytes in fewer pieces: small ones joined, large ones as they are."""
    waiting: list[bytes | memoryview] = []
    size = 0
    for piece in pieces:
        if waiting and size + len(piece) > SMALL:
            yield b"".join(waiting)
            waiting, size = [], 0
        waiting.append(piece)
        size += len(piece)
    if waiting:
        yield waiting[0] if len(waiting) == 1 else b"".join(waiting)

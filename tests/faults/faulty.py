"""A disk whose n-th call fails, in each way that a disk or a process can fail."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import Any

from seedbed.disk import Disk

PRIMITIVES = (
    *("create", "open_end", "open_there", "write", "truncate", "fsync", "close", "read", "size", "names", "is_folder"),
    *("mkdir", "rename", "unlink", "rmdir", "sync_folder"),
)
READING = {"read", "size", "names", "is_folder"}

ERRORS = {
    "full once": errno.ENOSPC,
    "full from then on": errno.ENOSPC,
    "broken once": errno.EIO,
    "broken from then on": errno.EIO,
    "read-only from then on": errno.EROFS,
    "short write, then full": errno.ENOSPC,
    "done, but said to have failed": errno.EIO,
}
WAYS = (*ERRORS, "short write", "dead before", "dead after", "dead in the middle")


class DeadError(BaseException):
    """The process is gone: nothing catches this, and nothing it tries afterwards has an effect."""


class FaultyDisk(Disk):
    """Passes calls on to another disk, but for one.

    Args:
        disk: The disk that does it.
        fail_at: The call that fails, counted from 1; 0 for none.
        way: One of ``WAYS``.
    """

    waiters = 1  # so that calls can be counted

    def __init__(self, disk: Disk, fail_at: int = 0, way: str = "broken once") -> None:
        self.disk = disk
        self.fail_at = fail_at
        self.way = way
        self.calls: list[str] = []
        self.dead = False
        self.opened: set[int] = set()

    def repair(self) -> None:
        """No more faults."""
        self.fail_at = 0

    def abandon(self) -> None:
        """Close what a dead process has left open, which its system would do."""
        for descriptor in self.opened:
            with contextlib.suppress(OSError):
                self.disk.close(descriptor)

    def call(self, name: str, *args: Any) -> Any:
        if self.dead:
            raise DeadError
        self.calls.append(name)
        now = len(self.calls)
        goes_on = self.way.endswith("from then on") and name not in READING
        if self.fail_at and (now == self.fail_at or (goes_on and now > self.fail_at)):
            return self.fail(name, *args)
        return self.do(name, *args)

    def do(self, name: str, *args: Any) -> Any:
        result = getattr(self.disk, name)(*args)
        if name in {"create", "open_end", "open_there"}:
            self.opened.add(result)
        if name == "close":
            self.opened.discard(args[0])
        return result

    def fail(self, name: str, *args: Any) -> Any:
        half = (args[0], memoryview(args[1])[: len(args[1]) // 2]) if name == "write" else ()
        if self.way.startswith("dead"):
            if self.way == "dead after":
                self.do(name, *args)
            elif self.way == "dead in the middle" and half:
                self.do(name, *half)
            self.dead = True
            raise DeadError
        if self.way.startswith("short write"):
            if half and len(half[1]):
                if self.way != "short write":
                    self.fail_at += 1
                return self.do(name, *half)
            if self.way == "short write":
                return self.do(name, *args)
        # a descriptor is closed even where close reports an error
        if name == "close" or (
            self.way.startswith("done") and name not in {"fsync", "create", "open_end", "open_there", "write"}
        ):
            self.do(name, *args)
        if name == "fsync" and hasattr(self.disk, "fail_fsync"):
            self.disk.fail_fsync(*args)
        number = ERRORS[self.way]
        raise OSError(number, os.strerror(number))


def passing_on(name: str) -> Any:
    def primitive(self: FaultyDisk, *args: Any) -> Any:
        return self.call(name, *args)

    return primitive


for primitive_name in PRIMITIVES:
    setattr(FaultyDisk, primitive_name, passing_on(primitive_name))

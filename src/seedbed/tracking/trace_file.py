"""The digest chain on disk: one fixed-size record per update, so that two runs can be compared by bisection.

``trace.bin`` holds ``STEP`` records. h_t = xxh3-128(h_{t-1}, step, sample ids, loss bits, leaves), so equal digests at
a step mean equal histories up to it. ``trace-leaves.bin`` holds a record of one xxh3-64 per weight tensor every few
steps; ``trace.json`` says the names of the tensors and how often. No torch here.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from seedbed.errors import DataError
from seedbed.rundir import read_json, write_json

STEP = np.dtype([("step", "<u8"), ("chain", "V16"), ("loss", "<u4"), ("ids", "<u8")])


def leaf_dtype(num_tensors: int) -> np.dtype[np.void]:
    """The record of one digest of every tensor."""
    return np.dtype([("step", "<u8"), ("leaves", "<u8", (num_tensors,))])


class TraceFile:
    """The chain of one run, written as it grows.

    Args:
        folder: The run folder.
        names: Names of the tensors that are digested.
        every: How many updates lie between two digests of the tensors.
    """

    def __init__(self, folder: Path, names: list[str], every: int) -> None:
        self.folder = folder
        self.names = names
        self.every = every
        self._buffers = (bytearray(), bytearray())
        self._files: tuple[io.FileIO, io.FileIO] | None = None

    def open(self, num_steps: int, num_leaves: int) -> None:
        """Open for writing after the first so many records; what was written past them is dropped."""
        header = {"format": 1, "every": self.every, "tensors": self.names}
        path = self.folder / "trace.json"
        if not path.is_file() or read_json(path) != header:
            write_json(path, header)
        sizes = (num_steps * STEP.itemsize, num_leaves * leaf_dtype(len(self.names)).itemsize)
        files = []
        for name, size in zip(("trace.bin", "trace-leaves.bin"), sizes, strict=True):
            file = (self.folder / name).open("ab", buffering=0)
            if file.seek(0, os.SEEK_END) < size:
                file.close()
                raise DataError(
                    f"{self.folder / name} is shorter than the checkpoint says; it was changed since the run was "
                    "stopped: restore it, or start the run afresh with --resume never"
                )
            file.truncate(size)
            files.append(file)
        self._files = (files[0], files[1])

    def add(self, records: bytes, leaves: bytes) -> None:
        """Append packed ``STEP`` records, and those of the leaves that were taken with them."""
        self._buffers[0].extend(records)
        self._buffers[1].extend(leaves)
        if len(self._buffers[0]) > 65536:
            with contextlib.suppress(OSError):  # a full disk does not end the training; it waits for the next time
                self.flush()

    def flush(self) -> None:
        """Hand what waits to the system."""
        if self._files is None:
            return
        for file, buffer in zip(self._files, self._buffers, strict=True):
            while buffer:
                del buffer[: os.write(file.fileno(), buffer)]

    def sync(self) -> None:
        """Make what was written durable."""
        self.flush()
        for file in self._files or ():
            os.fsync(file.fileno())

    def close(self) -> None:
        """Hand the rest to the system, if it takes it, and close the files."""
        with contextlib.suppress(OSError):
            self.flush()
        for file in self._files or ():
            file.close()
        self._files = None


def lacks_records(folder: Path, num_tensors: int, state: Mapping[str, Any]) -> bool:
    """Whether the chain on disk is shorter than a checkpoint says (see ``Trace.state``)."""
    sizes = (int(state["steps"]) * STEP.itemsize, int(state["leaves"]) * leaf_dtype(num_tensors).itemsize)
    paths = (folder / "trace.bin", folder / "trace-leaves.bin")
    return any(size and (not p.is_file() or p.stat().st_size < size) for p, size in zip(paths, sizes, strict=True))


class TraceReader:
    """The chain of a run, read.

    Raises:
        DataError: The run has no chain, or its files are damaged.
    """

    def __init__(self, folder: Path) -> None:
        header = read_json(folder / "trace.json")
        self.names: list[str] = list(header["tensors"])
        self.every = int(header["every"])
        self.steps = read_records(folder / "trace.bin", STEP)
        self.leaves = read_records(folder / "trace-leaves.bin", leaf_dtype(len(self.names)))

    def leaves_at(self, step: int) -> dict[str, int] | None:
        """The digest of every tensor after ``step``, if it was taken then."""
        found = np.flatnonzero(self.leaves["step"] == step)
        if not len(found):
            return None
        return dict(zip(self.names, map(int, self.leaves["leaves"][found[0]]), strict=True))


def read_records(path: Path, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Whole records of a file; a torn last one is left out."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if dtype.itemsize == 0:
        return np.zeros(0, dtype)
    return np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)


def first_difference(a: TraceReader, b: TraceReader) -> int | None:
    """Index of the first record that differs, by bisection over the chain; None if the common part is equal."""
    low, high = 0, min(len(a.steps), len(b.steps))
    if high == 0 or a.steps["chain"][high - 1] == b.steps["chain"][high - 1]:
        return None
    while low < high:
        middle = (low + high) // 2
        if a.steps["chain"][middle] == b.steps["chain"][middle]:
            low = middle + 1
        else:
            high = middle
    return low

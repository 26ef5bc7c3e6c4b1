"""The run folder: where things are, how they are written, and the append-only event log. No torch here.

runs/<name>/<id>/
  config.json  manifest.json  events.jsonl  trace.bin  checkpoints/  tensorboard/  wandb/  report.html  console.log
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar, Self

from seedbed.disk import Disk
from seedbed.errors import ConfigError, DataError

WRITE_AFTER = 1 << 13
SYNC_AFTER = 1 << 20
PLAIN = {str, int, bool, type(None)}
TO_LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False)  # made once: making one takes as long as using it
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode(value: Any) -> Any:
    """Make a value valid JSON: NaN and infinities become the strings "NaN", "Infinity" and "-Infinity"."""
    kind = type(value)
    if kind in PLAIN:  # nearly every value
        return value
    if kind is dict:
        return {key if type(key) is str else str(key): encode(item) for key, item in value.items()}
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return encode(value.item())
    if hasattr(value, "tolist"):
        return encode(value.tolist())
    return str(value)


def decode_number(value: Any) -> float:
    """Read a number that ``encode`` wrote."""
    return NON_FINITE[value] if value in NON_FINITE else float(value)


def dumps(value: Any, *, indent: int | None = None) -> str:
    """``value`` as JSON text; NaN and infinities as strings, never as bare words that JSON does not have."""
    if indent is None:
        return TO_LINE.encode(encode(value))
    return json.dumps(encode(value), indent=indent, ensure_ascii=False, allow_nan=False)


def to_json(value: Any, *, indent: int | None = None) -> bytes:
    """``dumps`` as UTF-8; half a surrogate pair (from a file name that is not UTF-8) becomes its JSON escape."""
    return dumps(value, indent=indent).encode(errors="backslashreplace")


class RunDir:
    """Paths inside one run folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.manifest = path / "manifest.json"
        self.events = path / "events.jsonl"
        self.trace = path / "trace.bin"
        self.checkpoints = path / "checkpoints"
        self.tensorboard = path / "tensorboard"
        self.wandb = path / "wandb"
        self.console = path / "console.log"
        self.lock = path / "run.lock"
        self.stop = path / "STOP"

    def __repr__(self) -> str:
        return f"RunDir({str(self.path)!r})"

    @property
    def exists(self) -> bool:
        """Whether a run was started here."""
        return self.config.is_file()

    def read_config(self) -> dict[str, Any]:
        """The resolved config of the run."""
        return read_json(self.config)

    def read_manifest(self) -> dict[str, Any]:
        """What made the run."""
        return read_json(self.manifest)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: The file is missing, not JSON, or not an object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; is {path.parent} a run folder?") from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(value, dict):
        raise DataError(f"{path} holds a JSON {type(value).__name__}, not an object")
    return value


def new_run_dir(root: Path, name: str) -> RunDir:
    """A new folder ``root/name/<id>``; the id is the local time, with a counter where that is taken."""
    base = root / name
    stamp = time.strftime("%Y%m%d-%H%M%S")
    try:
        base.mkdir(parents=True, exist_ok=True)
        for attempt in range(1000):
            path = base / (stamp if attempt == 0 else f"{stamp}-{attempt + 1}")
            with contextlib.suppress(FileExistsError):
                path.mkdir()
                return RunDir(path)
    except OSError as error:
        raise ConfigError(f"no run folder can be made in {base}: {error}; choose another with --out") from None
    raise ConfigError(f"{base} already holds 1000 runs of {stamp}; choose another folder with --out")


def find_run_dir(path: Path) -> RunDir:
    """The run at ``path``, which is a run folder, or a folder of runs (then the newest), or a checkpoint in a run.

    Raises:
        ConfigError: There is no run.
    """
    for candidate in (path, path.parent, path.parent.parent):
        if (candidate / "config.json").is_file() and (candidate / "events.jsonl").is_file():
            return RunDir(candidate)
    runs = sorted(find_runs(path), key=lambda run: run.config.stat().st_mtime)
    if runs:
        return runs[-1]
    raise ConfigError(f"{path} is not a run folder: it has no config.json and events.jsonl; see `seedbed runs`")


def find_runs(root: Path) -> list[RunDir]:
    """All runs below ``root``, by path."""
    if not root.is_dir():
        return []
    found = []
    for folder, names, files in os.walk(root):
        if "events.jsonl" in files and "config.json" in files:
            found.append(RunDir(Path(folder)))
            names.clear()
        names[:] = sorted(name for name in names if not name.startswith("."))
    return sorted(found, key=lambda run: str(run.path))


class EventLog:
    """The run's events, one JSON object per line, only ever appended to.

    A last line that a crash has torn is cut off when the log is opened again. Lines wait in memory until the system
    has made them durable, so that a disk that is full or fails for a while loses none: they are written again.
    """

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self._disk = disk or Disk()
        self._file = self._disk.open_end(path)
        self._durable = end_of_lines(path, self._disk)  # what lies before this position is no longer in memory
        self._lines = bytearray()  # everything after it
        self._written = 0  # how much of that the system has
        self._again = True  # whether the file may hold something else after the durable part
        self.flush()

    def append(self, event: Mapping[str, Any]) -> None:
        """Add a line; a disk that refuses is not an error here, but in ``flush`` and ``sync``."""
        self._lines += to_json({"time": round(time.time(), 3), **event}) + b"\n"
        waiting = len(self._lines) - self._written
        if waiting < WRITE_AFTER:
            return
        with contextlib.suppress(OSError):
            self.sync() if len(self._lines) >= SYNC_AFTER else self.flush()

    def flush(self) -> int:
        """Hand what was appended to the system; returns the position after it, in bytes.

        Raises:
            OSError: The disk refuses; what was not written waits.
        """
        if self._again:
            self._disk.truncate(self._file, self._durable)
            self._again = False
        while self._written < len(self._lines):
            # a copy: a view would stay in the error of a disk that refuses, and then no line could be appended
            self._written += self._disk.write(self._file, bytes(self._lines[self._written :]))
        return self._durable + len(self._lines)

    def sync(self) -> int:
        """Make what was appended durable; returns the position after it, in bytes.

        Raises:
            OSError: The disk refuses; what is not durable waits.
        """
        position = self.flush()
        try:
            self._disk.fsync(self._file)
        except OSError:
            # the system may have dropped the pages: another fsync would succeed without them, so all is written again
            self._again, self._written = True, 0
            raise
        self._durable, self._written = position, 0
        self._lines.clear()
        return position

    def rewind(self, position: int) -> int:
        """Drop what was logged after a checkpoint: it happens again, bit for bit, and is not logged twice.

        Returns:
            How many bytes the log lacks before ``position``: 0, unless somebody has cut it.
        """
        keep = max(0, position - self._durable)
        if keep < self._written or position < self._durable:
            self._disk.truncate(self._file, position)
        lacking = max(0, keep - len(self._lines))
        del self._lines[keep:]
        self._written = min(self._written, len(self._lines))
        self._durable = min(self._durable, position)
        return lacking

    def close(self) -> None:
        """Hand the rest to the system, if it takes it, and close the file; closing again does nothing."""
        if self._file < 0:
            return
        with contextlib.suppress(OSError):
            self.flush()
        with contextlib.suppress(OSError):
            self._disk.close(self._file)
        self._file = -1


def end_of_lines(path: Path, disk: Disk) -> int:
    """The position after the last whole line of a file."""
    end = disk.size(path)
    while end > 0:
        start = max(0, end - 65536)
        newline = disk.read(path, start, end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a log; a torn or damaged line is left out."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                yield event


def read_events_back(path: Path, block: int = 1 << 16) -> Iterator[dict[str, Any]]:
    """The events of a log from the last to the first; reads only as much as is asked for, whatever the log's length."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        end, rest = file.seek(0, os.SEEK_END), b""
        while end > 0:
            start = max(0, end - block)
            file.seek(start)
            first, *lines = (file.read(end - start) + rest).split(b"\n")
            end, rest = start, first  # its beginning may lie before this block
            for line in reversed([first, *lines] if start == 0 else lines):
                try:
                    event = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(event, dict):
                    yield event


class RunLock:
    """One writer per run: a lock that the system releases when the process ends, however it ends.

    It belongs to the process alone: loader workers that outlive a killed trainer for a moment do not hold it.

    Raises:
        ConfigError: Another process, or this one, is writing the run; or the folder cannot be written.
    """

    held: ClassVar[set[Path]] = set()

    def __init__(self, run: RunDir) -> None:
        self.path = run.lock
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        key = self.path.resolve()
        # the system's lock does not keep a process from itself; and closing the file a second time would release it
        if key in self.held:
            raise self.refusal("this process already")
        try:
            file = self.path.open("a+b")
        except OSError as error:
            raise ConfigError(
                f"{self.path.parent} cannot be written ({error.strerror}); choose another folder with --out"
            ) from None
        if not lock_file(file):
            file.seek(0)
            owner = file.read(200).decode(errors="replace").strip()
            file.close()
            raise self.refusal(owner or "another process")
        self._file = file
        self.held.add(key)
        with contextlib.suppress(OSError):  # who it is, for the other's message; a full disk does not matter
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
            file.flush()
        return self

    def refusal(self, owner: str) -> ConfigError:
        """The error for a run that is taken."""
        return ConfigError(
            f"{self.path.parent} is being written by {owner}; wait for it, stop it, or choose another folder with --out"
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
            self.held.discard(self.path.resolve())


def lock_file(file: IO[bytes]) -> bool:
    """Take an exclusive lock without waiting; False if another process has it.

    A file system without locks (some network disks) lets everybody through.
    """
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(1 << 30)  # a byte far behind the text, which others read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.lockf(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
    return True


def write_json(path: Path, value: Any, disk: Disk | None = None) -> None:
    """Write a JSON file, whole or not at all."""
    (disk or Disk()).write_atomic(path, to_json(value, indent=2) + b"\n")

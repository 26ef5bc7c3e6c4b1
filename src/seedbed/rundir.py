"""The run folder: where things are, how they are written, and the append-only event log. No torch here.

runs/<name>/<id>/
  config.json  manifest.json  events.jsonl  trace.bin  checkpoints/  tensorboard/  wandb/  report.html  console.log
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from seedbed.disk import Disk
from seedbed.errors import ConfigError, DataError

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode(value: Any) -> Any:
    """Make a value valid JSON: NaN and infinities become the strings "NaN", "Infinity" and "-Infinity"."""
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
    return json.dumps(encode(value), indent=indent, ensure_ascii=False, allow_nan=False)


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
    for attempt in range(1000):
        path = base / (stamp if attempt == 0 else f"{stamp}-{attempt + 1}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise ConfigError(f"no run folder can be made at {path}: {error}; choose another with --out") from None
        return RunDir(path)
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

    A last line that a crash has torn is cut off when the log is opened again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        repair(path)
        self._file: IO[bytes] = path.open("ab")

    def append(self, event: Mapping[str, Any]) -> None:
        self._file.write(dumps({"time": round(time.time(), 3), **event}).encode() + b"\n")

    def flush(self) -> int:
        """Hand what was written to the system; returns the position after it, in bytes."""
        self._file.flush()
        return self._file.tell()

    def sync(self) -> int:
        """Make what was written durable; returns the position after it, in bytes."""
        position = self.flush()
        os.fsync(self._file.fileno())
        return position

    def rewind(self, position: int) -> None:
        """Drop what was logged after a checkpoint: it happens again, bit for bit, and is not logged twice."""
        self._file.flush()
        if position < self._file.seek(0, os.SEEK_END):
            self._file.truncate(position)
            self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        self._file.close()


def repair(path: Path) -> None:
    """Cut off a last line without its end."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            file.truncate(end)


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a log; a torn or damaged line is left out."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event


class RunLock:
    """One writer per run: an advisory lock that the system releases when the process ends, however it ends."""

    def __init__(self, run: RunDir) -> None:
        self.path = run.lock
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self._file = self.path.open("a+", encoding="utf-8")
        try:
            lock_file(self._file)
        except OSError:
            self._file.seek(0)
            owner = self._file.read().strip() or "another process"
            self._file.close()
            raise ConfigError(
                f"{self.path.parent} is being written by {owner}; wait for it, stop it, or choose another folder "
                "with --out"
            ) from None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"process {os.getpid()}")
        self._file.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def lock_file(file: IO[str]) -> None:
    """Take an exclusive lock without waiting.

    Raises:
        OSError: Somebody else has it.
    """
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def write_json(path: Path, value: Any, disk: Disk | None = None) -> None:
    """Write a JSON file, whole or not at all."""
    (disk or Disk()).write_atomic(path, (dumps(value, indent=2) + "\n").encode())

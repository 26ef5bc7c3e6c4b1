"""The run folder: events that survive a crash, one writer, JSON without bare NaN."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.disk import Disk
from seedbed.errors import ConfigError, DataError
from seedbed.rundir import (
    EventLog,
    RunDir,
    RunLock,
    decode_number,
    encode,
    find_run_dir,
    find_runs,
    new_run_dir,
    read_events,
    read_json,
    to_json,
    write_json,
)

# ---- JSON ------------------------------------------------------------------------------------------------------

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def bits(value: float) -> str:
    return "nan" if math.isnan(value) else value.hex()


@given(st.floats())
def test_any_float_is_read_back_with_the_same_bits(value: float) -> None:
    assert bits(decode_number(json.loads(to_json(value)))) == bits(value)


@given(plain)
def test_any_plain_value_is_valid_json_whatever_it_holds(value: Any) -> None:
    assert json.loads(to_json(value), parse_constant=pytest.fail) == json.loads(json.dumps(encode(value)))


def test_a_path_that_is_not_utf8_can_be_written() -> None:
    name = os.fsdecode(b"runs/\xff\xfe")
    assert json.loads(to_json({"run": name}))["run"] == name


def test_a_json_file_is_replaced_whole(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"loss": math.inf})
    write_json(tmp_path / "a.json", {"loss": math.nan})
    assert read_json(tmp_path / "a.json") == {"loss": "NaN"}


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"{", "cannot be read as JSON"), (b"[1]", "JSON list"), (b"\xff", "cannot be read")],
)
def test_a_file_that_is_no_json_object_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_json(path)


# ---- the event log ---------------------------------------------------------------------------------------------


def without_time(events: Any) -> list[Any]:
    return [{key: value for key, value in event.items() if key != "time"} for event in events]


@settings(max_examples=50)
@given(values=st.lists(plain, max_size=5))
def test_events_come_back_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, values: list[Any]) -> None:
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    log = EventLog(path)
    for value in values:
        log.append({"value": value})
    log.close()
    assert without_time(read_events(path)) == [{"value": json.loads(to_json(value))} for value in values]


def test_a_log_cut_at_any_byte_keeps_its_whole_lines_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [json.dumps({"event": "step", "step": step, "text": "é" * step}).encode() + b"\n" for step in range(4)]
    data = b"".join(lines)
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])
        whole = data[: data[:size].rfind(b"\n") + 1]
        EventLog(path).close()
        assert path.read_bytes() == whole
        log = EventLog(path)
        log.append({"event": "next"})
        log.close()
        assert path.read_bytes().startswith(whole)
        assert without_time(read_events(path))[-1] == {"event": "next"}


def test_a_torn_line_longer_than_what_is_read_at_once_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"x" * 200_000)
    EventLog(path).close()
    assert path.read_bytes() == b'{"a": 1}\n'


def test_damaged_lines_are_left_out_when_a_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"a": 1}\n\x00\x00\n\xff\n[1]\n' + b"[" * 100_000 + b'\n{"b": 2}\n{"torn')
    assert list(read_events(path)) == [{"a": 1}, {"b": 2}]
    assert list(read_events(tmp_path / "missing")) == []


def test_what_was_logged_after_a_checkpoint_is_dropped_wherever_it_is(tmp_path: Path) -> None:
    for durable in range(5):
        for written in range(durable, 5):
            path = tmp_path / f"{durable}-{written}.jsonl"
            log = EventLog(path)
            positions = [0]
            for index in range(4):
                log.append({"index": index})
                if index + 1 == durable:
                    log.sync()
                positions.append(log.flush() if index + 1 == written else positions[0])
            position = positions[written] if written else 0
            assert log.rewind(position) == 0
            log.append({"index": "next"})
            log.close()
            kept = [event["index"] for event in read_events(path)]
            assert kept == [*range(written), "next"]


def test_going_back_behind_the_end_of_a_log_says_how_much_is_missing(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append({"a": 1})
    end = log.sync()
    assert log.rewind(end + 7) == 7
    assert log.rewind(end) == 0
    log.close()
    log.close()


class FailingDisk(Disk):
    """Takes so many bytes, then is full; and its fsync may fail."""

    room = 1 << 30
    broken = False

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = super().write(descriptor, data[: self.room])
        self.room -= taken
        return taken

    def fsync(self, descriptor: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        super().fsync(descriptor)


def test_a_full_disk_loses_no_event_once_there_is_room_again(tmp_path: Path) -> None:
    path, disk = tmp_path / "events.jsonl", FailingDisk()
    log = EventLog(path, disk)
    disk.room = 100
    for index in range(1000):
        log.append({"index": index})
    with pytest.raises(OSError, match="No space left"):
        log.sync()
    disk.room = 1 << 30
    position = log.sync()
    assert position == path.stat().st_size
    log.close()
    assert [event["index"] for event in read_events(path)] == list(range(1000))


def test_after_a_failed_fsync_the_events_are_written_again(tmp_path: Path) -> None:
    path, disk = tmp_path / "events.jsonl", FailingDisk()
    log = EventLog(path, disk)
    log.append({"index": 0})
    log.sync()
    first = disk.room
    log.append({"index": 1})
    disk.broken = True
    with pytest.raises(OSError, match="Input/output"):
        log.sync()
    written_once = first - disk.room
    disk.broken = False
    log.sync()
    assert first - disk.room == 2 * written_once
    log.close()
    assert [event["index"] for event in read_events(path)] == [0, 1]


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    for _ in range(40):
        log.append({"text": "x" * 100_000})
    assert len(log._lines) < 2_000_000
    log.close()


# ---- one writer ------------------------------------------------------------------------------------------------

HOLD = """
import os, sys, time
from pathlib import Path
from seedbed.rundir import RunDir, RunLock
lock = RunLock(RunDir(Path(sys.argv[1])))
lock.__enter__()
if "fork" in sys.argv and os.fork() == 0:
    time.sleep(30)
    os._exit(0)
print("held", flush=True)
time.sleep(30)
"""


def start_holder(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), *arguments], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


@pytest.mark.parametrize("arguments", [(), ("fork",)], ids=["alone", "with a worker that lives on"])
def test_a_second_writer_is_refused_until_the_first_is_killed(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    process = start_holder(tmp_path, *arguments)
    try:
        with pytest.raises(ConfigError, match=f"is being written by process {process.pid} on "):
            RunLock(RunDir(tmp_path)).__enter__()
        process.kill()
        process.wait()
        time.sleep(0.01)
        with RunLock(RunDir(tmp_path)):
            pass
    finally:
        os.killpg(process.pid, signal.SIGKILL) if arguments else None
        assert process.stdout is not None
        process.stdout.close()


def test_a_process_cannot_write_the_same_run_twice_at_once(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    with RunLock(run), pytest.raises(ConfigError, match="written by this process already"):
        RunLock(RunDir(tmp_path / "." / "")).__enter__()
    with RunLock(run):
        pass


def test_a_lock_that_was_refused_leaves_the_first_one_in_place(tmp_path: Path) -> None:
    with RunLock(RunDir(tmp_path)):
        with pytest.raises(ConfigError):
            RunLock(RunDir(tmp_path)).__enter__()
        done = subprocess.run([sys.executable, "-c", HOLD, str(tmp_path)], capture_output=True, text=True)
        assert f"is being written by process {os.getpid()} on " in done.stderr


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        RunLock(RunDir(tmp_path / "missing")).__enter__()


# ---- folders ---------------------------------------------------------------------------------------------------


def make_run(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    (path / "events.jsonl").write_text("")
    return path


def test_two_runs_of_the_same_second_get_two_folders(tmp_path: Path) -> None:
    runs = [new_run_dir(tmp_path, "digits") for _ in range(3)]
    assert len({run.path for run in runs}) == 3
    assert all(run.path.parent == tmp_path / "digits" and not run.exists for run in runs)


def test_a_run_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "digits").write_text("a file")
    with pytest.raises(ConfigError, match=r"no run folder can be made in .*digits.*--out"):
        new_run_dir(tmp_path, "digits")


def test_a_run_is_found_from_its_folder_its_checkpoint_or_the_folder_of_runs(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "digits" / "1")
    checkpoint = run / "checkpoints" / "step-00000001"
    checkpoint.mkdir(parents=True)
    for path in (run, checkpoint, tmp_path / "runs", tmp_path):
        assert find_run_dir(path).path == run
    with pytest.raises(ConfigError, match="is not a run folder"):
        find_run_dir(tmp_path / "elsewhere")


def test_all_runs_below_a_folder_are_found_by_path(tmp_path: Path) -> None:
    paths = [make_run(tmp_path / name / id_) for name in ("b", "a") for id_ in ("2", "1")]
    make_run(tmp_path / ".hidden" / "1")
    assert [run.path for run in find_runs(tmp_path)] == sorted(paths)
    assert find_runs(tmp_path / "missing") == []

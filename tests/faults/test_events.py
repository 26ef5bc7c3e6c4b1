"""Every call that the event log makes to the disk fails, in every way, and the power may go."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from faulty import WAYS, DeadError, FaultyDisk
from simulated import SimulatedDisk

from seedbed.disk import Disk
from seedbed.rundir import EventLog

PATH = Path("/events.jsonl")


def write_log(disk: Disk) -> int:
    """Log 4 events, 2 of them synced, then go back to the first sync; returns how many were said to be durable."""
    log, durable = EventLog(PATH, disk), 0
    for index in range(4):
        log.append({"index": index})
        if index == 1:
            with contextlib.suppress(OSError):
                log.sync()
                durable = 2
        elif index == 2:
            with contextlib.suppress(OSError):
                log.flush()
    log.close()
    return durable


def whole_lines(data: bytes) -> list[int]:
    return [
        json.loads(line)["index"] for line in data.splitlines(True) if line.endswith(b"}\n") and b"\x00" not in line
    ]


def test_a_synced_event_survives_any_fault_and_a_loss_of_power() -> None:
    counting = FaultyDisk(SimulatedDisk({PATH.name: b'{"torn'}))
    write_log(counting)
    tried = 0
    for fail_at in range(1, len(counting.calls) + 1):
        for way in WAYS:
            disk = SimulatedDisk({PATH.name: b'{"torn'})
            faulty, durable = FaultyDisk(disk, fail_at, way), 0
            try:
                durable = write_log(faulty)
            except (OSError, DeadError):
                # before the log is open an error is an error; afterwards only death stops it
                assert faulty.dead or "write" not in faulty.calls
            for state in disk.after_power_loss():
                found = whole_lines(state[PATH.name])
                assert found == list(range(len(found))), (fail_at, way)
                assert len(found) >= durable, (fail_at, way)
                # and it can be gone on with
                after = SimulatedDisk(state)
                log = EventLog(PATH, after)
                log.rewind(log.flush())
                log.append({"index": len(found)})
                log.close()
                assert whole_lines(after.read(PATH)) == [*found, len(found)], (fail_at, way)
                tried += 1
    assert tried > 200

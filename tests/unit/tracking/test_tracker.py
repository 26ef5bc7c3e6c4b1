"""The fan-out to several trackers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from seedbed.state import StepRecord
from seedbed.tracking.tracker import MediaKind, Tracker, Trackers


class Recorder(Tracker):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def write(self, event: Mapping[str, Any]) -> None:
        self.seen.append(event)

    def media(self, kind: MediaKind, name: str, value: Any, step: int) -> None:
        self.seen.append((kind, name, value, step))

    def tick(self, record: StepRecord, total_steps: int | None) -> None:
        self.seen.append(record.step)

    def close(self) -> None:
        self.seen.append("closed")


class WritesOnly(Tracker):
    def write(self, event: Mapping[str, Any]) -> None:
        pass


class Broken(Recorder):
    """Fails in the method that it is told to fail in."""

    def __init__(self, method: str) -> None:
        super().__init__()

        def fail(*args: Any) -> None:
            raise OSError(28, "No space left on device")

        self.__dict__[method] = fail


def test_everyone_is_told_everything(make_record: Any) -> None:
    one, two = Recorder(), Recorder()
    trackers = Trackers([one, WritesOnly(), two])
    trackers.write({"event": "note"})
    trackers.media("text", "a", "b", 3)
    trackers.tick(make_record(7), None)
    trackers.close()
    assert one.seen == two.seen == [{"event": "note"}, ("text", "a", "b", 3), 7, "closed"]


@pytest.mark.parametrize("method", ["write", "media", "tick", "close"])
def test_a_tracker_that_fails_is_switched_off_with_one_note(method: str, make_record: Any) -> None:
    good, bad, notes = Recorder(), Broken(method), []
    trackers = Trackers([bad, good], say=notes.append)
    for _ in range(2):
        trackers.write({"event": "note"})
        trackers.media("text", "a", "b", 3)
        trackers.tick(make_record(7), None)
        trackers.tick(make_record(8), None)
        trackers.close()
    assert notes == [
        "Broken is switched off for the rest of this run, it failed with OSError: [Errno 28] No space left on device"
    ]
    assert trackers.trackers == [good]
    assert good.seen.count("closed") == 2
    assert good.seen.count(8) == 2


def test_the_note_may_be_written_to_the_same_trackers() -> None:
    good, bad = Recorder(), Broken("write")

    def say(text: str) -> None:
        trackers.write({"event": "note", "text": text})

    trackers = Trackers([bad, good], say=say)
    trackers.write({"event": "epoch"})
    assert [event["event"] for event in good.seen] == ["note", "epoch"]


def test_a_tracker_does_nothing_with_what_it_does_not_know(make_record: Any) -> None:
    tracker = WritesOnly()
    tracker.media("mesh", "m", object(), 0)
    tracker.tick(make_record(1), 3)
    tracker.close()

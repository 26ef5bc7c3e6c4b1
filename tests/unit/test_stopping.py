"""Requests to stop: noticed between updates, never lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seedbed.stopping import Stopper, StopRequested


def test_nothing_asks_by_itself(tmp_path: Path) -> None:
    with Stopper(tmp_path / "STOP", time_limit=3600) as stopper:
        assert not stopper.requested()
        stopper.check()


def test_a_stop_file_is_noticed_and_removed(tmp_path: Path) -> None:
    (tmp_path / "STOP").touch()
    with Stopper(tmp_path / "STOP") as stopper:
        assert stopper.requested()
        assert stopper.reason == "stop file"
        assert not (tmp_path / "STOP").exists()
        with pytest.raises(StopRequested):
            stopper.check()


def test_a_time_limit_runs_out() -> None:
    with Stopper(time_limit=0.0) as stopper:
        assert stopper.requested()
        assert stopper.reason == "time limit"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_request_and_the_handlers_are_put_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Stopper() as stopper:
        os.kill(os.getpid(), number)
        assert stopper.requested()
        assert stopper.reason == number.name
    assert signal.getsignal(number) == before


def test_outside_of_the_main_thread_signals_are_left_alone() -> None:
    found: list[object] = []

    def work() -> None:
        with Stopper() as stopper:
            found.append(stopper.requested())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]


def test_the_second_interrupt_ends_the_process_at_once() -> None:
    code = (
        "import os, signal\nfrom seedbed.stopping import Stopper\n"
        "with Stopper():\n    os.kill(os.getpid(), signal.SIGINT)\n    os.kill(os.getpid(), signal.SIGINT)\n"
        "print('still here')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130
    assert "still here" not in done.stdout

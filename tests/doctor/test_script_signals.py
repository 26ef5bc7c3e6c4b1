"""Signals, forks and sudden ends under ``seedbed doctor``: nothing is lost, orphaned or hidden."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCTOR = [sys.executable, "-m", "seedbed", "doctor"]
MISTAKE = """
import torch
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
for step in range(6):
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()
"""


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Signals as a shell in the foreground leaves them: under nohup, or behind ``&``, some would be ignored."""
    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    kept = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def _start(script: Path, *options: str) -> subprocess.Popen[str]:
    """Start the doctor as the leader of a process group of its own, as a shell does, and wait for the script."""
    command = [*DOCTOR, *options, str(script)]
    done = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=script.parent, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (script.parent / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return done


def _run(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    script = folder / "train.py"
    script.write_text(text, encoding="utf-8")
    return subprocess.run([*DOCTOR, *options, str(script)], capture_output=True, text=True, cwd=folder)


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


READY = "\nimport os, sys, time\nopen('ready', 'w').write(str(os.getpid()))\n"


def test_after_ctrl_c_the_script_saves_in_its_own_time_and_its_findings_are_told(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    saving = "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    time.sleep(1)\n    print('saved')\n"
    saving += "    sys.exit(5)\n"
    script.write_text(MISTAKE + READY + saving, encoding="utf-8")
    doctor = _start(script)
    os.killpg(doctor.pid, signal.SIGINT)
    out, error = doctor.communicate(timeout=60)
    assert out.startswith("saved\n")
    assert "SB101" in out
    assert "Traceback" not in error
    assert doctor.returncode == 5


def test_an_interrupted_script_shows_its_traceback_and_ends_with_130(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(READY + "time.sleep(60)\n", encoding="utf-8")
    doctor = _start(script)
    os.killpg(doctor.pid, signal.SIGINT)
    _, error = doctor.communicate(timeout=60)
    assert doctor.returncode == 130
    assert f'File "{script}", line 4' in error
    assert "was interrupted" in error
    assert error.count("Traceback") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_doctor_reaches_the_script(number: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    handler = f"import signal\nsignal.signal({int(number)}, lambda *a: (print('told'), sys.exit(3)))\n"
    script.write_text("import sys\n" + handler + READY + "time.sleep(60)\n", encoding="utf-8")
    doctor = _start(script)
    os.kill(doctor.pid, number)
    out, _ = doctor.communicate(timeout=60)
    assert out.startswith("told\n")
    assert doctor.returncode == 3


def test_a_script_that_a_signal_ends_is_no_orphan_and_is_told_by_name(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(READY + "time.sleep(60)\n", encoding="utf-8")
    doctor = _start(script)
    os.kill(doctor.pid, signal.SIGTERM)
    out, error = doctor.communicate(timeout=60)
    assert doctor.returncode == 128 + signal.SIGTERM
    assert "killed by SIGTERM; only the reading of the code counts" in error
    assert out != "No mistakes found.\n"
    assert _gone(int((tmp_path / "ready").read_text()))


@pytest.mark.parametrize("status", [0, 3])
def test_a_sudden_exit_is_told_with_its_status(status: int, tmp_path: Path) -> None:
    done = _run(tmp_path, f"import os\nos._exit({status})\n")
    assert done.returncode == status
    assert f"ended by os._exit({status}) before it could be reported; only the reading of the code" in done.stderr
    assert "failed" not in done.stderr
    assert done.stdout != "No mistakes found.\n"


def test_a_segmentation_fault_is_told_by_name(tmp_path: Path) -> None:
    done = _run(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    assert done.returncode == 128 + signal.SIGSEGV
    assert "killed by SIGSEGV" in done.stderr


def test_only_the_script_itself_reports_and_not_its_fork(tmp_path: Path) -> None:
    text = "import os, sys\npid = os.fork()\n" + MISTAKE.replace("range(6)", "range(6 if pid else 0)")
    text += "if pid:\n    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4\nelse:\n    sys.exit(4)\n"
    done = _run(tmp_path, text, "--format", "json")
    assert "SB101" in {finding["code"] for finding in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert "1 process that the script started was not watched" in done.stderr


def test_a_fork_that_outlives_the_script_does_not_write_over_its_report(tmp_path: Path) -> None:
    text = MISTAKE + "import os, time\nif not os.fork():\n    time.sleep(0.3)\n    raise ValueError('child')\n"
    done = _run(tmp_path, text)
    assert "SB101" in done.stdout
    assert "failed" not in done.stderr


def test_processes_that_train_are_told_and_loader_workers_are_not(tmp_path: Path) -> None:
    text = """
import torch
import torch.multiprocessing as mp

def work(rank):
    print("rank", rank, flush=True)

if __name__ == "__main__":
    assert sum(len(b) for b in torch.utils.data.DataLoader(range(8), batch_size=4, num_workers=1)) == 8
    if {spawn}:
        mp.start_processes(work, nprocs=2, start_method="{method}")
"""
    done = _run(tmp_path, text.format(spawn=True, method="fork"))
    assert sorted(done.stdout.splitlines()[:2]) == ["rank 0", "rank 1"]
    assert "2 processes that the script started were not watched" in done.stderr
    assert "No mistakes found.\n" not in done.stdout
    done = _run(tmp_path, text.format(spawn=False, method="fork"))
    assert done.stdout == "No mistakes found.\n"
    assert done.stderr == ""
    done = _run(tmp_path, text.format(spawn=True, method="spawn"))
    assert sorted(done.stdout.splitlines()[:2]) == ["rank 0", "rank 1"]
    assert "2 processes" in done.stderr

"""Run a script or notebook unchanged, in a process of its own, under observation.

``observe_script`` starts the child (``seedbed.doctor.child``), waits for it and reads its report.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.errors import ConfigError

# No file of the working folder may come before the standard library, and none of ours before the script's.
_START = """import sys
at_start = set(sys.modules)
if not sys.flags.safe_path:
    sys.path.pop(0)
sys.path.append({home!r})
from seedbed.doctor.child import run_child
sys.path.pop()
run_child(at_start)
"""


@dataclass
class Observation:
    """What a watched run gave.

    Args:
        findings: What was found.
        code: Exit status of the script itself, 128 + the number of the signal that ended it.
        crashed: The script's own exception in one line, ``""`` when it did not crash.
        stopped: Why the run was ended early, ``""`` when it ran to its end.
        steps: Optimizer steps that were seen.
        failures: Tracebacks of our own code, which never reach the script.
        lost: How the process ended before it could report, ``""`` when it did report.
        processes: Processes that the script started, which are not watched.
        torch: Whether the script imported torch; else there was nothing to watch.
        parsed: Whether Python could read the script at all.
    """

    findings: list[Finding] = field(default_factory=list)
    code: int = 0
    crashed: str = ""
    stopped: str = ""
    steps: int = 0
    failures: list[str] = field(default_factory=list)
    lost: str = ""
    processes: int = 0
    torch: bool = True
    parsed: bool = True


def observe_script(
    path: str | Path,
    args: Sequence[str] = (),
    steps: int = 300,
    full: bool = False,
    seconds: float | None = 60.0,
    quiet: bool = False,
) -> Observation:
    """Run a script or notebook in a child process under observation.

    Args:
        path: The ``.py`` or ``.ipynb`` file.
        args: Its own command-line arguments.
        steps: Optimizer steps to watch closely.
        full: Watch closely to the end.
        seconds: End the script after so many seconds; ``None`` lets it run to its end.
        quiet: Send the script's standard output to standard error.

    Raises:
        ConfigError: The file does not exist, or is a notebook that cannot be read.
    """
    if not Path(path).is_file():
        raise ConfigError(f"{path} does not exist; give a Python script or a notebook")
    if Path(path).suffix == ".ipynb":
        from seedbed.doctor.static.source import read_source

        read_source(Path(path))
    with tempfile.TemporaryDirectory(prefix="seedbed-doctor-") as folder:
        report = Path(folder).absolute() / "report.json"
        job = {"path": str(path), "args": list(args), "steps": steps, "full": full, "seconds": seconds}
        environment = {**os.environ, "SEEDBED_DOCTOR_JOB": json.dumps({**job, "report": str(report)})}
        status = _run(environment, quiet)
        code = 128 - status if status < 0 else status
        if not report.exists():
            return Observation(code=code, lost=_ending(status))
        data = json.loads(report.read_text(encoding="utf-8"))
    findings = [_as_typed(Finding.from_json(item), str(path)) for item in data.pop("findings")]
    if status < 0 and not data["crashed"]:
        data["crashed"] = _ending(status)
    return Observation(findings, code, **data)


def _run(environment: dict[str, str], quiet: bool) -> int:
    """Start the child and wait until it has ended, however long it takes after a signal."""
    home = str(Path(__file__).absolute().parents[2])
    command = [sys.executable, "-c", _START.format(home=home)]
    with _handing_on() as children:
        child = subprocess.Popen(command, env=environment, stdout=sys.stderr.fileno() if quiet else None)
        children.append(child)
        return child.wait()


@contextmanager
def _handing_on() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Hand SIGTERM and SIGHUP on to the child; SIGINT reaches it from the terminal, so we only wait.

    A handler of ours, and not ``SIG_IGN``, which the child would inherit; what is ignored already stays so.
    """
    children: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int, frame: Any) -> None:
        for child in children:
            child.send_signal(number)

    def wait(number: int, frame: Any) -> None:
        pass

    wanted = {"SIGINT": wait, "SIGTERM": hand_on, "SIGHUP": hand_on}
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name, handler in wanted.items():
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, handler)
    try:
        yield children
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ending(status: int) -> str:
    """Say how a process ended that did not report."""
    if status >= 0:
        return f"ended by os._exit({status}) before it could be reported"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def _as_typed(finding: Finding, path: str) -> Finding:
    """Name the script as the user did; Python itself knows it by its absolute path."""
    whole = os.path.join(os.getcwd(), path)

    def short(file: str) -> str:
        return path if file == whole else file

    related = tuple((short(file), line, text) for file, line, text in finding.related)
    return replace(finding, file=short(finding.file), related=related)

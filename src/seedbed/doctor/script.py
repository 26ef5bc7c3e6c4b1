"""Run a script or notebook unchanged, in a process of its own, under observation.

``observe_script`` starts the child and reads its report; ``run_child`` is what the child does.
"""

from __future__ import annotations

import builtins
import json
import linecache
import os
import signal
import subprocess
import sys
import tempfile
import traceback
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.errors import ConfigError

_START = "from seedbed.doctor.script import run_child; run_child()"


@dataclass
class Observation:
    """What a watched run gave.

    Args:
        findings: What was found.
        code: Exit status of the script itself.
        crashed: The script's own exception in one line, ``""`` when it did not crash.
        stopped: Why the run was ended early, ``""`` when it ran to its end.
        steps: Optimizer steps that were seen.
        failures: Tracebacks of our own code, which never reach the script.
    """

    findings: list[Finding] = field(default_factory=list)
    code: int = 0
    crashed: str = ""
    stopped: str = ""
    steps: int = 0
    failures: list[str] = field(default_factory=list)


def observe_script(
    path: Path,
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
        ConfigError: The file does not exist.
    """
    if not path.is_file():
        raise ConfigError(f"{path} does not exist; give a Python script or a notebook")
    with tempfile.TemporaryDirectory(prefix="seedbed-doctor-") as folder:
        report = Path(folder) / "report.json"
        job = {"path": str(path), "args": list(args), "steps": steps, "full": full, "seconds": seconds}
        environment = {**os.environ, "SEEDBED_DOCTOR_JOB": json.dumps({**job, "report": str(report)})}
        done = subprocess.run(
            [sys.executable, "-c", _START], env=environment, stdout=sys.stderr.fileno() if quiet else None
        )
        if not report.exists():
            return Observation(code=done.returncode, crashed=f"the process ended with status {done.returncode}")
        data = json.loads(report.read_text(encoding="utf-8"))
    findings = [Finding.from_json(item) for item in data["findings"]]
    return Observation(findings, data["code"], data["crashed"], data["stopped"], data["steps"], data["failures"])


def run_child() -> None:
    """Be the child: run the script named in the environment, write the report, exit as the script would."""
    job = json.loads(os.environ.pop("SEEDBED_DOCTOR_JOB"))
    path = Path(job["path"])
    from seedbed.doctor.observe.recorder import Recorder

    recorder = Recorder(job["steps"], job["full"], job["seconds"])
    text = _load(path)
    sys.argv = [str(path), *job["args"]]
    sys.path[0] = str(path.resolve().parent)
    code, crashed, stopped = 0, "", ""
    try:
        program = compile(text, str(path), "exec", dont_inherit=True)
        _set_alarm(job["seconds"])
        recorder.install()
        code, crashed, stopped = _execute(program, path, job["seconds"])
    except SyntaxError:
        traceback.print_exc(limit=0)
        code, crashed = 1, "SyntaxError"
    finally:
        _set_alarm(None)
        recorder.record.finished = not crashed and not stopped
        recorder.record.crashed, recorder.record.stopped = crashed, stopped
        _report(recorder, Path(job["report"]), code)
    sys.stdout.flush()
    sys.exit(code)


def _load(path: Path) -> str:
    """Return the code of a script, or the joined cells of a notebook (known to tracebacks by its path)."""
    if path.suffix != ".ipynb":
        import tokenize

        with tokenize.open(path) as handle:
            return handle.read()
    from seedbed.doctor.static.source import read_source

    text = read_source(path).text
    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))
    return text


def _execute(program: types.CodeType, path: Path, seconds: float | None) -> tuple[int, str, str]:
    from seedbed.doctor.observe.patches import StopObservingError

    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=str(path), __builtins__=builtins, __spec__=None)
    if path.suffix == ".ipynb":
        module.__dict__.update(display=print)
    sys.modules["__main__"] = module
    try:
        exec(program, module.__dict__)
    except StopObservingError:
        return 0, "", f"stopped after {seconds:g} seconds"
    except SystemExit as leave:
        if leave.code is None or isinstance(leave.code, int):
            return leave.code or 0, "", ""
        print(leave.code, file=sys.stderr)
        return 1, "", ""
    except KeyboardInterrupt:
        return 130, "KeyboardInterrupt", ""
    except BaseException as error:
        _print_traceback(error, path)
        return 1, f"{type(error).__name__}: {error}"[:300], ""
    return 0, "", ""


def _print_traceback(error: BaseException, path: Path) -> None:
    """Print the script's traceback without our own frames at its head."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != str(path):
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace or error.__traceback__)


def _set_alarm(seconds: float | None) -> None:
    """End the script from outside its loop too (slow data, endless evaluation), where the system has alarms."""
    if not hasattr(signal, "SIGALRM"):
        return
    from seedbed.doctor.observe.patches import StopObservingError

    def ring(number: int, frame: Any) -> None:
        raise StopObservingError

    if seconds is None:
        signal.setitimer(signal.ITIMER_REAL, 0)
    else:
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds + 1.0)


def _report(recorder: Any, target: Path, code: int) -> None:
    """Judge the facts and write the report; a failure of ours leaves an honest, shorter one."""
    from seedbed.doctor.probes.judge import judge

    findings: list[Finding] = []
    failures = recorder.guard.failures
    used = recorder.random.used()
    recorder.remove()
    try:
        with open(os.devnull, "w") as nowhere:
            kept, sys.stdout = sys.stdout, nowhere
            try:
                findings = judge(recorder, used)
            finally:
                sys.stdout = kept
    except Exception:
        failures.append(traceback.format_exc(limit=-4))
    data = {
        "findings": [_plain(finding.to_json()) for finding in findings],
        "code": code,
        "crashed": recorder.record.crashed,
        "stopped": recorder.record.stopped,
        "steps": recorder.record.steps,
        "failures": failures,
    }
    target.write_text(json.dumps(data), encoding="utf-8")


def _plain(value: Any) -> Any:
    """Turn anything into what JSON can hold; numbers that are not finite become text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if abs(value) < float("inf") else str(value)
    return value if isinstance(value, str | int | bool | None) else str(value)

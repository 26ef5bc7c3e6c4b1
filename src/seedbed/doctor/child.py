"""The watched process: it runs a script or notebook as Python would, and writes down what was seen.

Neither torch nor NumPy is imported before the script does so; the recorder comes when the script's own import of torch
has finished. ``run_child`` is called by the process that ``seedbed.doctor.script`` starts.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import linecache
import os
import signal
import sys
import time
import traceback
import types
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, ClassVar

from seedbed.doctor.observe.arrival import Arrivals, Early, StopObservingError

_OURS = tuple(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), part) for part in ("child.py", "observe" + os.sep)
)
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


class Watcher:
    """Waits for torch and then records.

    Args:
        job: What to run and how closely to look.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.pid = os.getpid()
        self.early = Early()
        self.arrivals = Arrivals({**self.early.wanted(), "torch": self._torch_arrived}, self.early.begins)
        self.began = time.monotonic()
        self.recorder: Any = None
        self.failures: list[str] = []

    def _torch_arrived(self, torch: types.ModuleType) -> None:
        import warnings

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the script may have made errors of them
                from seedbed.doctor.observe.recorder import Recorder

                recorder = Recorder(self.job["steps"], self.job["full"])
            if self.job["seconds"] is not None:
                recorder.deadline = self.began + self.job["seconds"]
            recorder.random.take_over(self.early)
            recorder.install()
            self.recorder = recorder
        except Exception:
            self.failures.append(traceback.format_exc(limit=-4))

    def report(self, crashed: str, stopped: str, parsed: bool = True) -> None:
        """Judge the facts and write the report; a failure of ours leaves an honest, shorter one."""
        findings: list[dict[str, Any]] = []
        steps = 0
        if self.recorder is not None:
            record = self.recorder.record
            record.finished, record.crashed, record.stopped = not crashed and not stopped, crashed, stopped
            self.failures += self.recorder.guard.failures
            steps = record.steps
            try:
                findings = self._judged()
            except Exception:
                self.failures.append(traceback.format_exc(limit=-4))
        data = {"findings": findings, "crashed": crashed, "stopped": stopped, "steps": steps}
        data |= {"failures": self.failures, "processes": self.early.processes, "torch": self.recorder is not None}
        data |= {"parsed": parsed}
        target = Path(self.job["report"])
        half = target.with_suffix(".half")
        half.write_text(json.dumps(data), encoding="utf-8")
        half.replace(target)

    def _judged(self) -> list[dict[str, Any]]:
        from seedbed.doctor.probes.judge import judge

        used = self.recorder.random.used()
        known = len(self.recorder.guard.failures)
        self.recorder.remove()
        with open(os.devnull, "w") as nowhere:
            kept, sys.stdout = sys.stdout, nowhere
            try:
                found = judge(self.recorder, used)
            finally:
                sys.stdout = kept
                self.failures += self.recorder.guard.failures[known:]
        return [_plain(finding.to_json()) for finding in found]


def run_child(at_start: set[str]) -> None:
    """Be the child: run the script named in the environment, write the report, exit as the script would.

    Args:
        at_start: Modules that Python itself had loaded.
    """
    job = json.loads(os.environ.pop("SEEDBED_DOCTOR_JOB"))
    typed = job["path"]
    file = typed if os.path.isabs(typed) else os.path.join(os.getcwd(), typed)
    sys.argv = [typed, *job["args"]]
    sys.orig_argv = [sys.orig_argv[0], typed, *job["args"]]
    try:
        program, module = _load(file)
    except (SyntaxError, ValueError) as error:
        traceback.print_exception(error.with_traceback(None))
        Watcher(job).report(_in_one_line(error), "", parsed=False)
        sys.exit(1)
    folder = os.path.dirname(os.path.realpath(file))
    if not sys.flags.safe_path:
        sys.path.insert(0, folder)
        _uncover(folder, at_start)
    watcher = Watcher(job)
    watcher.arrivals.install()
    sys.modules["__main__"] = module
    _set_alarm(job["seconds"])
    code, crashed, stopped = _execute(program, module, job["seconds"])
    if os.getpid() == watcher.pid:  # a fork of the script that comes here has nothing to tell
        _set_alarm(None)
        before = _deaf()
        try:
            watcher.report(crashed, stopped)
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
    sys.exit(code)


def _load(file: str) -> tuple[types.CodeType, types.ModuleType]:
    """Return the program, and the module that it runs in; the joined cells of a notebook are known by its path."""
    module = types.ModuleType("__main__")
    module.__dict__.update(__builtins__=builtins, __spec__=None, __annotations__={}, __cached__=None)
    if not file.endswith(".ipynb"):
        module.__dict__.update(__file__=file, __loader__=SourceFileLoader("__main__", file))
        return compile(Path(file).read_bytes(), file, "exec", dont_inherit=True), module
    from seedbed.doctor.static.source import read_source

    text = read_source(Path(file)).text
    linecache.cache[file] = (len(text), None, [f"{line}\n" for line in text.split("\n")], file)
    shell = Shell()
    module.__dict__.update(display=print, get_ipython=lambda: shell)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compile(text, file, "exec", flags=flags, dont_inherit=True), module


class Shell:
    """Stands in for IPython's shell in a notebook: whatever is asked of it does nothing."""

    config: ClassVar[dict[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


def _uncover(folder: str, at_start: set[str]) -> None:
    """Forget modules of the standard library that we needed and that a file beside the script has the name of."""
    for name in {name.partition(".")[0] for name in set(sys.modules) - at_start} - {"seedbed", "__main__"}:
        place = os.path.join(folder, name)
        if os.path.isfile(f"{place}.py") or os.path.isfile(os.path.join(place, "__init__.py")):
            for held in [held for held in sys.modules if held.partition(".")[0] == name]:
                del sys.modules[held]


def _execute(program: types.CodeType, module: types.ModuleType, seconds: float | None) -> tuple[Any, str, str]:
    """Run the program; returns what to exit with, its exception in one line, and why it was stopped."""
    try:
        if program.co_flags & inspect.CO_COROUTINE:
            import asyncio

            asyncio.run(eval(program, module.__dict__))
        else:
            exec(program, module.__dict__)
    except StopObservingError:
        return 0, "", f"stopped after {seconds:g} seconds"
    except SystemExit as leave:
        return leave.code, "", ""
    except BaseException as error:
        return _uncaught(error), _in_one_line(error), ""
    return 0, "", ""


def _in_one_line(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:
        said = ""
    return f"{type(error).__name__}: {said}"[:300] if said else type(error).__name__


def _uncaught(error: BaseException) -> Any:
    """Hand the script's exception to its own ``sys.excepthook``, as Python does; returns the exit status."""
    _hide_us(error, set())
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    hook = getattr(sys, "excepthook", None)
    trace = error.__traceback__
    if hook is None or hook is sys.__excepthook__:
        traceback.print_exception(type(error), error, trace)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    try:
        hook(type(error), error, trace)
    except SystemExit as leave:
        return leave.code
    except BaseException as failed:
        _hide_us(failed, set())
        failed.__context__ = None
        print("Error in sys.excepthook:", file=sys.stderr)
        traceback.print_exception(failed)
        print("\nOriginal exception was:", file=sys.stderr)
        traceback.print_exception(type(error), error, trace)
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def _hide_us(error: BaseException | None, done: set[int]) -> None:
    """Take our own frames out of a traceback, and out of those that led to it."""
    if error is None or id(error) in done:
        return
    done.add(id(error))
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    kept: types.TracebackType | None = None
    for item in reversed(frames):
        if not item.tb_frame.f_code.co_filename.startswith(_OURS):
            kept = types.TracebackType(kept, item.tb_frame, item.tb_lasti, item.tb_lineno)
    error.__traceback__ = kept
    _hide_us(error.__cause__, done)
    _hide_us(error.__context__, done)


def _set_alarm(seconds: float | None) -> None:
    """End the script from outside its loop too (slow data, endless evaluation), where the system has alarms."""
    if not hasattr(signal, "SIGALRM"):
        return

    def ring(number: int, frame: Any) -> None:
        raise StopObservingError

    if seconds is None:
        signal.setitimer(signal.ITIMER_REAL, 0)
    else:
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, min(seconds, 1e9) + 1.0)


def _deaf() -> dict[int, Any]:
    """Ignore the signals that end a process while the report is made; returns the handlers before."""
    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    return {number: signal.signal(number, signal.SIG_IGN) for number in numbers}


def _plain(value: Any) -> Any:
    """Turn anything into what JSON can hold; numbers that are not finite become text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if abs(value) < float("inf") else str(value)
    return value if isinstance(value, str | int | bool | None) else str(value)

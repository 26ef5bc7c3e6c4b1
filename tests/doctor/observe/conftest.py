"""Fixtures that run a piece of code under the recorder in this process and return what the probes find."""

from __future__ import annotations

import linecache
import textwrap
import warnings
from collections.abc import Callable
from itertools import count

import pytest

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.observe import site
from seedbed.doctor.observe.recorder import Recorder
from seedbed.doctor.probes.judge import judge

_NUMBERS = count()
PRELUDE = "import copy\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F\ntorch.manual_seed(0)\n"


def _findings_of(code: str, steps: int = 300) -> list[Finding]:
    """Return what is found in a script whose first steps are watched; our own failures are test failures."""
    text = PRELUDE + textwrap.dedent(code)
    name = f"/watched/train{next(_NUMBERS)}.py"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    site._USER[name] = True
    recorder = Recorder(steps)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        recorder.install()
        try:
            exec(compile(text, name, "exec"), {"__name__": "__main__"})
            recorder.record.finished = True
            used = recorder.random.used()
        finally:
            recorder.remove()
    found = judge(recorder, used)
    assert recorder.guard.failures == []
    return found


@pytest.fixture
def findings_of() -> Callable[[str], list[Finding]]:
    """Return what is found in a script."""
    return _findings_of


@pytest.fixture
def codes_of() -> Callable[[str], set[str]]:
    """Return the codes of the warnings and errors in a script."""
    return lambda code: {f.code for f in _findings_of(code) if f.severity >= Severity.WARNING}

"""Interleaved measurements: every round runs each variant once, in a process of its own, in another order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from seedbed.bench.pairs import Pairs
from seedbed.errors import TrainingError


@dataclass
class Sample:
    """One process: seconds of training, of processor time while training, of the whole process; peak memory."""

    seconds: float
    cpu_seconds: float
    process_seconds: float
    process_cpu_seconds: float
    peak_bytes: int
    steps: int
    accuracy: float


@dataclass
class Measurement:
    """All samples of one variant on one workload; ``failure`` is why there are none."""

    workload: str
    variant: str
    samples: list[Sample] = field(default_factory=list)
    failure: str | None = None

    def middle(self, name: str) -> float:
        """The median of one number over the rounds."""
        return float(median(getattr(sample, name) for sample in self.samples))

    def ratio(self, base: Measurement, name: str) -> float:
        """The median over the rounds of this variant's number over another's in the same round."""
        pairs = zip(self.samples, base.samples, strict=False)
        return float(median(getattr(a, name) / getattr(b, name) for a, b in pairs))

    def to_json(self) -> dict[str, Any]:
        """Everything that was measured."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Measurement:
        """What ``to_json`` made."""
        return cls(data["workload"], data["variant"], [Sample(**one) for one in data["samples"]], data["failure"])


def run_child(arguments: Sequence[str]) -> Sample:
    """Run one measured process.

    Raises:
        TrainingError: It failed; with its last line.
    """
    line, seconds, cpu = run_module("seedbed.bench.child", arguments)
    return Sample(process_seconds=seconds, process_cpu_seconds=cpu, **json.loads(line))


def run_pairs(workload: str, data: Path, *, epochs: int, seconds: float, config: str | None) -> list[Pairs]:
    """Measure the services of one workload in a process of its own."""
    arguments = [workload, str(data), str(epochs), str(seconds), *([config] if config is not None else [])]
    return [Pairs.from_json(one) for one in json.loads(run_module("seedbed.bench.pairs", arguments)[0])]


def run_module(module: str, arguments: Sequence[str]) -> tuple[str, float, float]:
    """Run a module in a process of its own; the last line that it prints, its wall and its processor seconds.

    Raises:
        TrainingError: It failed; with its last line.
    """
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=out, stderr=errors)
        try:
            if hasattr(os, "wait4"):
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                cpu = usage.ru_utime + usage.ru_stime
            else:
                process.wait()
                cpu = 0.0
        except BaseException:  # a training takes a signal as a request to save and stop, and the next would begin
            process.kill()
            raise
        seconds = time.perf_counter() - began
        out.seek(0)
        errors.seek(0)
        lines = out.read().decode(errors="replace").splitlines()
        said = errors.read().decode(errors="replace").strip().splitlines()
    if process.returncode != 0 or not lines:
        raise TrainingError(f"measuring {' '.join(arguments[:2])} failed: {said[-1] if said else process.returncode}")
    return lines[-1], seconds, cpu


def measure_all(
    plan: Sequence[tuple[str, str]],
    data: Path,
    *,
    repeats: int,
    epochs: int = 0,
    config: str = "",
    say: Callable[[str], None] = lambda text: None,
) -> list[Measurement]:
    """Run every (workload, variant) ``repeats`` times, interleaved; one that fails is not tried again."""
    found = [Measurement(workload, variant) for workload, variant in plan]
    for number in range(repeats):
        # turned around every other round, so that a machine that gets slower or faster is nobody's advantage
        for one in found if number % 2 == 0 else reversed(found):
            if one.failure is not None:
                continue
            say(f"round {number + 1}/{repeats}: {one.workload} {one.variant}")
            try:
                one.samples.append(run_child([one.workload, one.variant, str(data), str(epochs), config]))
            except TrainingError as error:
                one.failure = str(error)
                one.samples.clear()
    return found

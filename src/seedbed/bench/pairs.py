"""What each service costs, measured in one process: pairs of trainings side by side, one with it and one without.

``python -m seedbed.bench.pairs WORKLOAD FOLDER EPOCHS SECONDS [CONFIG]``; the last line of stdout is one JSON object.
Start-up, imports and the first training, which fills caches, are not part of any figure.
"""

from __future__ import annotations

import gc
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seedbed.bench.growth_training import Watch, watched
from seedbed.bench.services import SERVICES, without
from seedbed.errors import SeedbedError

Train = Callable[[Watch], int]  # trains, telling the watch of every update; returns their number
Prepare = Callable[[], Train]

FEWEST, MOST = 3, 40
SAME, FLOOR, ALL = "nothing (the same twice)", "floor", "all of these"
WATCH = ("digests", "tracking", "monitors", "manifest")
WATCHING = "digests, tracking, monitors and manifest together"
BRIEF = (FLOOR, SAME, WATCHING, ALL)


@dataclass(frozen=True)
class Timing:
    """One training: wall clock and processor time of all threads, in seconds; updates; the median time of one."""

    seconds: float
    cpu_seconds: float
    steps: int
    step_seconds: float = 0.0


@dataclass
class Pairs:
    """Trainings ``on`` with everything, each beside one ``off`` without a service; ``failure``: why there are none."""

    workload: str
    service: str
    on: list[Timing] = field(default_factory=list)
    off: list[Timing] = field(default_factory=list)
    failure: str | None = None

    def differences(self, name: str) -> list[float]:
        """How much more each training took with the service than the one beside it without."""
        return [float(getattr(a, name) - getattr(b, name)) for a, b in zip(self.on, self.off, strict=True)]

    def to_json(self) -> dict[str, Any]:
        """Everything that was measured."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Pairs:
        """What ``to_json`` made."""
        on, off = ([Timing(**one) for one in data[key]] for key in ("on", "off"))
        return cls(data["workload"], data["service"], on, off, data["failure"])


def clock(prepare: Prepare) -> Timing:
    """Make a training, then train under the clock."""
    run = prepare()
    gc.collect()
    watch = Watch()
    began, cpu = time.perf_counter(), time.process_time()
    steps = run(watch)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    return Timing(seconds, cpu_seconds, steps, watch.step_us() * 1e-6 if len(watch.times) > 1 else 0.0)


def measure_pairs(
    workload: str,
    ours: Prepare,
    floor: Prepare,
    *,
    seconds: float,
    services: Sequence[str],
    timer: Callable[[Prepare], Timing] = clock,
) -> list[Pairs]:
    """Round after round until the time is used up: for each service one training with it and one without.

    Which of the two comes first changes from round to round, and the order of the services turns around, so that a
    machine that gets slower or faster is nobody's advantage.

    Args:
        workload: Its name, for the records.
        ours: Makes a training with everything.
        floor: Makes one with nothing but updates.
        seconds: About how long to measure, after a first training of each kind; 3 rounds are made in any case.
        services: Names from ``SERVICES``, or one of the names above: all, some together, none, the floor.
        timer: What measures one training.
    """
    found = [Pairs(workload, service) for service in services]
    for prepare in (ours, floor):
        with suppress(SeedbedError):
            timer(prepare)
    began = time.perf_counter()
    for number in range(MOST):
        if number >= FEWEST and (time.perf_counter() - began) * (number + 1) / number > seconds:
            break
        for pairs in found if number % 2 == 0 else reversed(found):
            if pairs.failure is None:
                add_pair(pairs, ours, floor, timer, on_first=number % 2 == 0)
    return found


def add_pair(
    pairs: Pairs, ours: Prepare, floor: Prepare, timer: Callable[[Prepare], Timing], *, on_first: bool
) -> None:
    """One training with the service and one without; a failure ends this service's measurement."""
    taken: dict[bool, Timing] = {}
    try:
        for on in (on_first, not on_first):
            with without([] if on else left_out(pairs.service)):
                taken[on] = timer(floor if pairs.service == FLOOR and not on else ours)
    except SeedbedError as error:
        pairs.failure = f"cannot be measured: {error}"
        pairs.on.clear()
        pairs.off.clear()
        return
    pairs.on.append(taken[True])
    pairs.off.append(taken[False])


def left_out(service: str) -> list[str]:
    """The services that are off in a measurement."""
    if service in {ALL, WATCHING}:
        return list(SERVICES) if service == ALL else list(WATCH)
    return [service] if service in SERVICES else []


def workload_arms(name: str, data: Path, epochs: int) -> tuple[Prepare, Prepare]:
    """Seedbed and the floor on one of our workloads, under the same threads and the same algorithms."""
    import torch

    from seedbed.bench.variants import floor, ours
    from seedbed.bench.workloads import load_compiler, make_task
    from seedbed.numerics import choose_threads, estimate_work, pinned_numerics

    load_compiler()  # a matter of the start
    task = make_task(name, data, epochs or None)
    shape, size = task.train[0].shape[1:], task.workload.batch_size
    threads = choose_threads(estimate_work(task.model, size, shape, tokens=task.workload.tokens))

    def prepare_ours() -> Train:
        task = make_task(name, data, epochs or None)

        def run(watch: Watch) -> int:
            with watched(watch):
                ours.train(task)
            return task.num_steps

        return run

    def prepare_floor() -> Train:
        task = make_task(name, data, epochs or None)

        def run(watch: Watch) -> int:
            with pinned_numerics(torch.device("cpu"), deterministic=True):
                torch.set_num_threads(threads)
                floor.train(task, watch.tick)
            return task.num_steps

        return run

    return prepare_ours, prepare_floor


def config_arms(source: str, data: Path, epochs: int) -> tuple[Prepare, Prepare]:
    """Seedbed and the floor on a config of the user's own, each run in a folder of its own that is then removed."""
    from seedbed.bench.bare import bare_updates
    from seedbed.bench.workloads import load_compiler
    from seedbed.build import build
    from seedbed.result import Options
    from seedbed.run import load_source, train

    overrides = [f"trainer.epochs={epochs}"] if epochs else []
    load_compiler()  # a matter of the start

    def prepare_ours() -> Train:
        def run(watch: Watch) -> int:
            folder = Path(tempfile.mkdtemp(dir=data))
            with watched(watch):
                return train(source, overrides, Options(out=folder, console="silent", resume="never")).step

        for old in data.glob("tmp*"):
            shutil.rmtree(old, ignore_errors=True)
        return run

    def prepare_floor() -> Train:
        training = build(load_source(source, overrides))

        def run(watch: Watch) -> int:
            with training:  # its numerics hold until it is closed
                return bare_updates(training, watch.tick)()

        return run

    return prepare_ours, prepare_floor


def main() -> None:
    """Measure what the command line says."""
    from seedbed.bench.workloads import WORKLOADS

    workload, folder, count, seconds, *config = sys.argv[1:]
    data, epochs = Path(folder), int(count)
    arms = config_arms(config[0], data, epochs) if config else workload_arms(workload, data, epochs)
    # what is compute-bound takes long and hides what a single service costs
    services = BRIEF if not config and WORKLOADS[workload].tokens else (*BRIEF[:2], *SERVICES, *BRIEF[2:])
    found = measure_pairs(workload, *arms, seconds=float(seconds), services=services)
    print(json.dumps([pairs.to_json() for pairs in found]))


if __name__ == "__main__":
    main()

"""Ten seeds of one config stacked, against one of them alone: ``python -m seedbed.bench.stacked CONFIG``.

Interleaved in one process, after one round that is not counted: one run, the stack, one run. Counted is what follows
the building of model and data: probes, updates, evaluations, saves and the test at the end; and the updates alone.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import seedbed.run as single
from seedbed.build import build
from seedbed.loop import steps
from seedbed.result import Options
from seedbed.rundir import RunDir, dumps
from seedbed.stacked import training
from seedbed.stacked.feed import Feed
from seedbed.stacked.reasons import rehearse
from seedbed.stacked.stack import Stack

Clocks = dict[str, float]


def measure(source: str, *, n: int = 10, rounds: int = 5, updates: int = 300) -> dict[str, Any]:
    """Wall and processor seconds of one run and of a stack of ``n``, and their ratios; medians over ``rounds``."""
    found: list[Clocks] = []
    for number in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            one = time_whole(partial(train_one, source, path / "a"), "execute", single)
            many = time_whole(partial(train_many, source, path, n), "make_all", training)
            two = time_whole(partial(train_one, source, path / "b"), "execute", single)
        if number:
            found.append({f"one_{kind}": (one[kind] + two[kind]) / 2 for kind in one})
            found[-1] |= {f"stack_{kind}": value for kind, value in many.items()}
            found[-1] |= time_updates(source, n, updates)
    middle = {name: statistics.median(round_[name] for round_ in found) for name in found[0]}
    pairs = ("wall", "cpu", "updates_wall", "updates_cpu")
    ratios = {name: statistics.median(r[f"stack_{name}"] / r[f"one_{name}"] for r in found) for name in pairs}
    return {"config": source, "n": n, "rounds": rounds, "seconds": middle, "ratios": ratios}


def train_one(source: str, path: Path) -> None:
    """One ordinary run."""
    single.train(source, (), Options(out=path, console="silent", resume="never"))


def train_many(source: str, path: Path, n: int) -> None:
    """A stack of n."""
    base = single.load_source(source).config.seed
    loaded = [single.load_source(source, [f"seed={base + i}"]) for i in range(n)]
    runs = [RunDir(path / f"seed-{i}") for i in range(n)]
    reason = training.train_stacked(loaded, runs, Options(root=path, console="silent"))
    if isinstance(reason, str):
        sys.exit(f"{source} cannot be stacked: {reason}")


def time_whole(train: Callable[[], None], name: str, module: Any) -> Clocks:
    """Seconds that one function of a module takes while a training runs."""
    inner, clocks = getattr(module, name), Clocks()

    def timed(*args: Any, **kwargs: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return inner(*args, **kwargs)
        finally:
            clocks.update(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)

    setattr(module, name, timed)
    try:
        train()
    finally:
        setattr(module, name, inner)
    return clocks


def time_updates(source: str, n: int, updates: int) -> Clocks:
    """Seconds of the same number of updates, one by one and stacked, with their data and nothing else."""
    clocks = Clocks()
    base = single.load_source(source).config.seed
    with build(single.load_source(source, [f"trainer.steps={updates}", "trainer.epochs=null"])) as alone:
        alone.data.fit()
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in steps(alone.job):
            pass
        clocks |= {"one_updates_wall": time.perf_counter() - wall, "one_updates_cpu": time.process_time() - cpu}
    sources = [single.load_source(source, [f"seed={base + i}"]) for i in range(n)]
    with training.built(sources, [RunDir(Path(f"seed-{i}")) for i in range(n)], Options()) as members:
        for member in members:
            member.training.data.fit()
        if reason := rehearse(members):
            sys.exit(f"{source} cannot be stacked: {reason}")
        stack, feed = Stack(members), Feed([member.training.job.batches for member in members])
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(updates):
            window, cursor = feed.take(members[0].state.cursor, members[0].training.job.accumulate)
            stack.step(window)
            for state in stack.states:
                state.cursor = cursor
        clocks |= {"stack_updates_wall": time.perf_counter() - wall, "stack_updates_cpu": time.process_time() - cpu}
    return clocks


if __name__ == "__main__":
    print(dumps(measure(sys.argv[1], rounds=int(sys.argv[2]) if len(sys.argv) > 2 else 5), indent=1))

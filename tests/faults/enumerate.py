"""Fail every single call that a save makes to the disk, in every way, and look at what can be loaded afterwards.

    python tests/faults/enumerate.py           a seeded part, in seconds
    python tests/faults/enumerate.py --all     all of it, also on a real folder; prints the figures

The invariant: what loads is the state before or the state after, whole, bit for bit; what was said to be saved loads
also after a loss of power; the next save works; nothing is left lying around.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from faulty import WAYS, DeadError, FaultyDisk
from simulated import SimulatedDisk, Snapshot

from seedbed.checkpoint.saver import Saver
from seedbed.checkpoint.store import find_step, load, load_newest, parse_name
from seedbed.disk import Disk
from seedbed.errors import CheckpointError

ROOT = Path("/runs/name/id/checkpoints")
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a real file system, without waiting for a disk
NEXT = 50  # a step after all those of the scenarios


class LostBestError(Exception):
    """The best checkpoint of a scenario could not be saved, so nothing can be said of it."""


@dataclass(frozen=True)
class Scenario:
    """A disk with saves of ``before``; then a save of ``step``, after quick ones of ``quick``."""

    name: str
    before: tuple[int, ...]
    step: int
    best: int | None = None
    keep_before: int = 1
    keep_last: int = 1
    leftovers: bool = False
    quick: tuple[int, ...] = ()  # saved by the same process just before, without waiting for the disk


SCENARIOS = (
    Scenario("first save", (), 1),
    Scenario("second save", (1,), 2),
    Scenario("save and prune two", (1, 2, 3), 4, keep_before=3, keep_last=2),
    Scenario("prune all but the best", (1, 2, 3), 4, best=1, keep_before=3),
    Scenario("a step that is there already", (1, 2), 2, keep_before=2),
    Scenario("back to before two steps", (1, 2, 3), 2, keep_before=3, keep_last=2),
    Scenario("leftovers of a dead process", (1,), 2, leftovers=True),
    Scenario("after two quick saves", (1,), 4, quick=(2, 3), keep_last=2),
    Scenario("after quick saves, one of them the best", (1,), 4, best=2, quick=(2, 3)),
)


def make_state(step: int, attempt: int = 0) -> dict[str, Any]:
    """A tiny training state, different for each step and attempt."""
    return {
        "model": {"w": torch.full((2,), step + attempt / 8)},
        "optimizer/main": {"state": {0: {"exp_avg": torch.tensor([step, attempt])}}},
        "counters": {"step": step, "attempt": attempt},
    }


def fingerprint(state: dict[str, Any]) -> str:
    """Equal for states of equal bits."""
    weights, average = state["model"]["w"], state["optimizer/main"]["state"][0]["exp_avg"]
    rest = (sorted(state), state["counters"], weights.dtype, average.dtype)
    return repr((weights.numpy().tobytes(), average.numpy().tobytes(), rest))


def newest(root: Path, disk: Disk) -> str | None:
    """What a process that starts now takes up."""
    found = load_newest(root, disk=disk)
    return None if found is None else fingerprint(found[0])


def make_saver(disk: Disk, root: Path, keep_last: int, said: list[str] | None = None) -> Saver:
    return Saver(
        root, keep_last=keep_last, keep_every_epochs=None, say=([] if said is None else said).append, disk=disk
    )


def prepare(scenario: Scenario, disk: Disk, root: Path) -> None:
    """Bring a disk to the state before the save."""
    disk.make_folders(root)
    for step in scenario.before:
        assert make_saver(disk, root, scenario.keep_before).save(make_state(step), {"epoch": step}, scenario.best)
    if scenario.leftovers:
        for name in (".step-00000002.tmp", ".step-00000000.old"):
            disk.mkdir(root / name)
            disk.write_file(root / name / "model.safetensors", [b"half"])
            disk.sync_folder(root / name)
        disk.sync_folder(root)


def save(scenario: Scenario, disk: Disk, root: Path, said: list[str]) -> bool:
    """The save that is made to fail; whether it was said to have worked."""
    saver = make_saver(disk, root, scenario.keep_last, said)
    for step in scenario.quick:
        quick = saver.save(make_state(step, 1), {"epoch": 0}, scenario.best, durable=False)
        if quick is None and step == scenario.best:
            raise LostBestError
    done = saver.save(make_state(scenario.step, 1), {"epoch": 0}, scenario.best) is not None
    return done and not saver.at_risk


def states_after(scenario: Scenario) -> set[str | None]:
    """The states that a save which does not come to its end may leave besides the one before."""
    return {fingerprint(make_state(step, 1)) for step in (*scenario.quick, scenario.step)}


@dataclass
class Tally:
    """What was tried, and what went wrong.

    Unless ``thorough``, states that differ only within a folder under a temporary name are looked at once.
    """

    thorough: bool = True
    tried: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    loaded: dict[str, str | None] = field(default_factory=dict)
    recovered: set[str] = field(default_factory=set)

    def check(self, good: bool, where: str) -> None:
        if not good:
            self.violations.append(where)


def check_newest(tally: Tally, root: Path, disk: Disk, allowed: set[str | None], at: str) -> None:
    """What loads is one of ``allowed``."""
    key = repr(disk.snapshot()) if isinstance(disk, SimulatedDisk) else ""
    if key not in tally.loaded or not key:
        try:
            tally.loaded[key] = newest(root, disk)
        except CheckpointError as error:
            tally.loaded[key] = f"none: {error}"
    found = tally.loaded[key]
    tally.check(found in allowed, f"{at}: neither the state before nor the one after, but {found}")


def check_recovery(tally: Tally, scenario: Scenario, disk: Disk, root: Path, at: str) -> None:
    """The next save works, the best is still there, and nothing is left lying around."""
    said: list[str] = []
    saver = make_saver(disk, root, scenario.keep_last, said)
    saved = saver.save(make_state(NEXT), {"epoch": 0}, scenario.best)
    tally.check(saved is not None and not said, f"{at}: the next save failed: {said}")
    tally.check(newest(root, disk) == fingerprint(make_state(NEXT)), f"{at}: the next save does not load")
    names, best = disk.names(root), scenario.best
    tally.check(all(parse_name(name) for name in names), f"{at}: left lying around: {names}")
    tally.check(len(names) <= scenario.keep_last + (best is not None), f"{at}: too many stay: {names}")
    if best not in scenario.quick:
        tally.check(best is None or any((parse_name(n) or (0,))[0] == best for n in names), f"{at}: the best is lost")


def check_power(
    tally: Tally, scenario: Scenario, disk: SimulatedDisk, allowed: set[str | None], at: str, *, done: bool = False
) -> None:
    """The same for each state that a loss of power can leave."""
    if scenario.quick:
        states = disk.some_after_power_loss(100 if tally.thorough else 10, random.Random(at))
    else:
        states = disk.after_power_loss()
    if not tally.thorough:
        states = list({repr(hide(state)): state for state in states}.values())
    for state in states:
        after = SimulatedDisk(state)
        if done and scenario.best in scenario.quick:
            load(find_step(ROOT, scenario.best, after) or ROOT, disk=after)
        check_newest(tally, ROOT, after, allowed, f"{at}, power lost")
        key = repr((scenario.keep_last, scenario.best, state if tally.thorough else hide(state)))
        if key not in tally.recovered:
            tally.recovered.add(key)
            check_recovery(tally, scenario, after, ROOT, f"{at}, power lost")


def hide(state: Snapshot) -> Snapshot:
    """A disk's content without what is in folders under temporary names."""
    return {n: {} if n[0] == "." else hide(e) if isinstance(e, dict) else e for n, e in state.items()}


def try_fault(tally: Tally, scenario: Scenario, start: Snapshot, fail_at: int, way: str) -> str:
    """One fault in the simulated disk; returns the name of the call that failed."""
    inner = SimulatedDisk(start)
    old, new = newest(ROOT, inner), fingerprint(make_state(scenario.step, 1))
    disk, said = FaultyDisk(inner, fail_at, way), []
    done = died = False
    try:
        done = save(scenario, disk, ROOT, said)
    except DeadError:
        died = True
    except LostBestError:
        return disk.calls[fail_at - 1]
    except CheckpointError as error:
        said.append(str(error))
    call = disk.calls[fail_at - 1]
    at = f"{scenario.name}, call {fail_at} ({call}), {way}"
    tally.tried[way] += 1
    allowed: set[str | None] = {new} if done else {old, *states_after(scenario)}
    tally.check(done or died or 1 <= len(said) <= 1 + len(scenario.quick), f"{at}: said {said}")
    tally.check(way != "short write" or (done and not said), f"{at}: a short write is no error")
    check_power(tally, scenario, inner, allowed, at, done=done)
    if not died:
        # the same process goes on, and tries again
        disk.repair()
        saver = make_saver(disk, ROOT, scenario.keep_last)
        tally.check(saver.save(make_state(NEXT - 1), {"epoch": 0}, scenario.best) is not None, f"{at}: no second try")
        allowed = {fingerprint(make_state(NEXT - 1))}
        check_power(tally, scenario, inner, allowed, f"{at}, tried again")
    after = SimulatedDisk(inner.snapshot())
    check_newest(tally, ROOT, after, allowed, at)
    check_recovery(tally, scenario, after, ROOT, at)
    return call


def try_real(tally: Tally, scenario: Scenario, fail_at: int, way: str, folder: Path) -> None:
    """One fault in a real folder."""
    root = folder / "runs" / "name" / "id" / "checkpoints"
    prepare(scenario, Disk(), root)
    old, new = newest(root, Disk()), fingerprint(make_state(scenario.step, 1))
    disk = FaultyDisk(Disk(), fail_at, way)
    done, at = False, f"{scenario.name}, call {fail_at}, {way}, real folder"
    with contextlib.suppress(DeadError, CheckpointError, LostBestError):
        done = save(scenario, disk, root, [])
    disk.abandon()
    tally.tried[f"{way} (real)"] += 1
    check_newest(tally, root, Disk(), {new} if done else {old, *states_after(scenario)}, at)
    check_recovery(tally, scenario, Disk(), root, at)
    shutil.rmtree(folder / "runs")


def snapshot_of(scenario: Scenario) -> tuple[Snapshot, int]:
    """The disk before the save, durable, and how many calls the save makes."""
    disk = SimulatedDisk()
    prepare(scenario, disk, ROOT)
    start = disk.snapshot()
    counting = FaultyDisk(SimulatedDisk(start))
    assert save(scenario, counting, ROOT, [])
    return start, len(counting.calls)


def faults(scenario: Scenario, num_calls: int) -> Iterator[tuple[Scenario, int, str]]:
    for fail_at in range(1, num_calls + 1):
        for way in WAYS:
            yield scenario, fail_at, way


def run(*, share: float = 1.0, real: bool = False, seed: int = 0, say: Callable[[str], None] = print) -> Tally:
    """Try a share of all faults; the whole of it with 1."""
    draw, tally = random.Random(seed), Tally(thorough=share == 1.0)
    for scenario in SCENARIOS:
        start, num_calls = snapshot_of(scenario)
        calls: Counter[str] = Counter()
        for _, fail_at, way in faults(scenario, num_calls):
            if draw.random() < share:
                calls[try_fault(tally, scenario, start, fail_at, way)] += 1
        if real:
            with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
                for _, fail_at, way in faults(scenario, num_calls):
                    try_real(tally, scenario, fail_at, way, Path(folder))
        say(f"{scenario.name}: {num_calls} calls, {sum(calls.values())} faults in {dict(calls)}")
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every fault, also on a real folder")
    parser.add_argument("--seed", type=int, default=0, help="which part, without --all")
    arguments = parser.parse_args()
    started = time.perf_counter()
    tally = run(share=1.0 if arguments.all else 0.1, real=arguments.all, seed=arguments.seed)
    for way, count in sorted(tally.tried.items()):
        print(f"  {count:6d}  {way}")
    print(
        f"{sum(tally.tried.values())} faults and {len(tally.recovered)} different states after a loss of power in "
        f"{time.perf_counter() - started:.1f} s: {len(tally.violations)} violations"
    )
    for violation in tally.violations[:20]:
        print(f"  {violation}")
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())

"""Does a killed training end with the bits of one that was never stopped? Trains both, in processes of their own.

The kills are ``kill -9`` from outside, at moments drawn from a seed: after an update that is drawn (every other time
one after which the run evaluates or saves), and then a little later: from 0.1 milliseconds to three times what an
update of the straight run took on average, saves and evaluations included, evenly over the orders of magnitude. A seed
repeats the updates of a schedule exactly, and the milliseconds as well as a clock can.
"""

from __future__ import annotations

import math
import multiprocessing
import random
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from seedbed.build import build
from seedbed.errors import ConfigError, SeedbedError, TrainingError
from seedbed.locate import as_recorded
from seedbed.replay import diff
from seedbed.result import Options
from seedbed.run import execute, load_source
from seedbed.rundir import RunDir, read_events
from seedbed.state import StepRecord, TrainState

CLOCKS = {"time", "seconds", "samples_per_second", "run"}
TRACES_OF_STOPS = {"resume", "signal", "speed"}
SHORTEST_DELAY, LONGEST_DELAY = 1e-4, 1.0  # seconds between an update and its kill


@dataclass(frozen=True)
class Kill:
    """One planned kill: ``delay`` seconds after update ``step``."""

    step: int
    delay: float


@dataclass(frozen=True)
class Verification:
    """What came out: EXACT or DIVERGED, the kills that hit, and what differs first."""

    verdict: str
    summary: str
    seed: int
    steps: int
    kills: list[Kill] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    weights_sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """The verification as plain data."""
        return asdict(self)

    @property
    def exit_code(self) -> int:
        """0 exact, 1 diverged."""
        return 0 if self.verdict == "EXACT" else 1


def verify_resume(
    source: str | Path,
    overrides: Sequence[str] = (),
    *,
    kills: int = 5,
    seed: int = 0,
    allow: Sequence[str] = (),
    out: Path | None = None,
    say: Any = lambda text: None,
) -> Verification:
    """Train once straight and once with kills; compare weights, metrics, log and digest chain.

    Args:
        source: A config file, or the name of a recipe.
        overrides: ``key.path=value`` strings.
        kills: How many.
        seed: Of the schedule of kills.
        allow: More prefixes that dotted paths may have.
        out: Keep both runs in this new folder.
        say: Takes a sentence on how it goes.

    Raises:
        SeedbedError: The config is wrong, or the training fails even when nobody kills it.
    """
    load_source(source, overrides, allow)  # mistakes are told before any process is started
    with ExitStack() as stack:
        if out is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="seedbed-verify-")))
        else:
            folder = out
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise ConfigError(f"--out {out} is not an empty folder; nothing is overwritten, so name another one")
            out.mkdir(parents=True, exist_ok=True)
        straight, killed = RunDir(folder / "straight"), RunDir(folder / "killed")
        command = (source, tuple(overrides), tuple(allow))
        say("training without a stop")
        run_once(command, straight.path, None)
        plan = schedule(straight, kills, seed)
        say(f"training with {len(plan)} kills (schedule {seed}): {describe(plan)}")
        hit: list[Kill] = []
        for kill in [*plan, None]:
            was_killed = run_once(command, killed.path, kill)
            if not was_killed:
                break
            assert kill is not None
            hit.append(kill)
        return compare(straight, killed, hit, seed, allow)


def schedule(straight: RunDir, kills: int, seed: int) -> list[Kill]:
    """The kills for a training whose straight run is known, in the order of updates."""
    rng = random.Random(seed)
    events = list(read_events(straight.events))
    total = max(int(event["step"]) for event in events)
    busy = sorted({int(e["step"]) for e in events if e["event"] in {"evaluate", "save"}} - {0}) or [total]
    chosen = sorted(rng.choice(busy) if rng.random() < 0.5 else rng.randint(1, total) for _ in range(kills))
    seconds = next((float(event["seconds"]) for event in reversed(events) if event["event"] == "end"), 0.0)
    longest = math.log10(max(SHORTEST_DELAY, min(3 * seconds / total, LONGEST_DELAY)))
    return [Kill(step, round(10 ** rng.uniform(math.log10(SHORTEST_DELAY), longest), 6)) for step in chosen]


def describe(plan: Iterable[Kill]) -> str:
    """A schedule for people."""
    return ", ".join(f"step {kill.step} + {1000 * kill.delay:.1f} ms" for kill in plan) or "none"


def run_once(command: tuple[str | Path, Sequence[str], Sequence[str]], out: Path, kill: Kill | None) -> bool:
    """Run the training in a process of its own until its end or its kill; whether the kill hit it.

    Raises:
        TrainingError: It failed by itself.
    """
    context = process_context()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=child, args=(sender, command, out, None if kill is None else kill.step))
    process.start()
    sender.close()
    failure = None
    try:
        while True:
            try:
                kind, text = receiver.recv()
            except EOFError:
                break
            if kind == "failed":
                failure = text
            elif kind == "reached" and kill is not None:
                time.sleep(kill.delay)
                process.kill()
        process.join()
    finally:
        if process.is_alive():
            process.kill()
            process.join()
        receiver.close()
    if failure is not None:
        raise TrainingError(failure)
    if process.exitcode not in {0, -9} or (process.exitcode == -9 and kill is None):
        raise TrainingError(f"the training's process ended with {process.exitcode}, although nobody stopped it")
    killed: bool = process.exitcode == -9
    return killed


def process_context() -> Any:
    """Processes that start from a clean one with torch loaded, where the system can; else afresh."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # torch loads its compiler at the first update, which takes seconds: once is enough
    context.set_forkserver_preload(["seedbed.verify", "torch._dynamo"])
    return context


def child(
    sender: Connection, command: tuple[str | Path, Sequence[str], Sequence[str]], out: Path, step: int | None
) -> None:
    """What the process does: the same command every time; it tells when ``step`` is made."""
    multiprocessing.set_start_method(None, force=True)  # loader workers start as in a process of one's own
    try:
        train_once(sender, command, out, step)
    except SeedbedError as error:
        sender.send(("failed", str(error)))
    sender.close()


def train_once(
    sender: Connection, command: tuple[str | Path, Sequence[str], Sequence[str]], out: Path, step: int | None
) -> None:
    """Train into ``out``, from where that stands."""
    source, overrides, allow = command
    out.mkdir(exist_ok=True)
    loaded = load_source(source, overrides, allow)
    # what the straight run measured and chose is what the killed one is compared with
    loaded = replace(loaded, config=as_recorded(loaded.config, RunDir(out.with_name("straight"))))
    with build(loaded, allow=allow) as training:
        job = training.job
        plain = job.train_step

        def announced(state: TrainState, batches: Any) -> StepRecord:
            record = plain(state, batches)
            if record.step == step:
                sender.send(("reached", ""))
            return record

        job.train_step = announced
        execute(training, RunDir(out), Options(out=out, console="silent", allow=allow, probe=False))


def compare(straight: RunDir, killed: RunDir, hit: list[Kill], seed: int, allow: Sequence[str]) -> Verification:
    """The verdict on two finished runs."""
    left, right = facts(straight), facts(killed)
    end: dict[str, Any] = next((event for event in reversed(left) if event["event"] == "end"), {})
    found = differences_of_logs(left, right)
    for name in ("trace.bin", "trace-leaves.bin"):
        if (straight.path / name).read_bytes() != (killed.path / name).read_bytes():
            found.append(f"{name} differs: {diff(straight.path, killed.path, allow=allow).summary}")
            break
    steps = int(end.get("step", 0))
    equal = f"{steps} updates, {len(hit)} kills: the same weights, metrics, log and digest chain"
    summary = f"DIVERGED after {len(hit)} kills: {'; '.join(found)}" if found else f"EXACT: {equal}"
    verdict = "DIVERGED" if found else "EXACT"
    return Verification(verdict, summary, seed, steps, hit, found, str(end.get("weights_sha256", "")))


def facts(run: RunDir) -> list[dict[str, Any]]:
    """The events of a run without clocks, and without the traces of being stopped and taken up again.

    A checkpoint's folder is such a trace: a step that a stop has saved too is saved under another name.
    """
    found = []
    for event in read_events(run.events):
        if event["event"] in TRACES_OF_STOPS or event.get("reason") == "stop":
            continue
        fact = {key: value for key, value in event.items() if key not in CLOCKS}
        if isinstance(fact.get("best"), dict):
            fact["best"] = {key: value for key, value in fact["best"].items() if key != "checkpoint"}
        found.append(fact)
    return found


def differences_of_logs(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> list[str]:
    """The first event that differs, and the result if it does."""
    found = []
    for kind in ("weights_sha256", "metrics"):
        ends = [next((e[kind] for e in reversed(log) if e["event"] == "end"), None) for log in (left, right)]
        if ends[0] != ends[1]:
            found.append(f"{kind} is {ends[0]} straight and {ends[1]} killed")
    for number, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            found.append(f"event {number + 1} is {a} straight and {b} killed")
            return found
    if len(left) != len(right):
        found.append(f"the log has {len(left)} events straight and {len(right)} killed")
    return found

"""One command for all cases: each in a process of its own, its trainers taking turns; the record that comes of it.

A case's process: ``python -m seedbed.bench.gpu.run CASE DEVICE ROUNDS SECONDS [tiny]``; its last line is one JSON list.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from seedbed.bench.gpu import goal, peers, trainers
from seedbed.bench.gpu.cases import Case, cases
from seedbed.bench.measure import run_module
from seedbed.bench.record import SCHEMA, about
from seedbed.config.schema import Trainer
from seedbed.errors import ConfigError, SeedbedError

MINUTES = 8.0


@dataclass(frozen=True)
class Variant:
    """A way to train. ``once``: measured in one round only, because compiling takes long; ``gpu``: only on a GPU."""

    name: str
    run: trainers.Run
    needs: str = "torch"
    option: str | None = None
    once: bool = False
    gpu: bool = False


BARE = "bare updates"
VARIANTS = (
    Variant(BARE, trainers.bare),
    Variant("seedbed", trainers.ours),
    Variant("seedbed, captured", trainers.ours_captured, option="cuda_graphs", gpu=True),
    Variant("seedbed, speed auto", trainers.ours_auto, option="speed", once=True, gpu=True),
    Variant("bare updates, any numerics, compiled", trainers.bare_free, once=True, gpu=True),
    Variant("accelerate", peers.with_accelerate, needs="accelerate"),
    Variant("transformers", peers.with_transformers, needs="transformers"),
    Variant("lightning", peers.with_lightning, needs="lightning"),
)
TO_GOAL = (
    Variant(BARE, goal.bare_to_goal),
    Variant("seedbed", goal.ours_to_goal),
    Variant("seedbed, captured", partial(goal.ours_to_goal, cuda_graphs=True), option="cuda_graphs", gpu=True),
    Variant("seedbed, speed auto", partial(goal.ours_to_goal, speed="auto"), option="speed", once=True, gpu=True),
)


def chosen(case: Case, device: torch.device, *, with_peers: bool = True) -> list[Variant]:
    """The ways that a case can be trained here."""
    found = []
    for variant in TO_GOAL if case.goal else VARIANTS:
        known = variant.option is None or variant.option in Trainer.model_fields
        there = importlib.util.find_spec(variant.needs) is not None and (with_peers or variant.needs == "torch")
        if known and there and (device.type == "cuda" or not variant.gpu):
            found.append(variant)
    return found


def measure_case(
    case: Case, device: torch.device, *, rounds: int, seconds: float, with_peers: bool = True
) -> list[dict[str, Any]]:
    """Every trainer in turn, round after round, while there is time; the first round of a goal is a warm-up."""
    found: list[dict[str, Any]] = [
        {"case": case.name, "variant": v.name, "seconds": list[float](), "peak_bytes": 0, "failure": None}
        for v in chosen(case, device, with_peers=with_peers)
    ]
    ways = {variant.name: variant for variant in chosen(case, device, with_peers=with_peers)}
    began = time.perf_counter()
    warm = 1 if case.goal else 0
    for number in range(-warm, rounds):
        for one in found if number % 2 == 0 else reversed(found):
            late = number > 0 and time.perf_counter() - began > seconds
            if one["failure"] is None and not late and not (ways[one["variant"]].once and number > 0):
                measure_once(one, ways[one["variant"]], case, device, keep=number >= 0)
    return found


def measure_once(one: dict[str, Any], variant: Variant, case: Case, device: torch.device, *, keep: bool) -> None:
    """One training; its time is kept, or why there is none."""
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    try:
        taken = variant.run(case, device)
    except (SeedbedError, RuntimeError, ImportError, ValueError, TypeError) as error:  # one must not end the others
        one["failure"] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    else:
        one["seconds"] += [taken] if keep else []
        one["peak_bytes"] = torch.cuda.max_memory_allocated(device) if on_gpu else 0
    gc.collect()
    if on_gpu:
        torch.cuda.empty_cache()


def bench_gpu(
    *,
    tiny: bool = False,
    rounds: int = 3,
    minutes: float = MINUTES,
    names: Sequence[str] = (),
    with_peers: bool = True,
    command: Sequence[str] = (),
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measure the cases; the record is described in ``seedbed.bench.record``.

    Args:
        tiny: Very small cases, on the CPU where there is no GPU: to see that everything runs, not how fast.
        rounds: How often each trainer has its turn.
        minutes: After so many, what is left is left out, and the record says so.
        names: Which cases; all if empty.
        with_peers: Whether to measure other trainers.
        command: The command line, for the record.
        say: Takes a line of progress.

    Raises:
        ConfigError: There is no GPU, or no such case.
    """
    if not torch.cuda.is_available() and not tiny:
        raise ConfigError("there is no GPU here; --tiny runs the same on the CPU, very small, to see that it works")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    every = cases(tiny=tiny)
    for name in names:
        if name not in {case.name for case in every}:
            raise ConfigError(f"there is no case {name!r}; choose from {', '.join(case.name for case in every)}")
    facts = about(command, rounds=rounds, device=device.type, size="tiny" if tiny else "full")
    notes = [] if device.type == "cuda" else ["No GPU was at hand: these figures say only that everything runs."]
    began, found = time.perf_counter(), list[dict[str, Any]]()
    todo = [case for case in every if not names or case.name in names]
    for number, case in enumerate(todo):
        left = 60 * minutes - (time.perf_counter() - began)
        if left <= 0:
            notes.append(f"{case.name}: left out, because {minutes:g} minutes were over")
            continue
        say(f"gpu: {case.name} ({case.title}), {left:.0f} s left")
        share = left / (len(todo) - number)
        found += in_a_process(case, device, rounds, share, tiny, with_peers)
    return {
        "schema": SCHEMA,
        "kind": "gpu",
        "about": facts,
        "notes": notes,
        "cases": [describe(case) for case in todo],
        "measurements": found,
    }


def in_a_process(
    case: Case, device: torch.device, rounds: int, seconds: float, tiny: bool, with_peers: bool
) -> list[dict[str, Any]]:
    """One case's measurements; a process that dies is a row that says so."""
    arguments = [case.name, device.type, str(rounds), str(seconds), str(int(with_peers)), *(["tiny"] if tiny else [])]
    try:
        found: list[dict[str, Any]] = json.loads(run_module("seedbed.bench.gpu.run", arguments)[0])
    except SeedbedError as error:
        return [{"case": case.name, "variant": "all", "seconds": [], "peak_bytes": 0, "failure": str(error)}]
    return found


def describe(case: Case) -> dict[str, Any]:
    """What the page needs of a case."""
    samples = [(1.0, case.figure_of(1.0)), (2.0, case.figure_of(2.0))]
    return {
        "name": case.name,
        "title": case.title,
        "figure": case.figure,
        "per_second": samples[0][1],
        "larger_is_better": samples[1][1] < samples[0][1],
        "target": case.target,
    }


def main() -> None:
    """Measure the case that the command line names."""
    name, device, rounds, seconds, with_peers, *tiny = sys.argv[1:]
    (case,) = (case for case in cases(tiny=bool(tiny)) if case.name == name)
    where, peers_too = torch.device(device), bool(int(with_peers))
    found = measure_case(case, where, rounds=int(rounds), seconds=float(seconds), with_peers=peers_too)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

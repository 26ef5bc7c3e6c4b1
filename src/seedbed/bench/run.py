"""The benchmark of training: what to measure, in which processes, and the record that comes of it."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seedbed.bench.child import VARIANTS
from seedbed.bench.measure import Measurement, measure_all, run_pairs
from seedbed.bench.pairs import Pairs
from seedbed.bench.record import PEERS, SCHEMA, about
from seedbed.bench.spread import spread_of
from seedbed.bench.workloads import WORKLOADS, prepare
from seedbed.errors import ConfigError
from seedbed.run import load_source

NOT_FOR_A_CONFIG = (
    "the hand-written loop and other trainers: they are written for w1 to w4 and know nothing of this config; "
    "the floor is its own bare updates on batches that were cut beforehand"
)


def bench(
    workloads: Sequence[str],
    *,
    repeats: int = 3,
    epochs: int = 0,
    peers: bool = True,
    services: bool = True,
    seconds: float = 45.0,
    config: str | None = None,
    command: Sequence[str] = (),
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measure; the record is described in ``seedbed.bench.record``.

    Args:
        workloads: Names from ``WORKLOADS``.
        repeats: Rounds.
        epochs: Epochs of each training; 0 for each workload's own number.
        peers: Whether to measure the other trainers that are installed.
        services: Whether to measure seedbed without each of its services.
        seconds: About how long to measure the services of one workload.
        config: A config file, or the name of a recipe, to measure instead of the workloads.
        command: The command line, for the record.
        say: Takes a line of progress.

    Raises:
        ConfigError: There is no such workload, or the config is wrong.
    """
    names = ["config"] if config is not None else list(workloads)
    facts = about(command, rounds=repeats, epochs=epochs or "each its own", seconds_for_services=seconds)
    notes = [NOT_FOR_A_CONFIG] if config is not None else []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        titles, plan = make_plan(workloads, config, data, peers=peers)
        found = measure_all(plan, data, repeats=repeats, epochs=epochs, config=config or "", say=say)
        pairs: list[Pairs] = []
        for name in names if services else ():
            say(f"services: {name}, about {seconds:.0f} s")
            pairs += run_pairs(name, data, epochs=epochs, seconds=seconds, config=config)
    notes += [f"{one.workload} {one.variant}: {one.failure}" for one in found if one.failure is not None]
    return {
        "schema": SCHEMA,
        "kind": "workloads" if config is None else "config",
        "about": facts,
        "notes": notes,
        "workloads": titles,
        "measurements": [one.to_json() for one in found],
        "medians": [summary(one) for one in found if one.samples],
        "services": [one.to_json() for one in pairs],
        "costs": [cost(one) for one in pairs if one.on],
    }


def make_plan(
    workloads: Sequence[str], config: str | None, data: Path, *, peers: bool
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """A title for each workload, whose data are written to ``data``; and what is to be measured."""
    if config is not None:
        load_source(config)  # what is wrong with it is said before anything is measured
        return {"config": config}, [("config", variant) for variant in ("floor", "seedbed")]
    for name in workloads:
        if name not in WORKLOADS:
            raise ConfigError(f"there is no workload {name!r}; choose from {', '.join(WORKLOADS)}, growth, gpu")
    titles = {name: f"{WORKLOADS[name].title}; {prepare(name, data)}" for name in workloads}
    return titles, [(name, variant) for name in workloads for variant in variants(name, peers=peers)]


def variants(workload: str, *, peers: bool) -> list[str]:
    """What can be measured here; skorch's classifier knows no sequences."""
    names = [name for name in VARIANTS if peers or name not in PEERS]
    names = [name for name in names if importlib.util.find_spec(VARIANTS[name][1]) is not None]
    return [name for name in names if name != "skorch" or not WORKLOADS[workload].tokens]


def summary(one: Measurement) -> dict[str, Any]:
    """The medians of one variant."""
    names = ("seconds", "cpu_seconds", "process_seconds", "process_cpu_seconds", "peak_bytes", "accuracy")
    return {"workload": one.workload, "variant": one.variant, **{name: one.middle(name) for name in names}}


def cost(one: Pairs) -> dict[str, Any]:
    """The medians of the differences that a service makes, with their intervals."""
    wall, cpu = (spread_of(one.differences(name)).to_json() for name in ("seconds", "cpu_seconds"))
    return {"workload": one.workload, "service": one.service, "seconds": wall, "cpu_seconds": cpu}

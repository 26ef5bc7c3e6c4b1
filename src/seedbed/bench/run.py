"""The benchmark: what to measure, on what machine, and the page that comes of it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from seedbed.bench.child import VARIANTS
from seedbed.bench.measure import Measurement, measure_all
from seedbed.bench.tables import report
from seedbed.bench.variants.ours import SERVICES
from seedbed.bench.workloads import WORKLOADS, prepare
from seedbed.errors import ConfigError
from seedbed.provenance import hardware, installed_distributions

PEERS = {"accelerate": "accelerate", "ignite": "pytorch-ignite", "skorch": "skorch", "lightning": "lightning"}


def bench(
    workloads: Sequence[str],
    *,
    repeats: int = 3,
    epochs: int = 0,
    peers: bool = True,
    services: bool = True,
    config: str | None = None,
    command: Sequence[str] = (),
    say: Callable[[str], None] = lambda text: None,
) -> tuple[str, dict[str, Any]]:
    """Measure and report.

    Args:
        workloads: Names from ``WORKLOADS``.
        repeats: Rounds.
        epochs: Epochs of each training; 0 for each workload's own number.
        peers: Whether to measure the other trainers that are installed.
        services: Whether to measure seedbed without each of its services.
        config: A config file to measure with and without the services, instead of the workloads.
        command: The command line, for the report.
        say: Takes a line of progress.

    Returns:
        Markdown, and the same as plain data.

    Raises:
        ConfigError: There is no such workload.
    """
    for name in workloads:
        if name not in WORKLOADS:
            raise ConfigError(f"there is no workload {name!r}; choose from {', '.join(WORKLOADS)}")
    left_out = [f"seedbed without {service}" for service in SERVICES] if services else []
    with tempfile.TemporaryDirectory() as folder:
        data, about, titles = Path(folder), machine(command, repeats), dict[str, str]()
        plan: list[tuple[str, str]] = []
        if config is not None:
            plan = [("config", variant) for variant in ("seedbed", *left_out)]
            titles["config"] = config
        for name in () if config is not None else workloads:
            titles[name] = f"{WORKLOADS[name].title}; {prepare(name, data)}"
            plan += [(name, variant) for variant in variants(name, peers=peers)]
            plan += [(name, variant) for variant in left_out]
        found = measure_all(plan, data, repeats=repeats, epochs=epochs, config=config or "", say=say)
    return report(found, titles, about), {
        "about": about,
        "workloads": titles,
        "measurements": [one.to_json() for one in found],
        "medians": [summary(one) for one in found if one.samples],
    }


def variants(workload: str, *, peers: bool) -> list[str]:
    """What can be measured here; skorch's classifier knows no sequences."""
    names = [name for name in VARIANTS if peers or name not in PEERS]
    names = [name for name in names if importlib.util.find_spec(VARIANTS[name][1]) is not None]
    return [name for name in names if name != "skorch" or not WORKLOADS[workload].tokens]


def summary(one: Measurement) -> dict[str, Any]:
    """The medians of one variant."""
    names = ("seconds", "cpu_seconds", "process_seconds", "process_cpu_seconds", "peak_bytes", "accuracy")
    return {"workload": one.workload, "variant": one.variant, **{name: one.middle(name) for name in names}}


def machine(command: Sequence[str], repeats: int) -> list[str]:
    """The facts without which a measurement means nothing."""
    found, installed = hardware(), installed_distributions()
    versions = [f"{name} {installed[package]}" for name, package in PEERS.items() if package in installed]
    absent = [name for name, package in PEERS.items() if package not in installed]
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    gpus, memory = ", ".join(found["gpus"]) or "none", (found["memory_bytes"] or 0) / 1e9
    return [
        f"Machine: {found['processor']}, {found['cores']} cores, {memory:.0f} GB, GPU: {gpus}",
        f"Versions: Python {platform.python_version()}, torch {torch.__version__}"
        + "".join(f", {version}" for version in versions)
        + (f"; not installed: {', '.join(absent)}" if absent else ""),
        f"Threads: {os.environ.get('OMP_NUM_THREADS', 'not set')} in OMP_NUM_THREADS; load when it began: {load}",
        f"Rounds: {repeats}, interleaved, each training in a process of its own; figures are medians, ratios are "
        "medians of the ratios within a round",
        f"Command: `{shlex.join(command)}`",
    ]

"""One measured training in a process of its own: ``python -m seedbed.bench.child WORKLOAD VARIANT FOLDER EPOCHS``.

The last line of stdout is one JSON object.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from seedbed.quick import quick_exit, quick_imports

# variant: (module with ``train(task)``, module that must be there)
VARIANTS = {
    "by hand": ("seedbed.bench.variants.by_hand", "torch"),
    "floor": ("seedbed.bench.variants.floor", "torch"),
    "seedbed": ("seedbed.bench.variants.ours", "torch"),
    "accelerate": ("seedbed.bench.variants.with_accelerate", "accelerate"),
    "ignite": ("seedbed.bench.variants.with_ignite", "ignite"),
    "skorch": ("seedbed.bench.variants.with_skorch", "skorch"),
    "transformers": ("seedbed.bench.variants.with_transformers", "transformers"),
    "keras": ("seedbed.bench.variants.with_keras", "keras"),
    "lightning": ("seedbed.bench.variants.with_lightning", "lightning"),
}


def measure(workload: str, variant: str, data: Path, epochs: int) -> dict[str, float | int]:
    """Train once; seconds of wall clock and of all cores, from the model that is there to the last result."""
    module = importlib.import_module(VARIANTS[variant][0])
    from seedbed.bench.workloads import load_compiler, make_task

    task = make_task(workload, data, epochs or None)
    if variant != "seedbed":
        load_compiler()  # a matter of the start, not of the training
    began, cpu = time.perf_counter(), time.process_time()
    accuracy = module.train(task)
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu,
        "steps": task.num_steps,
        "accuracy": accuracy or 0.0,
    }


def measure_config(source: str, variant: str, data: Path, epochs: int) -> dict[str, float | int]:
    """Train a config of the user's own once, or make its bare updates."""
    from seedbed.bench.pairs import clock, config_arms

    ours, floor = config_arms(source, data, epochs)
    return {**asdict(clock(ours if variant == "seedbed" else floor)), "accuracy": 0.0}


def peak_bytes() -> int:
    """The most memory that this process has held; 0 where the system does not say.

    Read from /proc where there is one: what ``getrusage`` says includes the process that this one was started from.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Measure what the command line says."""
    workload, variant, data, epochs = sys.argv[1:5]
    ours = variant == "seedbed"
    if ours:  # as the command line starts and ends
        with quick_imports():
            importlib.import_module(VARIANTS["seedbed"][0])
    if workload == "config":
        found = measure_config(sys.argv[5], variant, Path(data), int(epochs))
    else:
        found = measure(workload, variant, Path(data), int(epochs))
    print(json.dumps({**found, "peak_bytes": peak_bytes()}))
    if ours:
        quick_exit(0)


if __name__ == "__main__":
    main()

"""What ``seedbed doctor`` costs a script: ``python -m seedbed.bench.observed [ROUNDS]``.

A tiny MLP with Adam, trained by a script that notes the time of every step, in processes of their own: plain, observed,
plain, observed, ... Its losses must be the same both times. Counted are the steps that are watched closely (the first
``WATCHED``) and those that follow.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from seedbed.doctor.script import observe_script
from seedbed.rundir import dumps

WATCHED, AFTER = 300, 3000
SCRIPT = """
import json
import sys
import time

import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(4096, 32)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
losses, seconds = [], []
while len(seconds) < int(sys.argv[2]):
    for rows in torch.randperm(len(x)).split(64):
        began = time.process_time()
        optimizer.zero_grad()
        loss = criterion(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        seconds.append(time.process_time() - began)
json.dump({"losses": losses, "seconds": seconds}, open(sys.argv[1], "w"))
"""


def measure(rounds: int = 5, watched: int = WATCHED, after: int = AFTER) -> dict[str, Any]:
    """Observed against plain processor time of a step: all steps watched closely, their median, and those after them.

    Raises:
        AssertionError: The observed script made other losses than the plain one.
    """
    found: list[dict[str, float]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            script, noted = Path(folder) / "train.py", Path(folder) / "noted.json"
            script.write_text(SCRIPT, encoding="utf-8")
            args = [str(noted), str(watched + after)]
            subprocess.run([sys.executable, str(script), *args], check=True)
            plain = json.loads(noted.read_text(encoding="utf-8"))
            observe_script(script, args, steps=watched, seconds=None, quiet=True)
            seen = json.loads(noted.read_text(encoding="utf-8"))
        assert plain["losses"] == seen["losses"], "the observed script made other losses than the plain one"
        found.append({f"plain_{name}": value for name, value in step_times(plain["seconds"], watched).items()})
        found[-1] |= {f"seen_{name}": value for name, value in step_times(seen["seconds"], watched).items()}
    names = [name.removeprefix("seen_") for name in found[0] if name.startswith("seen_")]
    ratios = {name: [each[f"seen_{name}"] / each[f"plain_{name}"] for each in found] for name in names}
    return {
        "rounds": rounds,
        "steps": {"watched": watched, "after": after},
        "plain_us": {name: 1e6 * statistics.median(each[f"plain_{name}"] for each in found) for name in names},
        "ratios": {name: statistics.median(values) for name, values in ratios.items()},
        "ranges": {name: [min(values), max(values)] for name, values in ratios.items()},
    }


def step_times(seconds: list[float], watched: int) -> dict[str, float]:
    """Seconds a step: mean and median of those watched closely, median and mean of those after them."""
    first, rest = seconds[:watched], seconds[watched:]
    return {
        "watched_mean": statistics.fmean(first),
        "watched_median": statistics.median(first),
        "after_mean": statistics.fmean(rest),
        "after_median": statistics.median(rest),
    }


if __name__ == "__main__":
    print(dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5), indent=1))

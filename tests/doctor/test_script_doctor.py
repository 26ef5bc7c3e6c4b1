"""The script doctor runs a script unchanged: same numbers, same arguments, same exit, and only findings on stdout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed.doctor.script import observe_script

TRAINING = """
import hashlib, random, sys
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

random.seed(1); np.random.seed(2); torch.manual_seed(3)
x = torch.randn(96, 5); y = (x[:, 0] > 0).long()
loader = DataLoader(TensorDataset(x[:64], y[:64]), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=3)
for epoch in range(3):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(xb + 0.01 * torch.randn_like(xb)), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    schedule.step()
    model.eval()
    with torch.no_grad():
        print(epoch, loss.item().hex(), model(x[64:]).sum().item().hex())
digest = hashlib.sha256()
for tensor in model.state_dict().values():
    digest.update(tensor.numpy().tobytes())
digest.update(torch.get_rng_state().numpy().tobytes())
digest.update(repr(random.getstate()).encode() + np.random.get_state()[1].tobytes())
print(digest.hexdigest(), sys.argv[1:], __name__, __file__ == sys.argv[0])
"""


def _write(folder: Path, text: str, name: str = "train.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_watching_changes_no_weight_and_no_random_number(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script = _write(tmp_path, TRAINING)
    plain = subprocess.run([sys.executable, str(script), "a", "--b"], capture_output=True, text=True, check=True)
    seen = observe_script(script, ["a", "--b"])
    assert capfd.readouterr().out == plain.stdout
    assert seen.findings == []
    assert seen.failures == []
    assert (seen.code, seen.crashed, seen.steps) == (0, "", 12)


def test_a_crash_of_the_script_is_told_with_its_own_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seen = observe_script(_write(tmp_path, "import torch\nvalue = {}\nvalue['missing']\n"))
    assert seen.code == 1
    assert seen.crashed == "KeyError: 'missing'"
    error = capfd.readouterr().err
    assert "line 3" in error
    assert "seedbed" not in error


def test_a_script_that_exits_keeps_its_status(tmp_path: Path) -> None:
    seen = observe_script(_write(tmp_path, "import sys\nsys.exit(7)\n"))
    assert (seen.code, seen.crashed) == (7, "")


@pytest.mark.slow
def test_an_endless_script_is_ended_and_its_mistake_is_still_found(tmp_path: Path) -> None:
    text = """
import torch
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
while True:
    try:
        loss = model(torch.ones(4, 3)).square().mean()
        loss.backward()
        optimizer.step()
    except Exception:
        pass
"""
    seen = observe_script(_write(tmp_path, text), seconds=12.0)
    assert seen.stopped == "stopped after 12 seconds"
    assert [(f.code, f.line) for f in seen.findings] == [("SB101", 8)]


def test_the_command_prints_only_findings_on_stdout_and_exits_with_one(tmp_path: Path) -> None:
    text = TRAINING.replace("        optimizer.zero_grad()\n", "")
    script = _write(tmp_path, text)
    done = subprocess.run(
        [sys.executable, "-m", "seedbed", "doctor", str(script), "--format", "json"], capture_output=True, text=True
    )
    codes = {finding["code"] for finding in json.loads(done.stdout)["findings"]}
    assert "SB101" in codes
    assert done.returncode == 1
    assert "0x" in done.stderr


def test_a_notebook_runs_cell_by_cell_without_its_magics(tmp_path: Path) -> None:
    cells = [
        ["%matplotlib inline\n", "import torch\n", "model = torch.nn.Linear(3, 1)"],
        ["optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n", "!echo hello"],
        ["for i in range(6):\n", "    optimizer.zero_grad()\n", "    loss = model(torch.ones(4, 3)).mean()\n",
         "    loss.backward\n", "    optimizer.step()"],
    ]  # fmt: skip
    book = {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4}
    seen = observe_script(_write(tmp_path, json.dumps(book), "train.ipynb"))
    assert [(f.code, f.line) for f in seen.findings] == [("SB102", 10)]

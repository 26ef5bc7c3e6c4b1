"""The command that kills a training says EXACT where it is, and what differs where it is not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from killing import make_config, write_project

from seedbed.errors import ConfigError
from seedbed.rundir import RunDir, read_events
from seedbed.verify import schedule, verify_resume

UNSEEDED = """
import os
import torch
from torch.utils.data import Dataset


class Noisy(Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, index):
        return torch.ones(8) * int.from_bytes(os.urandom(2), "little") / 65536, index % 3
"""


@pytest.mark.slow
def test_a_training_that_can_be_resumed_is_exact_and_the_schedule_is_repeated_by_its_seed(
    tmp_path: Path, seedbed: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    config = write_project(tmp_path / "project", make_config("full"))
    done = seedbed("verify-resume", config, "--kills", 4, "--seed", 1, "--out", "kept", "--json", timeout=200)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["verdict"], found["differences"]) == ("EXACT", [])
    assert found["kills"]
    straight = RunDir(tmp_path / "kept" / "straight")
    plan = schedule(straight, 4, 1)
    assert [kill["step"] for kill in found["kills"]] == [kill.step for kill in plan][: len(found["kills"])]
    assert plan == schedule(straight, 4, 1) != schedule(straight, 4, 2)
    kinds = [event["event"] for event in read_events(tmp_path / "kept" / "killed" / "events.jsonl")]
    assert "resume" in kinds
    with pytest.raises(ConfigError, match="not an empty folder"):
        verify_resume(config, out=tmp_path / "kept")


@pytest.mark.slow
def test_a_training_with_randomness_from_outside_diverges_and_leaves_with_1(
    tmp_path: Path, seedbed: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    settings: dict[str, Any] = make_config("full")
    settings["trainer"]["epochs"] = 2
    settings["data"]["args"] = {"batch_size": 8}
    config = write_project(tmp_path / "project", settings)
    (tmp_path / "project" / "data.py").write_text(UNSEEDED)
    done = seedbed("verify-resume", config, "--kills", 1, timeout=200)
    assert done.returncode == 1, done.stderr
    assert "DIVERGED" in done.stdout
    assert "weights_sha256" in done.stdout
    assert "trace.bin differs: DIVERGED at step 1" in done.stdout

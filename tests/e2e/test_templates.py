"""A new project, as its user finds it: its own tests pass, it trains, and train.py does the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TEMPLATES = ["blank", "image", "series", "tabular", "text"]
ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=280, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.slow
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_project_passes_its_own_tests_and_trains(tmp_path: Path, template: str) -> None:
    run(tmp_path, "-m", "seedbed", "new", "project", "--template", template)
    project = tmp_path / "project"
    assert "3 passed" in run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider").stdout
    done = run(project, "-m", "seedbed", "train", "-c", "config.json", "trainer.epochs=1", "--json", "-q")
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["status"] == "finished"
    assert "val_loss" in result["metrics"]


@pytest.mark.slow
def test_train_py_takes_the_flags_and_does_what_the_command_does(tmp_path: Path) -> None:
    run(tmp_path, "-m", "seedbed", "new", "project", "--template", "blank")
    project = tmp_path / "project"
    flags = ("-c", "config.json", "-d", "cpu", "--lr", "0.02", "--bs", "16")
    said = run(project, "train.py", *flags, "trainer.epochs=2").stdout.splitlines()[-1]
    first = project / said.removeprefix("finished: ")
    config = json.loads((first / "config.json").read_text())
    assert config["optimizer"]["args"]["lr"] == 0.02
    assert config["data"]["args"]["batch_size"] == 16
    command = ("-m", "seedbed", "train", *flags, "trainer.epochs=2", "--json", "-q", "--out", "runs/other")
    second = json.loads(run(project, *command).stdout.splitlines()[-1])
    assert (first / "trace.bin").read_bytes() == (project / second["run"] / "trace.bin").read_bytes()


def test_train_py_says_a_mistake_in_one_sentence(tmp_path: Path) -> None:
    run(tmp_path, "-m", "seedbed", "new", "project", "--template", "blank")
    done = subprocess.run(
        [sys.executable, "train.py", "-c", "config.json", "trainer.epoch=2"],
        cwd=tmp_path / "project", capture_output=True, text=True, timeout=100, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr

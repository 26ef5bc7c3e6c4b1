"""A small project on disk whose trainings take a second or two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for what lies beside the tests here

BASE: dict[str, Any] = {
    "name": "small",
    "seed": 7,
    "model": {"type": "MLP", "args": {"in_features": 64, "hidden": [16], "out_features": 10, "dropout": 0.1}},
    "data": {"type": "Digits", "args": {"batch_size": 64, "val": 0.1, "normalize": "zscore", "flatten": True}},
    "objective": {"type": "Classification", "args": {"metrics": ["accuracy"]}},
    "optimizer": {"type": "AdamW", "args": {"lr": 0.003}},
    "lr_scheduler": {"type": "cosine", "args": {"warmup_steps": 10}},
    "trainer": {"epochs": 3},
}


@pytest.fixture
def config() -> dict[str, Any]:
    """A config to change at will."""
    copied: dict[str, Any] = json.loads(json.dumps(BASE))
    return copied


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    def write(content: dict[str, Any]) -> Path:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.fixture
def seedbed(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line as a user does, in a process of its own."""

    def run(*arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "seedbed", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1"},
        )

    return run

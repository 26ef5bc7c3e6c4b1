"""Small jobs on disk, put together and looked at."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seedbed.build import Training, build
from seedbed.doctor.finding import Finding
from seedbed.opening import findings_of
from seedbed.run import load_source

BASE: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "model": {"type": "MLP", "args": {"in_features": 64, "hidden": [16], "out_features": 10}},
    "data": {"type": "Digits", "args": {"batch_size": 64, "val": 0.1, "normalize": "zscore", "flatten": True}},
    "objective": {"type": "Classification", "args": {"metrics": ["accuracy"]}},
    "optimizer": {"type": "AdamW", "args": {"lr": 0.003}},
    "trainer": {"epochs": 3, "threads": 1},
}
PRELUDE = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n"
NUMBERS = itertools.count()


def merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """``base`` with what ``change`` says; a part with another type begins with no arguments."""
    result = copy.deepcopy(base)
    for key, value in change.items():
        old = result.get(key)
        if not isinstance(value, dict) or not isinstance(old, dict):
            result[key] = value
        elif value.get("type", old.get("type")) != old.get("type"):
            result[key] = {"args": {}, **value}
        else:
            result[key] = merged(old, value)
    return result


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Path]:
    """Write a config: ``BASE`` with changes, and the code of its own parts (a class Model or a function data)."""

    def write(change: dict[str, Any] | None = None, code: str = "") -> Path:
        change = dict(change or {})
        if code:
            name = f"parts{next(NUMBERS)}"
            (tmp_path / f"{name}.py").write_text(PRELUDE + code)
            if "class Model" in code:
                change["model"] = {"type": f"{name}.Model"}
            if "def data" in code:
                args = {"batch_size": 16, **change.get("data", {}).get("args", {})}
                change["data"] = {"type": f"{name}.data", "args": args}
                if "price" in code:
                    change["objective"] = {"type": "Regression"}
                    change["model"] = {"type": "MLP", "args": {"in_features": 64, "squeeze": True, "out_features": 1}}
        path = tmp_path / f"config{next(NUMBERS)}.json"
        path.write_text(json.dumps(merged(BASE, change)))
        return path

    return write


@contextmanager
def opened(path: Path) -> Iterator[Training]:
    """A training whose normalizers are fitted, as it is before its first update."""
    with build(load_source(path)) as training:
        training.data.fit()
        yield training


@pytest.fixture
def findings(job: Callable[..., Path]) -> Callable[..., list[Finding]]:
    """What is found in a job before its first update."""

    def find(change: dict[str, Any] | None = None, code: str = "") -> list[Finding]:
        with opened(job(change, code)) as training:
            return findings_of(training)

    return find

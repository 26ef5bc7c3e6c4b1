"""The findings as flake8 shows them: run by flake8 itself, where it is installed."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from seedbed.doctor.flake8 import Plugin

SCRIPT = """import torch
from torch import nn

model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))
for _ in range(10):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x).softmax(1), y)
    loss.backward()
    optimizer.step()
"""


def _flake8(*args: str, given: str | None = None) -> list[str]:
    pytest.importorskip("flake8")
    if "SB" not in {e.name for e in entry_points(group="flake8.extension")}:
        pytest.skip("this installation of seedbed is older than its flake8 entry point")
    command = [sys.executable, "-m", "flake8", "--isolated", "--select=SB", *args]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=300)
    assert not done.stderr
    return done.stdout.splitlines()


def test_flake8_shows_the_findings_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    shown = _flake8(str(path))
    assert len(shown) == 1
    assert shown[0].startswith(f"{path}:9:")
    assert " SB201 " in shown[0]


def test_flake8_reads_text_that_an_editor_gives(tmp_path: Path) -> None:
    shown = _flake8("--stdin-display-name", str(tmp_path / "new.py"), "-", given=SCRIPT)
    assert [line.split(":")[1] for line in shown] == ["9"]


def test_noqa_and_allow_silence_a_line(tmp_path: Path) -> None:
    for name, mark in (("one.py", "# noqa: SB201"), ("two.py", "# seedbed: allow=SB201")):
        (tmp_path / name).write_text(SCRIPT.replace("softmax(1), y)", f"softmax(1), y)  {mark}"))
    assert _flake8(str(tmp_path)) == []


def test_the_plugin_gives_columns_from_zero_and_nothing_for_other_code() -> None:
    found = list(Plugin(ast.parse(SCRIPT), "train.py", SCRIPT.splitlines(keepends=True)).run())
    assert [(line, text[:5]) for line, _, text, _ in found] == [(9, "SB201")]
    assert all(column >= 0 for _, column, _, _ in found)
    assert list(Plugin(ast.parse("x = 1"), "plain.py", ["x = 1\n"]).run()) == []

"""What a command loads: nothing that its user would wait for in vain. Each command runs in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
from seedbed.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)))
"""


def loaded_by(*arguments: str) -> set[str]:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [("--help",), ("recipes", "--help"), ("train", "--help"), ("runs", "--help")])
def test_help_loads_neither_torch_nor_pydantic_nor_rich(arguments: tuple[str, ...]) -> None:
    assert not {"torch", "pydantic", "rich", "numpy", "yaml"} & loaded_by(*arguments)


def test_training_loads_no_compiler_and_no_drawing(tmp_path: Path) -> None:
    modules = loaded_by("train", "digits", "trainer.epochs=1", "--root", str(tmp_path), "-q")
    assert "torch" in modules
    assert not {"torch._dynamo", "torch._inductor", "sympy", "rich", "tensorboard", "wandb", "pandas"} & modules


def test_looking_at_runs_loads_no_torch(tmp_path: Path) -> None:
    assert "torch" not in loaded_by("runs", str(tmp_path))


def test_the_process_ends_with_what_was_printed_and_the_code(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "seedbed",
        "train",
        "digits",
        "trainer.epochs=1",
        "--json",
        "--root",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["status"] == "finished"
    done = subprocess.run([*command, "trainer.epochs=x"], capture_output=True, text=True, timeout=120)
    assert done.returncode not in (0, 1)
    assert "trainer.epochs" in done.stderr
    assert "Traceback" not in done.stderr

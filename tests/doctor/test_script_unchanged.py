"""What a script can see of itself is the same under ``seedbed doctor`` as in a plain run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed.doctor.script import Observation, observe_script

PLAIN = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}


def _both(folder: Path, text: str, *args: str, name: str = "train.py") -> tuple[subprocess.CompletedProcess[str], ...]:
    """Run a script by its relative name, plain and under the doctor."""
    script = folder / name
    script.parent.mkdir(exist_ok=True)
    script.write_text(text, encoding="utf-8")
    commands = ([sys.executable], [sys.executable, "-m", "seedbed", "doctor"])
    return tuple(
        subprocess.run([*command, name, *args], capture_output=True, text=True, cwd=folder, env=PLAIN)
        for command in commands
    )


def _observe(folder: Path, text: str) -> Observation:
    script = folder / "train.py"
    script.write_text(text, encoding="utf-8")
    return observe_script(script)


def test_what_is_set_before_torch_is_imported_has_its_effect(tmp_path: Path) -> None:
    text = """
import os, sys
print([name for name in ("torch", "numpy") if name in sys.modules])
os.environ["OMP_NUM_THREADS"] = "2"
import hashlib
import torch
torch.manual_seed(0)
model = torch.nn.Linear(600, 300)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(4):
    optimizer.zero_grad()
    model(torch.randn(256, 600)).square().mean().backward()
    optimizer.step()
print(torch.get_num_threads(), hashlib.sha256(model.weight.detach().numpy().tobytes()).hexdigest())
"""
    plain, seen = _both(tmp_path, text)
    assert plain.stdout.startswith("[]\n2 ")
    assert seen.stdout == plain.stdout + "No mistakes found.\n"


@pytest.mark.parametrize("first", ["import random\nrandom.seed(1)", "import numpy as np\nnp.random.seed(1)"])
def test_a_seed_that_is_set_before_torch_is_imported_is_known(first: str, tmp_path: Path) -> None:
    name = "random" if "import random" in first else "numpy"
    draw = "random.random()" if name == "random" else "np.random.rand()"
    seeded = _observe(tmp_path, f"{first}\nimport torch\ntorch.manual_seed(1)\n{draw}\ntorch.rand(2)\n")
    assert seeded.findings == []
    half = _observe(tmp_path, f"{first}\nimport torch\n{draw}\ntorch.rand(2)\n")
    assert [(f.code, f.evidence["unseeded"]) for f in half.findings] == [("SB701", ["torch"])]
    assert half.findings[0].line == 2


def test_what_was_drawn_before_torch_is_imported_is_known(tmp_path: Path) -> None:
    seen = _observe(tmp_path, "import random, numpy as np\nnp.random.seed(1)\nrandom.random()\nimport torch\n")
    assert [(f.code, f.evidence["unseeded"]) for f in seen.findings] == [("SB701", ["random"])]
    seen = _observe(tmp_path, "import numpy as np\nnp.random.seed(1)\nimport random\nimport torch\n")
    assert seen.findings == []


def test_a_script_sees_itself_as_in_a_plain_run(tmp_path: Path) -> None:
    text = """
import sys
print(__file__, __cached__, __annotations__, __spec__, __package__, type(__loader__), sorted(globals()))
print(sys.argv, sys.path, sys.orig_argv[1:], "torch" in sys.modules, __name__)
def fail():
    raise ValueError("x")
fail()
"""
    plain, seen = _both(tmp_path, text, "--", "--format", "csv", "--", name="./sub/t.py")
    assert seen.stderr.startswith(plain.stderr)
    assert seen.returncode == plain.returncode == 1
    expected = plain.stdout.replace("'--', '--format'", "'--format'")  # one leading -- is ours
    assert seen.stdout.startswith(expected)


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nsys.excepthook = lambda *a: print('mine', a[1], a[2].tb_lineno)\nraise KeyError(1)\n",
        "import sys\ndef hook(*a):\n    raise ValueError(2)\nsys.excepthook = hook\nraise KeyError(1)\n",
        "import sys\nsys.excepthook = lambda *a: sys.exit(9)\nraise KeyError(1)\n",
        "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('b') from error\n",
        "x = (\n",
        "import sys\nsys.exit('enough')\n",
    ],
)
def test_a_script_fails_as_in_a_plain_run(text: str, tmp_path: Path) -> None:
    plain, seen = _both(tmp_path, text)
    assert plain.stderr in seen.stderr
    assert seen.stdout.startswith(plain.stdout)
    assert seen.returncode == plain.returncode
    assert "seedbed" not in seen.stderr


def test_our_own_frames_are_in_no_traceback(tmp_path: Path) -> None:
    text = """
import torch
class Model(torch.nn.Module):
    def forward(self, x):
        loss = torch.nn.MSELoss()(x, x)
        return torch.nn.functional.cross_entropy(x + loss, torch.ones(4).long())
try:
    Model()(torch.ones(3, 2))
except ValueError as error:
    raise KeyError("torch") from error
"""
    plain, seen = _both(tmp_path, text)
    own = [line for line in plain.stderr.splitlines() if "train.py" in line]
    assert [line for line in seen.stderr.splitlines() if "train.py" in line] == own
    assert len(own) == 3
    assert "seedbed" not in seen.stderr
    assert "No mistakes found.\n" not in seen.stdout


def test_what_cannot_be_parsed_is_not_called_free_of_mistakes(tmp_path: Path) -> None:
    plain, seen = _both(tmp_path, "x = (\n")
    assert "No mistakes" not in seen.stdout
    assert plain.stderr in seen.stderr


def test_a_compiled_module_runs_where_warnings_are_errors(tmp_path: Path) -> None:
    text = """
import warnings
warnings.simplefilter("error")
import torch
model = torch.compile(torch.nn.Linear(3, 1), backend="eager")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = model(torch.ones(4, 3)).mean()
    loss.backward()
    optimizer.step()
print("done")
"""
    plain, seen = _both(tmp_path, text)
    if plain.returncode:
        pytest.skip("torch itself warns here")
    assert (seen.returncode, seen.stderr) == (0, "")
    assert seen.stdout.startswith("done\n")


def test_hooks_of_the_script_itself_still_make_a_compiled_module_warn(tmp_path: Path) -> None:
    text = """
import torch
torch.nn.modules.module.register_module_forward_hook(lambda *a: None)
torch.compile(torch.nn.Linear(3, 1), backend="eager")(torch.ones(4, 3))
"""
    plain, seen = _both(tmp_path, text)
    assert "global hooks" in plain.stderr
    assert "global hooks" in seen.stderr


def test_a_file_in_the_working_folder_is_no_part_of_the_standard_library(tmp_path: Path) -> None:
    for name in ("random", "json", "ast", "signal", "site"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')\n", encoding="utf-8")
    script = tmp_path / "sub" / "train.py"
    script.parent.mkdir()
    script.write_text("import random, json, neighbour\nprint(random.__file__ != __file__)\n", encoding="utf-8")
    (script.parent / "neighbour.py").write_text("", encoding="utf-8")
    code = "import sys; sys.path.pop(0); from seedbed.cli.main import main; main(['doctor', 'sub/train.py'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.startswith("True\n"), done.stderr
    assert done.returncode == 0


def test_a_file_beside_the_script_comes_before_the_standard_library_as_in_a_plain_run(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("mine = 1\n", encoding="utf-8")
    script = tmp_path / "train.py"
    script.write_text("import json\nprint(json.mine)\n", encoding="utf-8")
    code = f"import sys; sys.path.pop(0); from seedbed.cli.main import main; main(['doctor', {str(script)!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/")
    assert done.stdout.startswith("1\n"), done.stderr


@pytest.mark.parametrize(
    ("text", "typed", "own", "form"),
    [
        ("", ["--format", "json", "--x"], ["--x"], "json"),
        ("", ["--format=json", "--", "--"], ["--"], "json"),
        ("", ["--", "--format", "json"], ["--format", "json"], "text"),
        ("", ["a", "--format", "json"], ["a", "--format", "json"], "text"),
        ("", ["--format", "png"], ["--format", "png"], "text"),
        ("# knows --format\n", ["--format", "json"], ["--format", "json"], "text"),
    ],
)
def test_arguments_behind_the_script_are_its_own(
    text: str, typed: list[str], own: list[str], form: str, tmp_path: Path
) -> None:
    _, seen = _both(tmp_path, text + "import sys\nprint(sys.argv[1:], file=sys.stderr)\n", *typed)
    assert seen.stderr.startswith(f"{own}\n")
    assert (json.loads(seen.stdout)["findings"] == []) if form == "json" else seen.stdout.startswith("No mistakes")


def test_the_status_of_the_script_wins_over_that_of_the_findings(tmp_path: Path) -> None:
    text = """
import torch
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
for step in range(6):
    model(torch.ones(4, 3)).square().mean().backward()
    optimizer.step()
"""
    _, seen = _both(tmp_path, text)
    assert ("SB101" in seen.stdout, seen.returncode) == (True, 1)
    assert "train.py:6: SB101" in seen.stdout
    _, seen = _both(tmp_path, text + "raise SystemExit(7)\n")
    assert ("SB101" in seen.stdout, seen.returncode) == (True, 7)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seconds", "nan", "train.py"], "--seconds is nan"),
        (["--seconds", "-1", "train.py"], "--seconds is -1"),
        (["--steps", "-3", "train.py"], "--steps is -3"),
        (["."], ". is a folder"),
        (["nope"], "'nope' is no file and no recipe"),
        (["broken.ipynb"], "broken.ipynb is not a notebook"),
    ],
)
def test_wrong_use_gives_one_sentence(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("", encoding="utf-8")
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    command = [sys.executable, "-m", "seedbed", "doctor", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {said}")
    assert done.stderr.count("\n") == 1
    assert "does not exist" not in done.stderr
    assert "-c" not in done.stderr.split()


def test_a_notebook_may_wait_and_ask_for_its_shell(tmp_path: Path) -> None:
    cells = [
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 3",
        "x = await f()\nget_ipython().run_line_magic('matplotlib', 'inline')\n'colab' in str(get_ipython())",
        "print(x, '__file__' in globals())",
    ]
    book = {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4, "metadata": {}}
    script = tmp_path / "train.ipynb"
    script.write_text(json.dumps(book), encoding="utf-8")
    command = [sys.executable, "-m", "seedbed", "doctor", "train.ipynb"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.startswith("3 False\n"), done.stderr
    assert done.returncode == 0

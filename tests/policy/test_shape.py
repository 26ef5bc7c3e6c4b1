"""The budgets for the size of files and functions, and for what the public surface holds."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import seedbed

ROOT = Path(seedbed.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "template" not in path.relative_to(ROOT).parts)


def functions() -> list[tuple[str, int]]:
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                found.append((f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1))
    return found


def test_no_file_has_more_than_400_lines_and_half_have_at_most_150() -> None:
    lines = {path: len(path.read_text().splitlines()) for path in FILES}
    assert not {str(path.relative_to(ROOT)): count for path, count in lines.items() if count > 400}
    assert statistics.median(lines.values()) <= 150


def test_no_function_has_more_than_60_lines_and_nine_in_ten_have_at_most_35() -> None:
    found = functions()
    assert not [(name, count) for name, count in found if count > 60]
    counts = sorted(count for _, count in found)
    assert counts[int(len(counts) * 0.9)] <= 35


def test_one_update_of_the_weights_fits_on_a_screen() -> None:
    counts = dict(functions())
    assert counts["loop.py:train_step"] <= 60
    assert counts["loop.py:steps"] <= 15
    assert counts["run.py:execute"] <= 80


def test_the_public_names_are_listed_by_hand_and_all_exist() -> None:
    assert len(seedbed.__all__) == len(set(seedbed.__all__)) <= 15
    for name in seedbed.__all__:
        assert getattr(seedbed, name).__doc__, f"{name} has no docstring"


def test_every_public_function_and_class_is_documented() -> None:
    missing = []
    for path in FILES:
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree) and path.read_text().strip():
            missing.append(str(path.relative_to(ROOT)))
        for node in tree.body:
            is_definition = isinstance(node, ast.FunctionDef | ast.ClassDef)
            if is_definition and not node.name.startswith("_") and not ast.get_docstring(node):
                missing.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert not missing


def modules_after(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom seedbed.cli.main import main\n"
        f"sys.argv = ['seedbed', *{list(arguments)!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted(m for m in sys.modules if '.' not in m))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_help_loads_neither_torch_nor_pydantic_nor_rich() -> None:
    loaded = modules_after("--help")
    assert "click" in loaded
    assert not loaded & {"torch", "pydantic", "rich", "numpy"}


def test_looking_at_runs_loads_no_torch(tmp_path: Path) -> None:
    assert "torch" not in modules_after("runs", str(tmp_path))
    assert "torch" not in modules_after("recipes")

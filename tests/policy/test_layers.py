"""Who may import whom: the table of rows as data, and no cycles, imports inside functions included."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import seedbed

ROOT = Path(seedbed.__file__).parent

# a module imports only from a lower row; inside a row only from its own package
ROWS: list[set[str]] = [
    {"eager", "quick"},
    {"seeding", "disk", "provenance", "batch", "numerics", "stopping", "tables", "result", "layout", "failure"},
    {"rundir"},
    {"config", "data", "models", "objectives", "optim", "checkpoint"},
    {"state"},
    {"loop", "evaluate", "nonfinite", "monitor"},
    {"fast"},
    {"speed"},
    {"parts"},
    {"build"},
    {"tracking", "doctor", "recipes", "locate", "extending", "watching", "preflight"},
    {"session"},
    {"resuming"},
    {"opening", "closing"},
    {"run", "report", "scaffold"},
    {"fitting", "inference", "predict", "replay", "stacked"},
    {"verify", "seeds", "bench"},
    {"cli"},
]
OPEN_TO_ALL = {"errors"}
TOP = {"__init__", "__main__"}


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports_of(path: Path) -> set[str]:
    """Dotted seedbed modules that a file imports, at the top or inside functions, type checking excepted."""
    tree = ast.parse(path.read_text())
    found: set[str] = set()
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "seedbed":
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "seedbed"}
    return found


FILES = sorted(path for path in ROOT.rglob("*.py") if "template" not in path.relative_to(ROOT).parts)


def row_of(package: str) -> int:
    for row, packages in enumerate(ROWS):
        if package in packages:
            return row
    raise AssertionError(f"{package} is in no row of the table; add it to ROWS and to docs/design.md")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_lower_rows(path: Path) -> None:
    package = package_of(path)
    if package in TOP | OPEN_TO_ALL:
        return
    for module in imports_of(path):
        parts = module.split(".")
        other = parts[1] if len(parts) > 1 else "__init__"
        assert other != "__init__", f"{path} imports through seedbed/__init__.py; import from the defining module"
        if other in OPEN_TO_ALL or other == package:
            continue
        assert row_of(other) < row_of(package), f"{path.relative_to(ROOT)} (row {row_of(package)}) imports {module}"


def test_there_is_no_import_cycle() -> None:
    graph: dict[str, set[str]] = {}
    for path in FILES:
        name = ".".join(("seedbed", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        graph[name] = imports_of(path)
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail[trail.index(module) :], module))
        if module in done:
            return
        for other in graph.get(module, ()):
            visit(other, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())

"""Config and checkpoints are data: what could run code is named in one place each, and nowhere else."""

from __future__ import annotations

import ast
from pathlib import Path

import seedbed

ROOT = Path(seedbed.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "template" not in path.relative_to(ROOT).parts)

# the restricted unpickler; the doctor, whose job is to run the user's own script
MAY_IMPORT_PICKLE = {"checkpoint/foreign.py"}
MAY_EXECUTE = {
    "doctor/child.py",  # runs the script that it is asked to watch
    "speed/tape.py",  # its own lines: names of slots and kernels, nothing that anybody wrote
}


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_only_the_restricted_unpickler_imports_pickle() -> None:
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if {module.split(".")[0] for module in modules} & {"pickle", "cloudpickle", "dill", "marshal", "shelve"}:
                found.add(str(path.relative_to(ROOT)))
    assert found <= MAY_IMPORT_PICKLE


def test_nothing_evaluates_text_as_code() -> None:
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and name_of(node.func) in {"eval", "exec", "os.system", "torch.hub.load"}:
                found.add(str(path.relative_to(ROOT)))
    assert found <= MAY_EXECUTE


def test_torch_load_is_always_restricted_to_weights() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and name_of(node.func) == "torch.load":
                keywords = {k.arg: k.value for k in node.keywords}
                value = keywords.get("weights_only")
                assert isinstance(value, ast.Constant), path
                assert value.value is True, path


def test_subprocesses_never_go_through_a_shell() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and name_of(node.func).startswith("subprocess."):
                assert not any(k.arg == "shell" for k in node.keywords), path

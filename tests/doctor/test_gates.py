"""Short cuts on the way to a rule's question change no finding: words that are missing, nodes and names by tables."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from seedbed.doctor.static import engine, groups, syntax
from seedbed.doctor.static.source import Source, parse

ROOT = Path(__file__).parent
SCRIPTS = sorted([*(ROOT / "cases").rglob("*.py"), *(ROOT / "corpus").glob("*/*/*.py")])


@pytest.mark.parametrize("path", SCRIPTS[::60], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_rule_that_misses_its_words_would_have_found_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = engine.check_paths([path])
    monkeypatch.setattr(Source, "mentions", lambda *_: True)
    assert engine.check_paths([path]) == found


def test_a_word_is_mentioned_in_any_case_and_in_parts_of_names() -> None:
    source = parse("import torch\nTrainMask = torch.zeros(3) > 0\n", Path("train.py"))
    assert source.mentions("mask")
    assert source.mentions("nothing", "zeros")
    assert not source.mentions("keep", "hash")


@pytest.mark.parametrize("path", SCRIPTS[::200], ids=lambda p: p.parent.name)
def test_nodes_by_type_are_those_of_a_walk(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in [tree, *tree.body]:
        walked = syntax.walk(node)
        names = [n for n in walked if type(n) is ast.Name]
        assert syntax.below(node, ast.Name) == names
        assert syntax.below(node, ast.Call, ast.Name) == [*(n for n in walked if type(n) is ast.Call), *names]


def test_assignments_by_name_are_those_of_all_assignments() -> None:
    source = parse("import torch\nx = torch.zeros(3)\ny = x + 1\nx = y\n", Path("train.py"))
    program = next(engine.analyse(source, {}, set()))
    assert [v for _, v, _ in program.assigned("x")] == [v for n, v, _ in program.assigns if n == "x"]
    assert len(program.assigned("x")) == 2
    assert program.assigned("missing") == []


def test_a_file_uses_torch_through_what_it_imports_at_most_twice_removed(tmp_path: Path) -> None:
    files = [tmp_path / f"step{n}.py" for n in range(4)]
    for number, path in enumerate(files):
        path.write_text(f"import step{number + 1}\n" if number < 3 else "import torch\n")
    uses = groups.Uses()
    assert [uses.torch(path) for path in files] == [False, True, True, True]
    assert [groups.uses_torch(path) for path in files] == [False, True, True, True]

"""A file is read in its plain form, and that does the same as what was written."""

from __future__ import annotations

import ast
import contextlib
import io

import pytest

from seedbed.doctor.static import plain_form

SAME = {
    "a namespace": """
import types
run = types.SimpleNamespace(total=1, rows=[1, 2])
run.best: float = 0.5
for run.step in range(3):
    run.total += run.step
def more():
    run.total = run.total * 2
more()
print(run.total, run.rows, run.best, run.step)
""",
    "a namespace in a function": """
from types import SimpleNamespace
def main():
    state = SimpleNamespace()
    state.count = 0
    def up(count):
        state.count += count
    up(2); up(3)
    return state.count
print(main())
""",
    "a record": """
from dataclasses import dataclass, field
@dataclass
class State:
    step: int = 0
    best: float = float("inf")
    seen: list = field(default_factory=list)
state = State(step=2)
while state.step < 5:
    state.step += 1
    state.seen.append(state.step)
    state.best = min(state.best, state.step)
print(state.step, state.best, state.seen)
""",
    "static methods": """
class Tools:
    '''Two functions.'''
    @staticmethod
    def twice(x):
        return 2 * x
    @staticmethod
    def sum(rows):
        return [Tools.twice(r) for r in rows]
print(Tools.sum([1, 2, 3]))
""",
    "a loop that counts": """
def run(n):
    i = 0
    found = []
    while i < n:
        if i == 3:
            break
        j = 1
        while j <= i:
            found.append((i, j))
            j += 1
        i += 1
    return found
print(run(5), run(0))
""",
}
KEPT = [
    "import types\nrun = types.SimpleNamespace(a=1)\nprint(vars(run), run.a)",
    "import types\nrun = types.SimpleNamespace()\nrun.a = 1\nrun = 3\nprint(run.a)",
    "import types\nrun = types.SimpleNamespace()\nrun.a = 1\nprint(run.b)",
    "class State:\n    rows = []\nstate = State()\nstate.rows.append(1)\nprint(State.rows)",
    "class State:\n    rows: list = []\nstate = State()\nprint(state.rows)",
    "class Tools:\n    @staticmethod\n    def f(x):\n        return x\nprint(Tools().f(1), Tools)",
    "i = 0\nwhile i < 5:\n    i += 1\n    print(i)",
    "i = 0\nwhile i < 5:\n    print(i)\n    i += 1\nprint(i)",
    "i = 0\nwhile i < 5:\n    if i == 2:\n        continue\n    print(i)\n    i += 1",
    "rows = [1]\ni = 0\nwhile i < len(rows):\n    rows.append(1)\n    i += 1",
    "i, n = 0, 5\nwhile i < n:\n    n -= 1\n    i += 1",
]


def printed(tree: ast.Module) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(ast.fix_missing_locations(tree), "plain.py", "exec"), {"__name__": "__main__"})
    return out.getvalue()


@pytest.mark.parametrize("code", SAME.values(), ids=SAME)
def test_the_plain_form_does_the_same(code: str) -> None:
    plain = plain_form.rewrite(ast.parse(code))
    assert ast.unparse(plain) != ast.unparse(ast.parse(code))
    assert printed(plain) == printed(ast.parse(code)) != ""


@pytest.mark.parametrize("code", KEPT)
def test_what_would_not_be_the_same_stays_as_it_is(code: str) -> None:
    assert ast.unparse(plain_form.rewrite(ast.parse(code))) == ast.unparse(ast.parse(code))


def test_every_node_keeps_a_place() -> None:
    for code in SAME.values():
        tree = plain_form.rewrite(ast.parse(code))
        assert all(node.lineno > 0 for node in ast.walk(tree) if isinstance(node, (ast.stmt, ast.expr)))

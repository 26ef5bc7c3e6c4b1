"""What is done for every key of a small dictionary means the same when it is written out."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from seedbed.doctor.static import few_keys

OUT = "\nout = {k: v for k, v in sums.items()}"
SAME = {
    "items": 'sums = {"a": 1.0, "b": 2}\nsums["a"] += 3\nout = {k: v / 2 for k, v in sums.items()}',
    "names": 'sums = {"a": 1.0, "b": 2}\nout = {k + "x": sums[k] * 2 for k in sums}',
    "keys": 'sums = {"a": 1.0, "b": 2}\nout = {k: sums[k] for k in sums.keys()}',
    "loop": 'sums = {"a": 1.0, "b": 2}\nfor k in sums:\n    sums[k] /= 4' + OUT,
    "pairs": 'sums = {"a": 1.0, "b": 2}\nout = {}\nfor k, v in sums.items():\n    out[k] = v - 1',
    "function": 'def f(n):\n    sums = {"a": 1.0, "b": 2}\n    return {k: v / n for k, v in sums.items()}\nout = f(5)',
}
KEPT = {
    "another key": 'sums = {"a": 1.0, "b": 2}\nsums["c"] = 3' + OUT,
    "a key that varies": 'sums = {"a": 1, "b": 2}\nfor n in "cd":\n    sums[n] = 3' + OUT,
    "given away": 'def add(d):\n    d["c"] = 3\nsums = {"a": 1, "b": 2}\nadd(sums)' + OUT,
    "updated": 'sums = {"a": 1, "b": 2}\nsums.update(c=3)' + OUT,
    "bound again": 'sums = {"a": 1, "b": 2}\nsums = {"c": 3, "d": 4}' + OUT,
    "bound within": 'sums = {"a": 1, "b": 2}\nout = {k: [k for k in (v, v)] for k, v in sums.items()}',
    "with a test": 'sums = {"a": 1, "b": 2}\nout = {k: v for k, v in sums.items() if v > 1}',
    "changed within": 'sums = {"a": 1, "b": 2}\ndef f():\n    sums["c"] = 3\nf()' + OUT,
}


def result(tree: ast.Module) -> Any:
    names: dict[str, Any] = {}
    exec(compile(ast.fix_missing_locations(tree), "told", "exec"), names)
    return names["out"]


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_a_dictionary_that_is_written_out_gives_the_same(text: str) -> None:
    made = few_keys.rewrite(ast.parse(text))
    assert not any(isinstance(node, ast.DictComp | ast.For) for node in ast.walk(made))
    assert result(made) == result(ast.parse(text))


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_a_dictionary_that_may_get_other_keys_stays(text: str) -> None:
    made = few_keys.rewrite(ast.parse(text))
    assert any(isinstance(node, ast.DictComp) for node in ast.walk(made))
    assert result(made) == result(ast.parse(text))

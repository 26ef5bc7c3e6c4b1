"""Tables with named columns: which of them the inputs are put together from, name by name."""

from __future__ import annotations

import ast
from typing import Any

from seedbed.doctor.static import lineage, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val

_SAME = frozenset(
    ["tensor", "as_tensor", "from_numpy", "array", "np_array", "asarray", "np_asarray", "FloatTensor", "LongTensor",
     "float", "double", "long", "int", "to", "type", "astype", "numpy", "to_numpy", "values", "float_builtin",
     "int_builtin", "reshape", "view", "unsqueeze", "squeeze", "flatten", "ravel", "clone", "copy", "contiguous",
     "batch", "element", "float32", "float64", "int64"]
)  # fmt: skip
_SCALED = frozenset(["sub", "div", "mul", "add", "fit_transform", "transform", "nan_to_num", "clip", "clamp"])
_SIDE_BY_SIDE = frozenset(
    ["stack", "column_stack", "vstack", "hstack", "cat", "concat", "concatenate", "T", "t", "transpose"]
)
_LISTED = frozenset(["list", "sorted", "tuple", "set", "keys", "dtype", "names", "columns", "fieldnames", "tolist"])
_TAKES_OUT = frozenset(["pop", "remove", "discard", "drop", "difference", "delete", "drop_fields"])


def column_among(p: Program, x: Val, y: Val) -> tuple[Val, str] | None:
    """Where the inputs take up the very column that is the target, and its name; ``None`` when that is not certain."""
    goal, rows = _down(y, _SAME)
    name = _key(goal)
    if name is None or _taken_out(p, name):
        return None
    table = goal.args[0]
    one, of_inputs = _down(x, _SAME | _SCALED | _SIDE_BY_SIDE)
    if rows != of_inputs:
        return None  # other rows: the value of yesterday may well be an input
    for _ in range(2):  # a list of rows, each a list of cells
        inner, picked = _down(one.items[0], _SAME) if one.name == "comprehension" and one.items else (one, [])
        if picked:
            return None  # windows of rows
        one = inner if inner.name in _LISTS else one
    if one.name == "getitem" and len(one.args) == 2 and _same_table(one.args[0], table):
        return (one.args[1], name) if _lists(p, one.args[1], table, name) else None
    cells = [_down(i, _SAME)[0] for i in one.items or ()] if one.name in _LISTS else []
    for cell in cells:
        if cell.name != "getitem" or len(cell.args) != 2 or not _same_table(cell.args[0], table):
            continue
        keys = list(cell.args[1].options())
        if any(k.kind == "const" and k.const == name for k in keys):
            return one, name
        if (
            one.name == "comprehension"
            and one.args
            and keys[0].name == "element"
            and _lists(p, one.args[0], table, name)
        ):
            return one.args[0] if one.args[0].name == "comprehension" else one, name
    return None


_LISTS = frozenset(["comprehension", "literal", ""])


def _key(step: Val) -> str | None:
    """The name of the column that ``table["name"]`` takes."""
    key = step.args[1] if step.name == "getitem" and len(step.args) == 2 else None
    return key.const if key is not None and isinstance(key.const, str) else None


def _down(val: Val, through: frozenset[str]) -> tuple[Val, list[Any]]:
    """A value before what hands its columns on, and what picked its rows on the way."""
    rows: list[Any] = []
    for _ in range(40):
        if val.kind == "list" and val.name == "comprehension" and len(val.items or ()) == 1 and val.items:
            cell = _down(val.items[0], through)[0]
            if _key(cell) is not None and cell.args[0].name == "element":
                return cell, rows  # [float(row["name"]) for row in rows]
            return val, rows
        if val.name == "getitem" and len(val.args) == 2 and val.kind == "tensor":
            if (key := lineage.row_key(val)) is None or key.kind == "list" or isinstance(key.const, str):
                return val, rows
            if key.name == "comprehension" or "pandas" in val.args[0].tags or _is_name(key):
                return val, rows
            ends = key.args[:2] if key.kind == "slice" else (key,)
            rows.append([repr(e.const) if e.kind == "const" else id(e) for e in ends])
        elif val.name not in through or not val.args or val.kind not in ("tensor", "number", "unknown", "method"):
            return val, rows
        val = val.args[0]
    return val, rows


def _is_name(key: Val) -> bool:
    """Whether a key is one of several names, not a place."""
    over = key.args[0] if key.name == "element" and key.args else None
    return (over is not None and over.name in _LISTED) or all(isinstance(k.const, str) for k in key.options())


def _same_table(a: Val, b: Val) -> bool:
    """Whether two values are one table, or rows of one table."""
    return a is b or (a.name == b.name == "element" and bool(a.args and b.args) and a.args[0] is b.args[0])


def _lists(p: Program, names: Val, table: Val, name: str) -> bool:
    """Whether a list of names certainly holds this one: it is written there, or no test leaves it out."""
    if names.var and any(
        isinstance(n.func, ast.Attribute) and n.func.attr in _TAKES_OUT and syntax.text(n.func.value) == names.var
        for n in q.nodes(p, ast.Call)
    ):
        return False
    if names.kind in ("list", "tuple") and names.name in ("", "literal"):
        return any(i.const == name for i in names.items or ())
    if names.name == "comprehension" and isinstance(names.node, ast.ListComp) and len(names.node.generators) == 1:
        gen = names.node.generators[0]
        plain = syntax.text(names.node.elt) == syntax.text(gen.target)
        return plain and bool(names.args) and _all(names.args[0], table) and all(_keeps(p, t, name) for t in gen.ifs)
    if names.name in ("sorted", "list", "tuple") and names.args and names.args[0].name == "sub":
        whole, less = names.args[0].args
        kept = less.kind == "list" and bool(less.items) and all(i.const not in (None, name) for i in less.items or ())
        return kept and _all(whole, table)
    return _all(names, table)


def _all(names: Val, table: Val) -> bool:
    """Whether these are the names of all columns of a table."""
    base = table.args[0] if table.name == "element" and table.args else table
    for _ in range(8):
        if names is base or names is table:
            return True
        if names.name == "getitem" and len(names.args) == 2 and names.args[1].const == 0:
            return names.args[0] is base  # the first row of a list of rows with names
        if names.name not in _LISTED or not names.args:
            return False
        names = names.args[0]
    return False


def _keeps(p: Program, test: ast.expr, name: str) -> bool:
    """Whether ``c != "id"`` or ``c not in skipped`` certainly lets a name pass."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], (ast.NotIn, ast.NotEq)):
        return False
    given = test.comparators[0]
    if isinstance(given, ast.Name):
        known = [v for n, v, _ in p.assigns if n == given.id]
        items = [i for v in known for i in (v.items or [v])]
        left = [i.const for i in items]
        return len(known) == 1 and bool(left) and all(isinstance(n, str) and n != name for n in left)
    try:
        value = ast.literal_eval(given)
    except ValueError:
        return False
    if isinstance(value, str):
        return isinstance(test.ops[0], ast.NotEq) and value != name
    return isinstance(value, (tuple, list, set)) and name not in value


def _taken_out(p: Program, name: str) -> bool:
    """Whether the program takes a column of this name out of something."""
    for node in q.nodes(p, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TAKES_OUT:  # noqa: SIM102
            if any(isinstance(n, ast.Constant) and n.value == name for a in ast.walk(node) for n in (a,)):
                return True
    deleted = [t for n in q.nodes(p, ast.Delete) for t in n.targets if isinstance(t, ast.Subscript)]
    return any(isinstance(t.slice, ast.Constant) and t.slice.value == name for t in deleted)

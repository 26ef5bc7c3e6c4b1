"""The order of classes or files depends on the run.

## What it does

Finds class numbers that come from the order of a `set`.

## Why is this bad

The order of a set of strings changes from run to run: saved models and new runs disagree about the classes.

## Example

```python
names = ["a", "b", "a"]
ids = {name: i for i, name in enumerate(set(names))}
labels = torch.tensor([ids[n] for n in names])
```

## Use instead

```python
names = ["a", "b", "a"]
ids = {name: i for i, name in enumerate(sorted(set(names)))}
labels = torch.tensor([ids[n] for n in names])
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    made = [n for n in q.nodes(p, ast.Assign) if isinstance(n.targets[0], ast.Name) and _is_set(n.value)]
    sets = {n.targets[0].id for n in made if not _of_numbers(p, n.value)} - _sorted_in_place(p)
    for node in q.nodes(p, ast.Call):
        name = syntax.text(node.func)
        if name not in ("enumerate", "list", "tuple") or not node.args:
            continue
        inner = node.args[0]
        listed = (
            isinstance(inner, ast.Call) and syntax.text(inner.func) == "list" and inner.args and _is_set(inner.args[0])
        )
        direct = ((_is_set(inner) or listed) and not _of_numbers(p, inner)) or (
            isinstance(inner, ast.Name) and inner.id in sets
        )
        if name == "enumerate" and direct and not _places(p, node) and not _only_drawn(p, node):
            yield p.report(
                "SB435",
                (node, p.source),
                severity=None if _kept(p) else Severity.HINT,
                title="numbers are given in the order of a set, which changes from run to run (PYTHONHASHSEED)",
                why="the ids of classes or tokens differ between runs, so a saved model means other classes",
                fix="Sort first: enumerate(sorted(set(...)))",
            )
    yield from _grown_tables(p)
    yield from _listings(p)


def _grown_tables(p: Program) -> Iterator[Finding]:
    """``for word in words: ids[word] = len(ids)`` over a set of strings."""
    for loop in q.nodes(p, ast.For):
        if not isinstance(loop.target, ast.Name) or not _is_set_of_words(p, loop):
            continue
        for node in loop.body:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Subscript):
                continue
            table, key = syntax.text(node.targets[0].value), syntax.text(node.targets[0].slice)
            if key == loop.target.id and syntax.text(node.value) == f"len({table})":
                yield p.report(
                    "SB435",
                    (loop, p.source),
                    "numbers are given in the order of a set, which changes from run to run (PYTHONHASHSEED)",
                    severity=None if _kept(p) else Severity.HINT,
                    why="the ids of classes or tokens differ between runs, so a saved model means other classes",
                    fix=f"Sort first: for {key} in sorted({syntax.text(loop.iter)})",
                )


def _is_set_of_words(p: Program, loop: ast.For) -> bool:
    """Whether a loop runs over a set of strings: over numbers its order is the same in every run."""
    inside = [f for f in q.nodes(p, ast.FunctionDef) if f.lineno <= loop.lineno <= (f.end_lineno or 0)]
    home: ast.AST = max(inside, key=lambda f: f.lineno, default=p.source.tree)
    parts: list[ast.expr] = [loop.iter]
    if isinstance(loop.iter, ast.Name):
        name = loop.iter.id
        made = [n for n in syntax.walk(home) if isinstance(n, ast.Assign) and name in map(syntax.text, n.targets)]
        if not made or not all(_is_set(n.value) and syntax.text(n.value)[:4] not in ("list", "tupl") for n in made):
            return False
        grown = (f"{name}.add", f"{name}.update")
        calls = [n for n in syntax.walk(home) if isinstance(n, ast.Call) and syntax.text(n.func) in grown]
        parts = [n.value for n in made] + [a for n in calls for a in n.args]
        fills = [n for n in syntax.walk(home) if isinstance(n, (ast.For, ast.comprehension))]
        used = {t.id for part in parts for t in syntax.walk(part) if isinstance(t, ast.Name)}
        parts += [n.iter for n in fills if isinstance(n.target, ast.Name) and n.target.id in used]
    elif not _is_set(loop.iter):
        return False
    return any(_says_words(part) for part in parts)


def _says_words(node: ast.AST) -> bool:
    """Whether an expression cuts or changes texts, or holds some."""
    for one in syntax.walk(node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in _TEXT:
            return True
        if isinstance(one, (ast.Set, ast.List, ast.Tuple)) and any(
            isinstance(e, ast.Constant) and isinstance(e.value, str) for e in one.elts
        ):
            return True
    return False


_TEXT = ("split", "lower", "strip", "upper", "rstrip", "lstrip", "findall", "casefold", "splitlines")


def _places(p: Program, call: ast.Call) -> bool:
    """Whether the numbers only say in which row of an array, made with a row for each, something is written."""
    made = [
        (syntax.text(n.targets[0]), n.value.generators[0].iter)
        for n in q.nodes(p, ast.Assign)
        if isinstance(n.value, ast.DictComp)
    ]
    tables = {name for name, over in made if over is call}
    wholes = {
        syntax.text(over.args[0])
        for name, over in made
        if name in tables and isinstance(over, ast.Call) and syntax.text(over.func) == "enumerate" and over.args
    }
    sized = {
        syntax.text(n.targets[0])
        for n in q.nodes(p, ast.Assign)
        if isinstance(n.value, ast.Call)
        and n.value.args
        and _first_size(n.value.args[0]) in {f"len({w})" for w in wholes}
    }
    rows = {
        id(n.slice.elts[0].value)
        for n in q.nodes(p, ast.Subscript)
        if isinstance(n.slice, ast.Tuple)
        and isinstance(n.slice.elts[0], ast.Subscript)
        and syntax.text(n.value) in sized
        and not any(tables & _mentioned(e) for e in n.slice.elts[1:])
    }
    read = [n for n in q.nodes(p, ast.Name) if n.id in tables and isinstance(n.ctx, ast.Load)]
    return bool(read) and all(id(n) in rows for n in read)


def _only_drawn(p: Program, call: ast.Call) -> bool:
    """Whether the numbers of a loop are read nowhere, or only say in which panel of a figure something is drawn."""
    for loop in (n for n in q.nodes(p, ast.For) if n.iter is call):
        target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else None
        if not isinstance(target, ast.Name):
            return False
        home = q.nodes(p, ast.Name)
        read = [n for n in home if n.id == target.id and isinstance(n.ctx, ast.Load) and _within(n, loop)]
        panels = [n for n in q.nodes(p, ast.Subscript) if syntax.text(n.value) in _PANELS]
        held = {id(n) for one in panels for n in syntax.walk(one.slice)}
        return all(id(n) in held for n in read)
    return False


_PANELS = ("ax", "axs", "axes", "axis", "axarr")


def _within(node: ast.AST, loop: ast.For) -> bool:
    return any(n is node for n in syntax.walk(loop))


def _first_size(shape: ast.expr) -> str:
    """The first size in ``zeros((len(names), 20))``, where it has more than one."""
    return syntax.text(shape.elts[0]) if isinstance(shape, ast.Tuple) and len(shape.elts) > 1 else ""


def _of_numbers(p: Program, node: ast.AST) -> bool:
    """Whether what a set is made of is known to be numbers: their order is the same in every run."""
    calls = {id(n) for n in syntax.walk(node) if isinstance(n, ast.Call) and syntax.text(n.func) in _SETS}
    given = [e.args[0] for e in p.calls(*_SETS) if id(e.node) in calls and e.args]
    plain = ("float", "long", "int", "double", "int64", "float32", "float64", "int32")
    return bool(given) and all(v.kind == "tensor" and v.dtype in plain and "pandas" not in v.tags for v in given)


_SETS = ("set", "frozenset")
_SEEDS = ("manual_seed", "seed", "seed_everything", "set_seed", "manual_seed_all", "fix_seed", "seed_all")
_STORES = ("save", "dump", "dumps", "load", "loads", "load_state_dict", "save_pretrained", "to_csv", "savez")
_KEEPS = frozenset((*_SEEDS, *_STORES))


def _kept(p: Program) -> bool:
    """Whether two runs are meant to agree: the file sets a seed, or keeps or reads something."""
    calls = (n.func for n in q.nodes(p, ast.Call))
    return any((f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "")) in _KEEPS for f in calls)


_LISTS = ("os.listdir", "listdir", "os.scandir", "glob.glob", "glob", "glob.iglob", "iglob")


def _sorted_in_place(p: Program) -> set[str]:
    """The names of lists that ``sort()`` puts in order."""
    calls = (n.func for n in q.nodes(p, ast.Call) if isinstance(n.func, ast.Attribute))
    return {syntax.text(f.value) for f in calls if f.attr == "sort"}


def _listings(p: Program) -> Iterator[Finding]:
    """Folders and files in the order in which the disk gives them."""
    listings = [n for n in q.nodes(p, ast.Assign) if _is_listing(n.value)]
    if not listings:
        return
    sorted_names = _sorted_in_place(p)
    items = [f for f in q.nodes(p, ast.FunctionDef) if f.name == "__getitem__"]
    looked_up = {id(n) for f in items for n in syntax.walk(f)}  # the files of one sample, not a list of samples
    raw: dict[str, ast.Assign] = {}
    for node in listings:
        name = syntax.text(node.targets[0])
        if name not in sorted_names and id(node) not in looked_up:
            raw[name] = node
    numbered = {
        syntax.text(n.args[0])
        for n in q.nodes(p, ast.Call)
        if syntax.text(n.func) == "enumerate" and n.args and not isinstance(n.args[0], ast.Call)
    }
    for name, node in raw.items():
        if (
            name in numbered
            and any(w in words(name.replace(".", "_")) for w in ("classes", "class", "labels", "categories"))
            and not _written_down(p, name)
        ):
            yield p.report(
                "SB435",
                (node, p.source),
                f"{name} are numbered in the order of os.listdir or glob, which is not sorted",
                why="the order of files differs between machines and runs, so a saved model means other classes",
                fix="Sort first: sorted(os.listdir(...))",
            )
    pairs = [n for n in raw if set(words(n.replace(".", "_"))) & _TARGETS and not _made_anew(p, n, raw[n])]
    others = [
        syntax.text(n.targets[0])
        for n in q.nodes(p, ast.Assign)
        if (_is_listing(n.value) or _is_sorted_listing(n.value)) and syntax.text(n.targets[0]) not in pairs
    ]
    inputs = [n for n in others if set(words(n.replace(".", "_"))) & _INPUTS]
    if pairs and inputs:
        yield p.report(
            "SB435",
            (raw[pairs[0]], p.source),
            f"{inputs[0]} and {pairs[0]} are paired by place, but the order of a folder listing is not sorted",
            why="os.listdir and glob give files in any order, so an image gets the label of another one (a mismatch)",
            fix="Sort both lists by the same key: sorted(glob.glob(...))",
        )


_TABLES = ("dict", "list", "tuple", "enumerate", "zip", "dumps", "json.dumps")
_WRITES = ("dump", "dumps", "save", "write", "write_text", "savez", "to_csv")


def _written_down(p: Program, name: str) -> bool:
    """Whether the numbers that the names got are kept, so that a saved model means what it did."""
    known = {name}
    for node in q.nodes(p, ast.Assign):
        table = isinstance(node.value, (ast.Dict, ast.DictComp, ast.ListComp, ast.Name)) or (
            isinstance(node.value, ast.Call) and syntax.text(node.value.func) in _TABLES
        )
        if table and known & _mentioned(node.value):
            known.add(syntax.text(node.targets[0]))
    for node in q.nodes(p, ast.Call):
        last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if last in _WRITES and any(known & _mentioned(a) for a in node.args):
            return True
    return False


def _mentioned(node: ast.AST) -> set[str]:
    """The names in an expression, but not those that only ``len()`` looks at."""
    counted = {
        id(a) for n in syntax.walk(node) if isinstance(n, ast.Call) and syntax.text(n.func) == "len" for a in n.args
    }
    return {
        syntax.text(n) for n in syntax.walk(node) if isinstance(n, (ast.Name, ast.Attribute)) and id(n) not in counted
    }


def _made_anew(p: Program, name: str, listing: ast.Assign) -> bool:
    """Whether a name gets something else later, in the same function, that is not made of the listing itself."""
    inner = [f for f in q.nodes(p, ast.FunctionDef) if _holds(f, listing)]
    home = max(inner, key=lambda f: f.lineno, default=None)
    return any(
        syntax.text(n.targets[0]) == name
        and n.lineno > listing.lineno
        and (home is None or _holds(home, n))
        and not _is_listing(n.value)
        and name not in _mentioned(n.value)
        for n in q.nodes(p, ast.Assign)
    )


def _holds(func: ast.FunctionDef, node: ast.Assign) -> bool:
    return func.lineno <= node.lineno <= (func.end_lineno or func.lineno)


_TARGETS = frozenset(["mask", "masks", "label", "labels", "target", "targets", "annotations", "segs", "gt", "lab", "y"])
_INPUTS = frozenset(["image", "images", "img", "imgs", "input", "inputs", "x", "pictures", "photos", "frames", "scans"])


def _is_listing(node: ast.AST) -> bool:
    """Whether an expression lists a folder without sorting it."""
    if isinstance(node, ast.ListComp) and len(node.generators) == 1:
        return _is_listing(node.generators[0].iter)
    if not isinstance(node, ast.Call):
        return False
    name = syntax.text(node.func)
    if name == "list" and node.args:
        return _is_listing(node.args[0])
    return name in _LISTS or (isinstance(node.func, ast.Attribute) and node.func.attr in ("glob", "rglob", "iterdir"))


def _is_sorted_listing(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and syntax.text(node.func) == "sorted"
        and bool(node.args)
        and _is_listing(node.args[0])
    )


def _is_set(node: ast.AST) -> bool:
    if isinstance(node, (ast.Set, ast.SetComp)):
        return True
    if isinstance(node, ast.Call) and syntax.text(node.func) in ("list", "tuple") and node.args:
        return _is_set(node.args[0])
    return isinstance(node, ast.Call) and syntax.text(node.func) in _SETS

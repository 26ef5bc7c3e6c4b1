"""Inputs and targets are shuffled differently.

## What it does

Finds inputs and targets that are shuffled differently.

## Why is this bad

Every sample gets the label of another one: there is nothing to learn.

## Example

```python
x = torch.randn(100, 4)
y = x.sum(1)
x = x[torch.randperm(100)]
y = y[torch.randperm(100)]
data = torch.utils.data.TensorDataset(x, y)
```

## Use instead

```python
x = torch.randn(100, 4)
y = x.sum(1)
order = torch.randperm(100)
x, y = x[order], y[order]
data = torch.utils.data.TensorDataset(x, y)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import lineage, orders, syntax
from seedbed.doctor.static.naming import split_of
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    yield from _twice(p)
    yield from _out_of_step(p, seen)
    yield from _sorted_part(p)
    yield from _sorted_column(p)
    yield from _list_apart(p)
    yield from _columns_apart(p, seen)


_HOW = {
    "both": "inputs and targets are shuffled separately, by independent permutations",
    "inputs": "only the inputs are shuffled, the targets keep their order",
    "targets": "only the targets are shuffled, the inputs keep their order",
    "sorted": "inputs and targets are sorted separately",
}


def _said(found: tuple[Val, str]) -> str:
    text = _HOW[found[1]]
    return text.replace("shuffled", f"sorted ({found[0].name})") if found[0].name.startswith("sort_") else text


def _out_of_step(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Inputs and targets of a model whose rows went through different orders."""
    pairs = [(f.x, f.y, f.event) for part in lineage.feeds(p) for f in part if f.y is not None]
    pairs += [(e.args[0], e.args[-1], e) for e in p.calls("TensorDataset") if len(e.args) >= 2]
    for x, y, event in pairs:
        if any(w in y.var.lower() for w in ("shuf", "perm", "nois", "random")):
            continue
        if any(v.name in ("Parameter", "parameter") for v in lineage.certain(x)):
            continue  # learned queries have no rows of the data
        if any(v.name in ("mean", "sum", "median") and v.number(1, "dim") == 0 for v in lineage.certain(y)):
            continue  # one row for all: a centre, a total
        found = orders.unpaired(p, x, y)
        if found is None or id(found[0].node) in seen or _made_up(found[0].node):
            continue
        seen.add(id(found[0].node))
        yield p.report(
            "SB414",
            orders.shuffled_in_place(p).get(id(found[0]), found[0]),
            f"{_said(found)}: the labels no longer belong to their rows",
            why="every sample gets the label of another one (a mismatch of rows), so there is nothing to learn",
            fix="Draw one permutation and index both with it: order = randperm(len(x)); x[order], y[order]",
            related=((str(event.src.path), event.line, "they meet here"),),
        )


def _made_up(node: ast.AST | None) -> bool:
    """Whether what is permuted was written down on the spot: labels in a random order, drawn before their inputs."""
    inner = node.args[0] if isinstance(node, ast.Call) and node.args else None
    name = inner.func.attr if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) else ""
    return name in {"repeat", "arange", "tile", "ones", "zeros", "concatenate", "linspace", "full"}


def _list_apart(p: Program) -> Iterator[Finding]:
    """``random.shuffle(files)`` after ``labels`` was made from them, and both are used side by side."""
    for base, event in orders.shuffled_in_place(p).items():
        for use in p.all("make", "call"):
            if use.seq <= event.seq or not any(a is event.args[0] for a in use.args):
                continue
            for other in use.args:
                made_before = other.kind == "list" and other.name == "comprehension" and other.seq < event.clock
                if (
                    made_before
                    and other is not event.args[0]
                    and any(id(v) == base for v in ancestors(other, limit=40))
                ):
                    yield p.report(
                        "SB414",
                        event,
                        f"only {event.args[0].var or 'one list'} is shuffled, {other.var or 'the labels'} keep the "
                        "order of before: the labels no longer belong to their rows",
                        why="the labels were made from the list before it was shuffled",
                        fix="Shuffle pairs: pairs = list(zip(files, labels)); random.shuffle(pairs)",
                        related=((str(use.src.path), use.line, "they are used together here"),),
                    )
                    return


_BESIDE = frozenset(["column_stack", "hstack", "concatenate", "cat", "stack"])


def _columns_apart(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Columns that are shuffled one by one, or put side by side in unlike orders."""
    used = {id(v) for f in lineage.feeds(p)[0] for v in lineage.path(f.x)}
    for made in p.made("permuted"):
        axis = made.kwargs.get("axis") or (made.args[2] if len(made.args) > 2 else None)
        table = made.args[1] if len(made.args) > 1 else None
        flat = table is not None and table.shape is not None and len(table.shape) == 1
        if axis is not None and axis.const == 0 and not flat and id(made) in used:
            yield _apart(p, made, "permuted() shuffles every column on its own, not whole rows")
    for event in p.calls(*_BESIDE):
        parts = event.args[0].items if event.args and event.args[0].kind in ("list", "tuple") else None
        axis = event.kwargs.get("axis") or event.kwargs.get("dim") or (event.args[1] if len(event.args) > 1 else None)
        name = event.name.rsplit(".", 1)[-1]
        wide = name in ("column_stack", "hstack") or (axis is not None and axis.const in (1, -1))
        if (
            not parts
            or not wide
            or name not in _BESIDE
            or event.name.startswith("pandas")
            or id(event.result) not in used
        ):
            continue
        for part in parts[1:]:
            found = orders.unpaired(p, parts[0], part) if _named(parts[0]) and _named(part) else None
            if found is not None and id(found[0].node) not in seen:
                seen.add(id(found[0].node))
                yield _apart(p, found[0], "columns of unlike row orders are put side by side")
                break


def _named(val: Val) -> bool:
    return any("pandas" in v.tags for v in lineage.path(val))


def _apart(p: Program, at: Val, what: str) -> Finding:
    return p.report(
        "SB414",
        at,
        f"{what}: the values of a row no longer belong together, nor to their label",
        why="each row is made of values of different samples (misaligned rows), so there is nothing to learn",
        fix="Give whole rows one order: rng.permutation(table), or sort both tables by the same key",
    )


def _twice(p: Program) -> Iterator[Finding]:
    """``shuffle()`` called for inputs and for targets."""
    shuffles = [
        e
        for e in p.first_calls("shuffle")
        if e.name in ("numpy.random.shuffle", "random.shuffle", "np.random.shuffle") and e.args
    ]
    if (
        len(shuffles) >= 2
        and shuffles[1].line - shuffles[0].line <= 2
        and shuffles[0].loops == shuffles[1].loops
        and len({split_of(e.args[0].var) for e in shuffles[:2]}) == 1
        and not any(e.name.endswith("seed") and shuffles[0].seq < e.seq < shuffles[1].seq for e in p.all("call"))
    ):
        yield p.report(
            "SB414",
            shuffles[1],
            "inputs and targets are shuffled separately: the labels no longer fit their inputs",
            why="each call of shuffle() draws its own order",
            fix="Draw one permutation and index both with it",
        )


def _sorted_part(p: Program) -> Iterator[Finding]:
    """``xs, ys = zip(*batch)`` of which one is sorted afterwards, as collate functions do it."""
    for func in p.functions:
        body = func.node.body if isinstance(func.node, ast.FunctionDef) else []
        if not func.src.says("sorted"):
            continue
        parts: set[str] = set()
        for node in (n for s in body for n in syntax.walk(s) if isinstance(n, ast.Assign)):
            target, value = node.targets[0], node.value
            if not isinstance(value, ast.Call):
                continue
            name = syntax.text(value.func)
            if name == "zip" and isinstance(target, ast.Tuple) and any(isinstance(a, ast.Starred) for a in value.args):
                parts |= {t.id for t in target.elts if isinstance(t, ast.Name)}
            elif name in ("sorted", "list", "tuple") and isinstance(target, ast.Name) and target.id in parts:
                inner = value.args[0] if value.args else value
                if name != "sorted" and not (isinstance(inner, ast.Call) and syntax.text(inner.func) == "sorted"):
                    continue
                if syntax.text(inner) == target.id or target.id in {
                    n.id for n in syntax.walk(inner) if isinstance(n, ast.Name)
                }:
                    yield p.report(
                        "SB414",
                        (node, func.src),
                        f"{target.id} is sorted separately from {', '.join(sorted(parts - {target.id}))}: "
                        "the labels no longer belong to their rows",
                        why="the others keep the old order, so every sample gets the label of another one",
                        fix="Sort the pairs: batch = sorted(batch, key=...), then zip(*batch)",
                    )


def _sorted_column(p: Program) -> Iterator[Finding]:
    """One part of the samples of a batch is sorted on its own, the other is taken as it stands."""
    for func in p.functions:
        if not func.src.says("sorted"):
            continue
        if not any(syntax.text(c.func) == "sorted" for c in syntax.below(func.node, ast.Call)):
            continue
        taken: list[tuple[str, str, bool, ast.AST]] = []
        for node in syntax.walk(func.node):
            inner = node.args[0] if isinstance(node, ast.Call) and node.args else None
            done = isinstance(node, ast.Call) and syntax.text(node.func) == "sorted"
            for comp in [inner] if done and isinstance(inner, (ast.ListComp, ast.GeneratorExp)) else []:
                taken += [(*part, True, node) for part in _part_of(comp)]
            if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
                taken += [(*part, False, node) for part in _part_of(node)]
        mixed = [t for t in taken if t[2]]
        plain = [t for t in taken if not t[2] and not any(m[:2] == t[:2] for m in mixed)]
        for name, part, _, node in mixed:
            other = next((t for t in plain if t[0] == name and t[1] != part), None)
            if other is not None:
                yield p.report(
                    "SB414",
                    (node, func.src),
                    f"{part} of {name} is sorted separately from {other[1]}: the labels no longer belong to their rows",
                    why="the other parts keep the old order, so every sample gets the label of another one (mismatch)",
                    fix="Sort the samples before they are taken apart: batch = sorted(batch, key=...)",
                )
                break


def _part_of(comp: ast.ListComp | ast.GeneratorExp) -> Iterator[tuple[str, str]]:
    """``("batch", "item[0]")`` for ``[item[0] for item in batch]``, also ``[x for x, y in batch]``."""
    gen = comp.generators[0]
    if not isinstance(gen.iter, ast.Name) or gen.ifs or len(comp.generators) > 1:
        return
    elt = comp.elt
    if isinstance(gen.target, ast.Name) and isinstance(elt, ast.Subscript) and isinstance(elt.slice, ast.Constant):
        if syntax.text(elt.value) == gen.target.id:
            yield gen.iter.id, f"item[{elt.slice.value!r}]"
    elif isinstance(gen.target, ast.Tuple) and isinstance(elt, ast.Name):
        names = [syntax.text(t) for t in gen.target.elts]
        if elt.id in names:
            yield gen.iter.id, f"item[{names.index(elt.id)}]"

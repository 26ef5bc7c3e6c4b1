"""The edges of batched graphs are not shifted by the nodes before them.

## What it does

Finds functions that join several graphs into one but join their edge indices as they are.

## Why is this bad

Every graph counts its nodes from zero. Without the offset all edges point into the first graph.

## Example

```python
def collate(graphs):
    xs, edges, owner = [], [], []
    for k, (x, edge_index) in enumerate(graphs):
        xs.append(x)
        edges.append(edge_index)
        owner.append(torch.full((len(x),), k))
    return torch.cat(xs), torch.cat(edges, dim=1), torch.cat(owner)
```

## Use instead

```python
def collate(graphs):
    xs, edges, owner, start = [], [], [], 0
    for k, (x, edge_index) in enumerate(graphs):
        xs.append(x)
        edges.append(edge_index + start)
        owner.append(torch.full((len(x),), k))
        start += len(x)
    return torch.cat(xs), torch.cat(edges, dim=1), torch.cat(owner)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.syntax import walk

_JOINS = frozenset(["cat", "concat", "concatenate", "hstack"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for func in q.nodes(p, ast.FunctionDef):
        joined = {name: node for node in walk(func) if isinstance(node, ast.Call) for name in _joined(node)}
        rows = [name for name, node in joined.items() if not _columns(node)]
        if not rows:
            continue
        parts = {name: item for node in walk(func) for name, item in _collected(node)}
        for name, call in joined.items():
            item = parts.get(name)
            if not _columns(call) or item is None or not _edges(name, item[0]):
                continue
            if any(isinstance(n, (ast.BinOp, ast.Call)) for n in syntax.walk(item[0])) or _shifted(func, item[0], name):
                continue
            yield p.report(
                "SB831",
                (item[1], p.source),
                f"the edge indices ({name}) of several graphs are joined without an offset",
                why="each graph counts its nodes from zero, so all edges point into the first graph",
                fix="Add the number of nodes before it: edges.append(edge_index + start); start += len(x)",
                related=((str(p.source.path), call.lineno, "joined here"),),
            )


def _joined(node: ast.Call) -> Iterator[str]:
    """Names of the lists that a call concatenates."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _JOINS and node.args and isinstance(node.args[0], ast.Name):
        yield node.args[0].id
    elif name in _JOINS and node.args and isinstance(node.args[0], (ast.ListComp, ast.GeneratorExp)):
        yield syntax.text(node.args[0].elt)


def _columns(node: ast.Call) -> bool:
    """Whether a concatenation runs along the second axis."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    given = [*node.args[1:2], *[k.value for k in node.keywords if k.arg in ("dim", "axis")]]
    return name == "hstack" or any(syntax.text(g) in ("1", "-1") for g in given)


def _collected(node: ast.AST) -> Iterator[tuple[str, tuple[ast.expr, ast.AST]]]:
    """What is put into which list."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append" and node.args:
        yield syntax.text(node.func.value), (node.args[0], node)
    elif isinstance(node, ast.Call):
        for name in _joined(node):
            if isinstance(node.args[0], (ast.ListComp, ast.GeneratorExp)):
                yield name, (node.args[0].elt, node)
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.ListComp) and len(node.targets) == 1:
        yield syntax.text(node.targets[0]), (node.value.elt, node)


def _edges(name: str, item: ast.expr) -> bool:
    said = set(words(name)) | {w for n in syntax.walk(item) for w in words(getattr(n, "id", getattr(n, "attr", "")))}
    texts = {n.value for n in syntax.walk(item) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    said |= {w for t in texts for w in words(t)}
    return bool(said & {"edge", "edges", "ei", "adjacency", "links", "bonds", "bond"})


def _shifted(func: ast.FunctionDef, item: ast.expr, name: str) -> bool:
    """Whether the indices were shifted before they are collected, or afterwards."""
    own = {n.id for n in syntax.walk(item) if isinstance(n, ast.Name)} | {name}
    for node in walk(func):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and _root(node.target) in own:
            return True
        if (
            isinstance(node, ast.Assign)
            and any(isinstance(n, ast.BinOp) for n in syntax.walk(node.value))
            and any(_root(t) in own for t in node.targets)
        ):
            return True
    return False


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return getattr(node, "id", "")

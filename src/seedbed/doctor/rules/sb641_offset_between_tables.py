"""Two tables made from one list number its entries differently.

## What it does

Finds an index that starts at another number in one table than in the other: `{w: i + 1 ...}` beside `{i: w ...}`,
or vectors that are written to row `i` for words that have number `i + 1`.

## Why is this bad

Every number means the neighbour of what it should mean: decoded text is wrong, or each word has another one's vector.

## Example

```python
words = ["a", "b", "c"]
stoi = {w: i + 1 for i, w in enumerate(words)}
itos = {i: w for i, w in enumerate(words)}
```

## Use instead

```python
words = ["a", "b", "c"]
stoi = {w: i + 1 for i, w in enumerate(words)}
itos = {i + 1: w for i, w in enumerate(words)}
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

Table = tuple[str, int, ast.AST, str]  # the list, the first number, where it is made, its kind


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    tables = [t for n in q.nodes(p, ast.Assign) if (t := _dictionary(n)) is not None]
    codes = [t for t in tables if t[3] == "code"]
    for text in {t[0] for t in codes}:
        starts = {t[1] for t in codes if t[0] == text}
        if len(starts) != 1 or _changed(p, text):
            continue
        begin = starts.pop()
        others = [t for t in tables if t[0] == text and t[3] == "back"]
        others += [t for t in _filled(p) if t[0] == text]
        for _, number, node, kind in others:
            if number == begin:
                continue
            what = "the table that turns numbers back" if kind == "back" else "the rows of vectors"
            yield p.report(
                "SB641",
                (node, p.source),
                f"{what} count {text} from {number}, but the codes count them from {begin}: they are off by "
                f"{abs(begin - number)}",
                why="the same number means another word or class in each table (misaligned index, off by one)",
                fix=f"Count from {begin} in both tables",
                related=((str(p.source.path), codes[0][2].lineno, "the codes"),),  # type: ignore[attr-defined]
            )


def _dictionary(node: ast.Assign) -> Table | None:
    """``{w: i + k for i, w in enumerate(words)}`` or ``{i + k: w for ...}``, with the list and ``k``."""
    comp = node.value
    if not isinstance(comp, ast.DictComp) or len(comp.generators) != 1 or comp.generators[0].ifs:
        return None
    found = _enumerated(comp.generators[0].target, comp.generators[0].iter)
    if found is None:
        return None
    text, begin, index, item = found
    for number, thing, kind in ((comp.value, comp.key, "code"), (comp.key, comp.value, "back")):
        more = _offset(number, index)
        if more is not None and syntax.text(thing) == item:
            return text, begin + more, node, kind
    return None


def _enumerated(target: ast.expr, over: ast.expr) -> tuple[str, int, str, str] | None:
    """The list, the first number, and the names of number and entry in ``for i, w in enumerate(words, k)``."""
    if not isinstance(over, ast.Call) or syntax.text(over.func) != "enumerate" or not over.args:
        return None
    if not isinstance(target, ast.Tuple) or len(target.elts) != 2:
        return None
    given = [*over.args[1:], *(k.value for k in over.keywords if k.arg == "start")]
    start = given[0].value if given and isinstance(given[0], ast.Constant) else None if given else 0
    if type(start) is not int or not isinstance(over.args[0], (ast.Name, ast.Attribute)):
        return None
    return syntax.text(over.args[0]), start, syntax.text(target.elts[0]), syntax.text(target.elts[1])


def _offset(node: ast.expr, index: str) -> int | None:
    """``k`` in ``i + k``."""
    if syntax.text(node) == index:
        return 0
    if not isinstance(node, ast.BinOp) or syntax.text(node.left) != index:
        return None
    more = node.right.value if isinstance(node.right, ast.Constant) else None
    if type(more) is not int or not isinstance(node.op, (ast.Add, ast.Sub)):
        return None
    return more if isinstance(node.op, ast.Add) else -more


def _filled(p: Program) -> Iterator[Table]:
    """``for i, w in enumerate(words): matrix[i] = vectors[w]``."""
    for loop in q.nodes(p, ast.For):
        found = _enumerated(loop.target, loop.iter)
        if found is None:
            continue
        text, begin, index, item = found
        for node in (n for s in loop.body for n in syntax.walk(s) if isinstance(n, ast.Assign)):
            place = node.targets[0]
            if not isinstance(place, ast.Subscript) or not set(words(syntax.text(place.value))) & _VECTORS:
                continue
            more = _offset(place.slice, index)
            reads = any(isinstance(n, ast.Subscript) and syntax.text(n.slice) == item for n in syntax.walk(node.value))
            if more is not None and reads:
                yield text, begin + more, node, "rows"


_VECTORS = frozenset(["matrix", "weights", "weight", "emb", "embedding", "embeddings", "vectors", "table"])


def _changed(p: Program, text: str) -> bool:
    """Whether the list is made several times, or grows."""
    made = [n for n in q.nodes(p, ast.Assign) if any(syntax.text(t) == text for t in n.targets)]
    grows = [
        n
        for n in q.nodes(p, ast.Call)
        if isinstance(n.func, ast.Attribute)
        and n.func.attr in ("append", "insert", "extend", "sort", "reverse", "remove")
        and syntax.text(n.func.value) == text
    ]
    return len(made) > 1 or bool(grows)

"""The sum is divided by the wrong count.

## What it does

Finds sums that are divided by the wrong count: batch means by the number of samples, or counts by the
number of batches.

## Why is this bad

The printed loss or accuracy is wrong by the batch size.

## Example

```python
correct = 0
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        correct += (model(x).argmax(1) == y).sum().item()
print(correct / len(val_loader))
```

## Use instead

```python
correct = 0
model.eval()
with torch.no_grad():
    for x, y in val_loader:
        correct += (model(x).argmax(1) == y).sum().item()
print(correct / len(val_loader.dataset))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import metering, naming, rounds, syntax, totals, unweighted
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import LoopRun, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for kind, event, loop, name in metering.running_means(p):
        if id(event.node) in seen:
            continue
        for node, src, what in metering.divisions(p, event, name):
            over = rounds.base_of_loop(loop)
            single = (
                over is not None
                and over.kind == "loader"
                and (over.arg(1, "batch_size") is None or over.number(1, "batch_size") == 1)
            )
            if id(node) in seen or (single and over is not None and over.arg(1, "batch_size") is not None):
                continue
            wrong = ""
            if kind == "count" and what == "batches":
                wrong = "a count of correct samples is divided by the number of batches (len(loader))"
            elif kind == "mean" and what == "batches" and (other := _other_split(p, loop, node)):
                wrong = f"a sum over the {other[0]} batches is divided by the number of {other[1]} batches"
            elif kind == "mean" and (what == "samples" or (what == "running" and _counts_samples(p, loop, node))):
                wrong = "a sum of batch means is divided by the number of samples (len(dataset))"
            if wrong:
                seen.add(id(node))
                yield p.report(
                    "SB305",
                    (node, src),
                    f"the wrong divisor: {wrong}",
                    why="the result is wrong by the batch size"
                    + (" (an accuracy above 1)" if kind == "count" else " (far too small)"),
                    fix="Divide counts by the number of samples and sums of batch means by the number of batches",
                    related=((str(event.src.path), event.line, "the running sum"),),
                )
    yield from _overcounted(p, seen)
    for node, said in q.in_file(p, "unweighted meters", lambda: list(unweighted.meters(p))):
        yield p.report(
            "SB305",
            (node, p.source),
            f"the wrong divisor: {said}",
            why="the average comes out too small by the batch size",
            fix="Add value * n to the sum, or count the batches instead of the samples",
        )
    for found in (*totals.wrong_counts(p), *totals.full_counts(p), *totals.last_indices(p)):
        if id(found.node) not in seen:
            seen.add(id(found.node))
            yield p.report(
                "SB305",
                (found.node, found.src),
                f"the wrong divisor: {found.said}",
                why=found.why,
                fix=found.fix,
                related=((str(found.event.src.path), found.event.line, "the running sum"),),
            )
    yield from _counted_twice(p, seen)


def _counted_twice(p: Program, seen: set[int]) -> Iterator[Finding]:
    """A summed loss that is multiplied by the batch size."""
    for event in p.once("augment"):
        val = event.args[0] if event.args else None
        if val is None or event.name != "Add" or val.name != "mul" or len(val.args) != 2 or id(event.node) in seen:
            continue
        summed = any("reduction=sum" in v.tags for a in val.args for v in _undivided(a))
        if summed and any(a.name in ("size", "len", "shape", "getitem") for a in val.args):
            seen.add(id(event.node))
            yield p.report(
                "SB305",
                event,
                "a summed loss (reduction='sum') is multiplied by the batch size: it is counted twice",
                why="the sum already grows with the batch, so the reported value is too large by the batch size",
                fix="Add the summed loss as it is, or use reduction='mean' times the batch size",
            )


def _other_split(p: Program, loop: LoopRun, node: ast.AST) -> tuple[str, str] | None:
    """The split of a loop and that of the loader in ``total / len(loader)``, when they are not the same."""
    right = node.right if isinstance(node, ast.BinOp) else node.value if isinstance(node, ast.AugAssign) else None
    names = (
        [
            n.id if isinstance(n, ast.Name) else n.attr
            for n in syntax.walk(right)
            if isinstance(n, (ast.Name, ast.Attribute))
        ]
        if right is not None
        else []
    )
    if isinstance(right, ast.Name):
        counted = [v.args[0] for n, v, _ in p.assigned(right.id) if v.name == "len" and v.args]
        base = rounds.base_of_loop(loop)
        if any(q.alike(v, base) or v.node is None for v in counted):
            return None  # the length of the very thing that the loop runs over, whatever it is called
    own, other = rounds.loop_split(loop), naming.split_of("_".join(n for n in names if n not in ("len", "self")))
    return (own, other) if own and other and (own == "train") != (other == "train") else None


def _undivided(val: Val) -> list[Val]:
    """A value and what it is a sum of, as far as nothing divides it."""
    chain = q.chain(val)[:4]
    ends = [i for i, v in enumerate(chain) if v.name in ("div", "mean", "truediv")]
    return chain[: ends[0]] if ends else chain


def _counts_samples(p: Program, loop: LoopRun, node: ast.AST) -> bool:
    """Whether a division is by a counter that goes up by the size of every batch."""
    right = node.right if isinstance(node, ast.BinOp) else node.value if isinstance(node, ast.AugAssign) else None
    for event in p.once("augment"):
        if right is None or not event.inside(loop) or not isinstance(event.node, ast.AugAssign) or not event.args:
            continue
        if syntax.text(event.node.target) == syntax.text(right):
            return any(v.name in ("size", "len", "shape", "numel") for v in q.chain(event.args[0])[:3])
    return False


def _overcounted(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Scores that are divided by the number of samples that full batches would have."""
    for made, said in _full_batches(p):
        if id(made.node) not in seen:
            seen.add(id(made.node))
            yield p.report(
                "SB305",
                made,
                f"the wrong divisor: {said}",
                why="the last batch is smaller, so the number of samples is overestimated and the score is too low",
                fix="Divide by len(loader.dataset), the number of samples",
            )


def _full_batches(p: Program) -> Iterator[tuple[Val, str]]:
    """Quotients whose divisor is ``len(loader) * batch_size``, though the last batch is not full."""
    seen: set[int] = set()
    if not any(len(v.args) == 2 and _padded_count(f.core(v.args[1])) for v in p.made("div")):
        return
    for event in p.all("return", "assign", "call", "augment"):
        for root in (event.result, *event.args):
            for val in ancestors(root, limit=20) if root is not None else ():
                if id(val) in seen or val.name != "div" or len(val.args) != 2:
                    continue
                seen.add(id(val))
                loader = _padded_count(f.core(val.args[1]))
                drop = loader.kwargs.get("drop_last") if loader is not None else None
                rest = metering.last_batch(loader)
                if loader is not None and rest != 0 and (drop is None or drop.const is not True):
                    left = f" (the last batch has {rest} samples)" if rest else ""
                    yield val, f"len(loader) * batch_size counts full batches only{left}"


def _padded_count(val: Val) -> Val | None:
    """The loader whose batches are counted, when a number is ``len(loader) * batch_size``."""
    if val.name != "mul" or len(val.args) != 2:
        return None
    for count, size in (val.args, val.args[::-1]):
        inner = f.core(count)
        if inner.name == "len" and inner.args and inner.args[0].kind == "loader":
            own = inner.args[0].arg(1, "batch_size")
            same = own is not None and (own is size or (own.kind == "const" and own.const == size.const))
            if same or size.name == "batch_size":
                return inner.args[0]
    return None

"""Running statistics are plain tensors, or are changed in evaluation too.

## What it does

Finds modules whose `forward` keeps a running mean or variance in a plain attribute instead of a buffer, or updates
it in evaluation as well.

## Why is this bad

A plain tensor is not in `state_dict()` and does not move with `.to()`: after loading, the statistics are those of an
untrained model. An update without `if self.training` learns from the validation and test data.

## Example

```python
class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = torch.zeros(8)

    def forward(self, x):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.mean(0).detach()
        return x - self.mean

Norm()(torch.randn(4, 8))
```

## Use instead

```python
class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.mean(0).detach()
        return x - self.mean

Norm()(torch.randn(4, 8))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.methods import submodules
from seedbed.doctor.static.ownership import contains
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.scopes import Class
from seedbed.doctor.static.values import Val

_PLAIN = ("torch.zeros", "torch.ones", "torch.tensor", "torch.empty", "torch.full", "torch.rand", "torch.randn")
_CHANGES = ("mul_", "add_", "copy_", "lerp_", "sub_", "div_")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        if cls.base != "module" or cls.src is not p.source:
            continue
        init, forward = (cls.scope.vars.get(n) for n in ("__init__", "forward"))
        if init is None or forward is None or init.kind != "func" or forward.kind != "func":
            continue
        plain, buffers = _attributes(init.owner.node)
        for name, node, always in _updates(cls, forward.owner.node, {*plain, *buffers}):
            if name in plain:
                yield p.report(
                    "SB538",
                    (plain[name], cls.src),
                    f"self.{name} is a running statistic in a plain tensor: it is no buffer, so state_dict() does not "
                    "hold it",
                    why="after saving and loading (or .to(device)) the statistic is the one of an untrained model",
                    fix=f'Use self.register_buffer("{name}", ...)',
                )
                break
            if always:
                yield p.report(
                    "SB538",
                    (node, cls.src),
                    f"the running statistic self.{name} is updated in evaluation too: if self.training is missing",
                    why="eval() does not stop the update, so validation and test data change the model (the buffer)",
                    fix="Update it under if self.training: only",
                )
                break
    yield from _left_behind(p)


def _left_behind(p: Program) -> Iterator[Finding]:
    """A statistic that one object was fitted with; another one gets the saved state and is used without it."""
    told: set[str] = set()
    kept = [v for v in p.of_kind("state") if v.args]
    for event in p.all("restore") if kept else ():
        for root in event.recv.options() if event.recv is not None else ():
            if not any(e.seq > event.seq and e.recv is not None and root in e.recv.options() for e in p.all("forward")):
                continue
            for part in submodules(root):
                for name, made in _plain_statistics(p, part):
                    source = _fitted(p, part, name, kept)
                    if source is None or f"{part.name}.{name}" in told:
                        continue
                    told.add(f"{part.name}.{name}")
                    yield p.report(
                        "SB538",
                        made,
                        f"self.{name} is a plain attribute, not a buffer: state_dict() does not save it, so it is lost "
                        "when the weights are loaded",
                        why=f"it is fitted at line {source.line}; the model that loads the state keeps the value of "
                        "__init__ and computes something else",
                        fix=f'Use self.register_buffer("{name}", ...)',
                        related=((str(event.src.path), event.line, "load_state_dict()"),),
                    )


def _plain_statistics(p: Program, part: Val) -> Iterator[tuple[str, Event]]:
    """Attributes of an instance that hold what ``__init__`` has put there, tensors and nothing else."""
    own = [e for e in p.all("attribute") if e.recv is part and e.args and part.owner is not None]
    for event in own:
        first = event.args[0]
        inside = bool(event.funcs) and event.funcs[-1].name == "__init__"
        fresh = first.kind == "tensor" and first.name in ("zeros", "ones", "tensor", "empty", "full", "eye")
        if not inside or not fresh or first.grad or "buffer" in first.tags:
            continue
        changed = any(e.name == event.name and e is not event for e in own) or any(
            e.recv is first for e in p.all("inplace")
        )
        if not changed:
            yield event.name, event


def _fitted(p: Program, part: Val, name: str, kept: list[Val]) -> Event | None:
    """Where another instance of the class, whose state is saved, gets the statistic from data."""
    for event in p.all("attribute", "inplace"):
        if event.kind == "attribute":
            other = event.recv
            if event.name != name or not event.args or event.args[0].kind != "tensor":
                continue
        else:
            holders = [e.recv for e in p.all("attribute") if e.name == name and e.args and e.args[0] is event.recv]
            other = holders[0] if holders else None
        if other is None or other is part or other.owner is not part.owner or other.kind != "module":
            continue
        if event.funcs and event.funcs[-1].name in ("__init__", "forward"):
            continue
        if any(contains(o, other) for state in kept for o in state.args[0].options() if o.kind == "module"):
            return event
    return None


def _attributes(init: ast.AST) -> tuple[dict[str, ast.AST], set[str]]:
    """Attributes that are plain tensors, and those that are buffers."""
    plain: dict[str, ast.AST] = {}
    buffers: set[str] = set()
    for node in syntax.walk(init):
        for target, value in _pairs(node) if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Attribute) and isinstance(value, ast.Call) and syntax.text(value.func) in _PLAIN:  # noqa: SIM102
                if not any(k.arg == "requires_grad" for k in value.keywords):
                    plain[target.attr] = node
        name = _buffer(node)
        buffers |= {name} if name else set()
    return {k: v for k, v in plain.items() if k not in buffers}, buffers


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Each target of an assignment with its value, tuples taken apart."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            if len(target.elts) == len(node.value.elts):
                yield from zip(target.elts, node.value.elts, strict=True)
        else:
            yield target, node.value


def _buffer(node: ast.AST) -> str:
    """The name that a call of ``register_buffer`` gives."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
        return ""
    first = node.args[0]
    return str(first.value) if node.func.attr == "register_buffer" and isinstance(first, ast.Constant) else ""


def _updates(cls: Class, forward: ast.AST, names: set[str]) -> Iterator[tuple[str, ast.AST, bool]]:
    """Averages that ``forward`` moves: the attribute, the place, and whether it does so in evaluation too."""
    if not names:
        return
    decided = "training" in syntax.text(cls.node)
    for node in syntax.walk(forward):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Attribute):
            name = node.targets[0].attr
            if name in names and _averages(node.value, name):
                yield name, node, not decided
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
            base = node.func.value
            while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute):
                base = base.func.value
            if isinstance(base, ast.Attribute) and base.attr in names and _statistic(node):
                yield base.attr, node, not decided


def _averages(value: ast.AST, name: str) -> bool:
    """Whether an expression moves the old value towards a statistic."""
    reads = any(isinstance(n, ast.Attribute) and n.attr == name for n in syntax.walk(value))
    moves = any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult) for n in syntax.walk(value))
    return reads and (moves or ".lerp(" in syntax.text(value)) and not _counts(value)


def _counts(value: ast.AST) -> bool:
    """Whether it only counts calls: ``self.n + 1``."""
    return isinstance(value, ast.BinOp) and isinstance(value.right, ast.Constant) and isinstance(value.op, ast.Add)


def _statistic(node: ast.Call) -> bool:
    """Whether a change in place is one of an average: by a factor, or by a mean."""
    said = syntax.text(node)
    return any(word in said for word in ("momentum", "mean", "var", "decay", "lerp", "alpha", "0.9", "0.1", "0.01"))

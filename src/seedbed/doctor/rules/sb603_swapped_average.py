"""The moving average is weighted the wrong way round.

## What it does

Finds moving averages that are weighted the wrong way round.

## Why is this bad

The average follows the newest weights almost at once: it is no average.

## Example

```python
with torch.no_grad():
    for pe, pm in zip(ema_model.parameters(), model.parameters()):
        pe.mul_(0.001).add_(pm, alpha=0.999)
```

## Use instead

```python
with torch.no_grad():
    for pe, pm in zip(ema_model.parameters(), model.parameters()):
        pe.mul_(0.999).add_(pm, alpha=0.001)
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("inplace", "attribute", "setitem"):
        if id(event.node) in seen:
            continue
        keep: object = None
        if event.kind == "inplace" and event.name == "lerp_" and len(event.args) > 1:
            weight = event.args[1]
            if _towards_average(event):
                continue
            keep = 1 - weight.const if isinstance(weight.const, (int, float)) else None
            if weight.var in ("decay", "ema_decay", "beta") and keep is None:
                keep = 0.0
        elif event.kind == "inplace" and event.name == "add_":
            factor = _scaled(p, event)
            if factor is None or (event.args and event.args[0].kind in ("const", "number")):
                continue  # x * a + b with a number b: no average
            known = factor.const if factor.kind == "const" else None
            keep = known if isinstance(known, (int, float)) else _written(factor)
        elif event.args:
            val = event.args[-1]
            keep = _keep(event, val) if val.name == "add" else None
        elif event.kind == "inplace":
            continue
        if event.kind == "inplace" and event.name == "copy_" and event.args and event.args[0].name == "add":
            keep = _keep(event, event.args[0])
        if keep == 1 and event.kind == "inplace" and event.recv is not None and ownership.modules_of(event.recv):
            seen.add(id(event.node))
            yield _still(p, event)
        if not isinstance(keep, (int, float)) or not 0 <= keep < 0.5:
            continue
        seen.add(id(event.node))
        yield _swapped(p, event, keep)
    yield from _given(p)
    for node in _sinking(p) if p.source.mentions("min(") else ():
        place = syntax.text(node.targets[0])
        yield p.report(
            "SB603",
            (node, p.source),
            f"the warm-up of the moving average overwrites its decay: {place} gets the small value of the first "
            "update and never comes back to the one that was configured",
            why="the minimum of itself and a value that rises stays at the first value, so the average follows the "
            "newest weights: it is almost a copy",
            fix=f"Keep {place} and use a local variable: decay = min({place}, (1 + n) / (10 + n))",
        )


def _sinking(p: Program) -> Iterator[ast.Assign]:
    """``self.decay = min(self.decay, (1 + n) / (10 + n))``: stored where the next call reads it again."""
    for node in p.nodes(ast.Assign):
        call, place = node.value, syntax.text(node.targets[0])
        if not isinstance(call, ast.Call) or syntax.text(call.func) != "min" or len(call.args) != 2:
            continue
        rest = [a for a in call.args if syntax.text(a) != place]
        if len(node.targets) != 1 or len(rest) != 1 or not set(words(place.replace(".", "_"))) & _DECAYS:
            continue
        around = [f for f in p.nodes(ast.FunctionDef) if node in syntax.walk(f)]
        home = max(around, key=lambda f: f.lineno, default=p.source.tree)
        if isinstance(node.targets[0], ast.Name):  # it must outlive the round
            loops = [n for n in syntax.walk(home) if isinstance(n, ast.For | ast.While) and node in syntax.walk(n)]
            home = loops[-1] if loops else None
            places = _stores(home, place) if home is not None else 2
        else:
            places = sum(_stores(f, place) for f in p.nodes(ast.FunctionDef) if f.name != "__init__")
        named = [n.value for n in syntax.walk(home) if isinstance(n, ast.Assign)] if home is not None else []
        risen = next((v for v in named if _has_name(home, v, rest[0])), rest[0])
        if places == 1 and _rises(risen):
            yield node


_DECAYS = frozenset(["decay", "momentum", "beta", "alpha", "mu", "keep"])


def _stores(home: ast.AST, place: str) -> int:
    """How often a variable or an attribute is written in a part of the file."""
    kinds = (ast.Name, ast.Attribute)
    held = [n for n in syntax.walk(home) if isinstance(n, kinds) and isinstance(n.ctx, ast.Store)]
    return sum(syntax.text(n) == place for n in held)


def _has_name(home: ast.AST, value: ast.expr, name: ast.expr) -> bool:
    """Whether a value is what a name stands for."""
    sets = [n for n in syntax.walk(home) if isinstance(n, ast.Assign) and n.value is value]
    return isinstance(name, ast.Name) and any(syntax.text(t) == name.id for n in sets for t in n.targets)


def _rises(node: ast.expr) -> bool:
    """``(1 + n) / (10 + n)``: it grows towards one with every update."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
        return False
    sides = []
    for side in (node.left, node.right):
        parts = [side.left, side.right] if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Add) else []
        numbers = [s.value for s in parts if isinstance(s, ast.Constant) and isinstance(s.value, int | float)]
        counts = [syntax.text(s) for s in parts if not isinstance(s, ast.Constant)]
        if len(numbers) != 1 or len(counts) != 1:
            return False
        sides.append((numbers[0], counts[0]))
    return sides[0][1] == sides[1][1] and sides[0][0] < sides[1][0]


def _swapped(p: Program, event: Event | Val, keep: float) -> Finding:
    return p.report(
        "SB603",
        event,
        "the moving average (EMA, soft update of a target) is weighted the wrong way round: decay and 1 - decay "
        "(tau and 1 - tau) are swapped",
        why=f"the average keeps only {keep:g} of its old value, so it simply follows the newest weights",
        fix="Use ema = decay * ema + (1 - decay) * new, with decay near 0.999",
        keep=keep,
    )


def _given(p: Program) -> Iterator[Finding]:
    """The averaging function that AveragedModel is given, or its decay."""
    for event in p.calls("get_ema_multi_avg_fn", "get_ema_avg_fn"):
        decay = event.arg(0, "decay")
        if decay is not None and isinstance(decay.const, float) and 0 <= decay.const < 0.5:
            yield _swapped(p, event, decay.const)
    for event in p.calls("AveragedModel"):
        func = event.arg(2, "avg_fn")
        node = func.owner.node if func is not None and func.kind == "func" and func.owner is not None else None
        if not isinstance(node, ast.Lambda) or len(node.args.args) < 2:
            continue
        old, new = node.args.args[0].arg, node.args.args[1].arg
        shares = {n: _factor(node.body, n) for n in (old, new)}
        complement = re.fullmatch(r"\(?1(\.0)?-([\w.]+)\)?", shares[old])
        if complement is not None and complement[2] == shares[new]:
            known = next((v.const for name, v, _ in p.assigns if name == shares[new] and v.kind == "const"), None)
            if isinstance(known, float) and known > 0.5:
                yield _swapped(p, event, 1 - known)
        elif _plain(shares[old]) < 0.5 < _plain(shares[new]) and _plain(shares[old]) >= 0:
            yield _swapped(p, event, _plain(shares[old]))


def _plain(text: str) -> float:
    """A written number, -1 for anything else."""
    return float(text) if text.replace(".", "", 1).isdigit() else -1.0


def _factor(body: ast.expr, name: str) -> str:
    """What a name is multiplied by in ``a * old + b * new``."""
    for n in ast.walk(body):
        if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult):
            for side, other in ((n.left, n.right), (n.right, n.left)):
                if isinstance(side, ast.Name) and side.id == name:
                    return syntax.text(other).replace(" ", "")
    return ""


def _scaled(p: Program, event: Event) -> Val | None:
    """What the old value was multiplied by before ``add_``: ``t.mul_(m).add_(s)``, or ``t.mul_(m)`` just before it."""
    own = event.recv
    if own is None:
        return None
    if own.name == "mul_" and len(own.args) > 1:
        return own.args[1]
    before = [e for e in p.all("inplace") if e.recv is own and e.seq < event.seq and e.loops == event.loops]
    last = before[-1] if before else None
    return last.args[0] if last is not None and last.name == "mul_" and last.args else None


def _written(factor: Val) -> float | None:
    """0 for a factor that is written as ``1 - decay``: the old value gets the small share."""
    text = syntax.text(factor.node).replace(" ", "") if isinstance(factor.node, ast.expr) else ""
    rest = re.fullmatch(r"\(?1(\.0)?-([\w.]+)\)?", text)
    named = re.fullmatch(r"\(?1(\.0)?-(self\.)?(\w*decay|beta)\)?", text)
    return 0.0 if named or (rest and _slow(factor)) else None


def _still(p: Program, event: Event) -> Finding:
    return p.report(
        "SB603",
        event,
        "the moving average (EMA) never moves: its decay is 1, so the new weights get the factor 0",
        why="decay * old + (1 - decay) * new is the old value when decay is 1",
        fix="Use a decay below one, such as 0.999",
        keep=1,
    )


def _slow(factor: Val) -> bool:
    """Whether ``1 - x`` is made from an ``x`` that is a decay near one, as its number or its name says."""
    parts = [v for v in ancestors(factor, limit=40) if v.kind == "const" and isinstance(v.const, float)]
    return any(0.8 <= v.const < 1.0 or (v.var and set(words(v.var)) & {"decay", "beta"}) for v in parts)


def _towards_average(event: Event) -> bool:
    """Whether a gradient (or an update) is moved towards a running average, and not the average itself."""
    call = event.node
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or not call.args:
        return False
    own, other = words(syntax.text(call.func.value)), words(syntax.text(call.args[0]))
    return bool(set(own) & {"grad", "grads", "update", "g"}) or bool(
        set(other) & {"buf", "buffer", "avg", "ema", "momentum", "average"}
    )


def _keep(event: Event, val: Val) -> object:
    """The factor of the old value in ``decay * old + (1 - decay) * new``."""
    terms = [a for a in val.args if a.name == "mul" and len(a.args) == 2]
    if len(terms) != 2 or event.recv is None:
        return None
    if not any(v.kind in ("params", "state") or v.name in ("parameter",) for v in ancestors(val, limit=60)):
        return None
    node = event.node
    target = (
        syntax.text(node.value)
        if isinstance(node, ast.Attribute)
        else syntax.text(node.func.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        else syntax.text(node)
    )
    target = target.removesuffix(".data")
    found = []
    for term in terms:
        factor = next((a for a in term.args if isinstance(a.const, (int, float)) and a.kind == "const"), None)
        other = next((a for a in term.args if a is not factor), None)
        text = syntax.text(term.node) if isinstance(term.node, ast.expr) else ""
        if factor is not None and other is not None:
            mine = re.search(rf"(?<![\w.]){re.escape(target)}(?!\w)", text.replace(".data", "")) is not None
            found.append((factor.const, mine))
    own = [f for f, mine in found if mine]
    return own[0] if len(own) == 1 and len(found) == 2 and own[0] != 0 else None  # 0: a plain copy at the start

"""Weights are all equal: units never differ.

## What it does

Finds weights that are initialised with one constant.

## Why is this bad

All units of the layer compute the same and get the same gradient: they never become different.

## Example

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
for layer in model:
    if isinstance(layer, nn.Linear):
        nn.init.constant_(layer.weight, 0.1)
```

## Use instead

```python
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
for layer in model:
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_uniform_(layer.weight)
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import choosing, ownership, training, weights
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors

_LAST = re.compile(r"head|classifier|last|final|output")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    if not p.trains and any(True for _ in p.nodes(ast.Assert)):
        return  # weights that are known, to check a result with them
    for event in p.all("init", "inplace"):
        if id(event.node) in seen or event.recv is None or not _fills(event):
            continue
        if _is_store(event.recv) or _is_last(event) or (event.name in ("zeros_", "zero_") and "[-1]" in _said(event)):
            continue
        if weights.apart(event.recv) or any(v.name == "grad" for v in ancestors(event.recv, limit=4)):
            continue
        subjects = [
            v
            for v in ancestors(event.recv, limit=8)
            if v.kind in ("module", "phi", "unknown", "params") or v.name == "parameter"
        ]
        text = ast.unparse(event.node)
        bias = any("bias" in v.tags or v.name == "bias" for v in subjects) or "bias" in text
        if bias or not ("weight" in text or _given_weight(p, event, subjects)):
            continue
        if event.funcs and any("norm" in f.owner.name.lower() for f in event.funcs if f.owner is not None):
            continue
        flat = [v for v in ancestors(event.recv, limit=8) if v.name == "Parameter"]
        if flat and not any(v.shape is not None and len(v.shape) >= 2 for v in flat):
            continue
        named = [v for v in subjects if v.kind == "module"]
        if _other(event, named) or _only_biases(p, event) or training.unmoved(p, ownership.modules_of(event.recv)):
            continue
        generic = event.loops or any(f.name != "__init__" for f in event.funcs)
        if any("norm" in text.lower() or w in text.lower() for w in ("bn", "zero_init", "ln", "gamma", "scale", "emb")):
            continue
        if named and not generic and not _feeds(p, named[0]):
            continue
        if _number(event) == 0 and named and all(_leaf(v) and not _leads_on(p, v) for v in named):
            continue  # a branch that starts at nothing: zeros learn where something random follows or is beside
        if _number(event) == 0 and not any(v.kind == "params" for v in subjects) and weights.among(p, event):
            continue
        if (
            event.conds
            and any(
                "dim" in ast.unparse(c[0].test) or "bias" in ast.unparse(c[0].test) or "pad" in ast.unparse(c[0].test)
                for c in event.conds
                if isinstance(c[0], ast.If)
            )
            and c_arm(event)
            and not _for_matrices(p, event)
        ):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB507",
            _chosen(p, event),
            f"constant initialisation of weights ({event.name}): all units of the layer are identical",
            why="they compute the same, get the same gradient and never become different (symmetry is not broken)",
            fix="Use a random initialisation such as nn.init.kaiming_uniform_ (zeros are fine for biases)",
            severity=Severity.HINT if weights.one_of_several(p, event) else q.doubtful(p),
        )
    yield from _leaves(p)
    yield from _matrices(p, seen)


def _other(event: Event, named: list[Val]) -> bool:
    """Whether it is no layer of several like units: a norm, a table of vectors, a single unit."""
    if any("Norm" in v.name or v.name == "Embedding" for v in named) or (named and all(map(_single, named))):
        return True
    return any("norm" in ast.unparse(c[0].test).lower() for c in event.conds if isinstance(c[0], ast.If))


def _chosen(p: Program, event: Event) -> Event | tuple[ast.AST, Source]:
    """Where the initialisation was chosen, when the call only takes it from a table, an argument or a partial."""
    func = event.node.func if isinstance(event.node, ast.Call) else None
    if func is None or event.src is not p.source or event.name in (getattr(func, "attr", ""), getattr(func, "id", "")):
        return event
    called = {id(n.func) for n in q.nodes(p, ast.Call)}
    named = [n for n in q.nodes(p, ast.Attribute, ast.Name) if event.name == getattr(n, "attr", getattr(n, "id", ""))]
    given = [n for n in named if id(n) not in called]
    return (given[0], p.source) if len(given) == 1 else event


def _given_weight(p: Program, event: Event, subjects: list[Val]) -> bool:
    """Whether what is filled is a parameter of a loop, or surely the weights of a layer that others follow."""
    if any(v.kind == "params" for v in subjects):
        return True
    layers = [v for v in subjects if _leaf(v)]
    if not layers or not any("weight" in v.tags for v in subjects) or not event.sites:
        return False
    if any(id(v) in ownership.frozen(p) for v in layers) or not any(_feeds(p, v) for v in layers):
        return False
    for other in p.all("init", "inplace"):  # called in the same place: one of several that may be meant
        same = other.funcs and other.sites and other.sites[-1][0] is event.sites[-1][0]
        if same and other.funcs[-1] is not event.funcs[-1]:
            return False
    return True


_STRAIGHT = frozenset(["relu", "gelu", "silu", "tanh", "sigmoid", "elu", "leaky_relu", "mish", "forward", *TRANSPARENT])
_LAYERS = ("Linear", "Conv", "GRU", "LSTM", "RNN", "Bilinear", "Transformer", "MultiheadAttention")


def _matrices(p: Program, seen: set[int]) -> Iterator[Finding]:
    """An ``nn.Parameter`` used as a weight matrix that holds one number everywhere."""
    told: set[int] = set()
    for event in p.all("call"):
        val = event.result
        if val is None or val.kind != "tensor" or val.name != "Parameter" or not val.grad or id(val.node) in told:
            continue
        if not _matrix(val):
            continue
        number, at = _filling(p, val, event)
        if number is None or id(at.node) in seen:
            continue
        used = weights.products(p, val)
        if not _two_factors(p, val) and (not used or not all(_goes_on(p, u, number == 0) for u in used)):
            continue
        told.add(id(val.node))
        yield p.report(
            "SB507",
            at,
            f"the weight matrix {val.var or 'of this layer'} starts at one constant{_shown(number)}: all units are "
            "identical",
            why="they compute the same, get the same gradient and never become different (symmetry is not broken)",
            fix="Start from small random numbers: torch.randn(n_out, n_in) / n_in**0.5 or nn.init.kaiming_uniform_",
            severity=q.doubtful(p),
        )


def _shown(number: float) -> str:
    return f" ({number:g})" if number == number else ""


def _matrix(val: Val) -> bool:
    """Whether a parameter has at least two axes longer than one, as far as its size is known."""
    if val.shape is not None:
        return len(val.shape) >= 2 and 1 not in val.shape[:2]
    size = next((v for v in q.chain(val) if v.name in ("full", "ones", "zeros", "empty") and v.args), None)
    if size is None:
        return False
    sizes = size.args[0].items if size.args[0].items is not None else list(size.args)
    return len(sizes) >= 2 and not any(s.const == 1 for s in sizes[:2])


def _filling(p: Program, val: Val, made: Event) -> tuple[float | None, Event]:
    """The one number that a parameter holds at first, and where it is set."""
    number: float | None = _constant(val.args[0]) if val.args else None
    at = made
    for event in p.all("init", "inplace"):
        if event.recv is None or not any(v is val for v in ancestors(event.recv, limit=4)):
            continue
        at = event
        given = event.args[-1].const if event.args and event.args[-1].kind == "const" else None
        fixed = {"zeros_": 0.0, "zero_": 0.0, "ones_": 1.0}.get(event.name)
        if event.name in ("constant_", "fill_"):
            number = float(given) if isinstance(given, (int, float)) else None
        else:
            number = fixed
    return number, at


def _constant(val: Val) -> float | None:
    """The number that fills a tensor, where it is one: ``ones(n, m) * 0.1``."""
    if val.kind == "const":
        return float(val.const) if isinstance(val.const, (int, float)) else None
    if val.kind != "tensor":
        return 1.0 if val.kind == "number" else None
    if val.name in ("zeros", "ones"):
        return 0.0 if val.name == "zeros" else 1.0
    if val.name == "full":
        fill = val.arg(1, "fill_value")
        if fill is None or fill.kind == "const":
            return None if fill is None else _constant(fill)
        return float("nan")  # one number, worked out from others
    if val.name in ("mul", "div", "scaled", "float", "to") and val.args:
        parts = [_constant(a) for a in val.args[:2]]
        if any(a is None for a in parts):
            return None
        first, factor = parts[0] or 0.0, parts[1] if len(parts) > 1 else 1.0
        return first * (factor or 0.0) if val.name == "mul" else first
    return None


def _two_factors(p: Program, val: Val) -> bool:
    """Whether rows of two constant tables are multiplied and summed: all columns stay equal, the rank stays one."""
    for row in (u for u in q.users(p, val) if u.name in ("getitem", "embedding")):
        for product in (u for u in q.users(p, row) if u.name == "mul" and len(u.args) > 1):
            other = product.args[0] if product.args[1] is row else product.args[1]
            tables = [v for v in q.chain(other) if v.name == "Parameter" and v is not val and v.args]
            if any(_constant(t.args[0]) is not None for t in tables):
                return any(u.name == "sum" for u in q.users(p, product))
    return False


def _goes_on(p: Program, product: Val, zero: bool) -> bool:
    """Whether another layer follows; zeros learn where that one is not constant itself (as in an adapter)."""
    if zero and any(v.name in weights.PRODUCTS for v in q.chain(product.args[0])[:4]):
        return False  # the second factor of a low-rank adapter
    for layer in _followers(p, product):
        if not zero:
            return True
        weight = layer.args[1] if layer.name in weights.PRODUCTS and len(layer.args) > 1 else None
        for one in ancestors(weight, limit=8) if weight is not None else ():
            if one.name == "Parameter" and one.args and _constant(one.args[0]) == 0.0:
                return True
    return False


def _followers(p: Program, product: Val) -> Iterator[Val]:
    for event in p.all("forward"):
        if event.name.startswith(_LAYERS) and event.args and event.result is not None and _in(event.args[0], product):
            yield event.result
    for val in q.everything(p):
        if val.name not in weights.PRODUCTS or len(val.args) < 2 or val is product or not _in(val.args[0], product):
            continue
        if any(v.name == "Parameter" for v in ancestors(val.args[1], limit=6)):
            yield val


def _in(val: Val, product: Val) -> bool:
    return any(v is product for v in ancestors(val, limit=200))


def _is_store(val: Val) -> bool:
    """Whether it belongs to a copy: a store of the same shapes, filled later."""
    return any("deepcopy" in v.tags for v in ancestors(val, limit=12))


def _said(event: Event) -> str:
    return ast.unparse(event.node)


def _is_last(event: Event) -> bool:
    """Whether the branch is that of the last layer: zeros learn there, because the inputs differ."""
    return any(isinstance(c[0], ast.If) and _LAST.search(ast.unparse(c[0].test)) for c in event.conds)


def _leaves(p: Program) -> Iterator[Finding]:
    """Hidden weight matrices that are made of one constant."""
    for event in p.once("call"):
        made = event.result
        if (
            made is None
            or made.name not in ("zeros", "ones", "full")
            or "leaf" not in made.tags
            or made.shape is None
            or len(made.shape) != 2
        ):
            continue
        sizes = [s for s in made.shape if isinstance(s, int)]
        others = [
            e.result
            for e in p.all("call")
            if e.result is not None
            and "leaf" in e.result.tags
            and e.result.node is not made.node
            and len(e.result.shape or ()) == 2
            and e.result.kind == "tensor"
        ]
        hidden = len(sizes) == 2 and min(sizes) > 1 and others and made.seq < max(o.seq for o in others)
        if hidden and weights.products(p, made, mirrored=True):
            yield p.report(
                "SB507",
                event,
                f"a hidden weight matrix starts at constant {made.name}: all units are identical",
                why="they get the same gradient and never become different (symmetry is not broken)",
                fix="Start from small random numbers: torch.randn(n_in, n_out) / n_in**0.5",
                severity=q.doubtful(p),
            )


def _fills(event: Event) -> bool:
    """Whether a call puts one number everywhere."""
    return event.name in (("zeros_", "ones_", "constant_") if event.kind == "init" else ("zero_", "fill_"))


def _number(event: Event) -> object:
    """The number that the weights are filled with, ``None`` where it is not known."""
    if event.name in ("zeros_", "zero_"):
        return 0
    given = event.args[-1] if event.args else event.kwargs.get("val", event.kwargs.get("value"))
    return given.const if given is not None else None


def _leaf(module: Val) -> bool:
    return module.kind == "module" and module.name.startswith(_LAYERS)


def _single(layer: Val) -> bool:
    """Whether a layer has one unit only: it has no other to be equal to."""
    return _leaf(layer) and 1 in (layer.number(1, "out_features"), layer.number(1, "out_channels"))


def _leads_on(p: Program, layer: Val) -> bool:
    """Whether the output goes straight into another layer: activations and norms between them change nothing."""
    outs = {id(e.result) for e in p.all("forward") if e.recv is not None and layer in e.recv.options()}
    for event in p.all("forward"):
        if event.recv is layer or not event.args or not event.name.startswith(_LAYERS):
            continue
        stack, count = [event.args[0]], 0
        while stack and count < 40:
            one = stack.pop()
            count += 1
            if id(one) in outs:
                return True
            straight = one.kind == "phi" or one.name in _STRAIGHT or "Norm" in one.name or "Pool" in one.name
            stack += one.args if one.kind == "phi" else one.args[:1] if straight else ()
    return False


def _feeds(p: Program, layer: Val) -> bool:
    """Whether another weighted layer follows this one."""
    outs = [e.result for e in p.all("forward") if e.recv is layer and e.result is not None]
    for event in p.all("forward"):
        if event.recv is not layer and event.name in ("Linear", "Conv2d", "Conv1d") and event.args:  # noqa: SIM102
            if any(o in ancestors(event.args[0], limit=40) for o in outs):
                return True
    return False


def _for_matrices(p: Program, event: Event) -> bool:
    """Whether the conditions of a loop over names surely let a weight matrix through."""
    return _lets(p, event, choosing.MATRIX) is True


def _only_biases(p: Program, event: Event) -> bool:
    """Whether the conditions of a loop over names let a bias through and no weight matrix."""
    return _lets(p, event, choosing.MATRIX) is False and _lets(p, event, choosing.BIAS) is True


def _lets(p: Program, event: Event, one: choosing.Parameter) -> bool | None:
    loop = next((r.node for r in reversed(event.loops) if isinstance(r.node, ast.For)), None)
    if loop is None or "named_parameters(" not in ast.unparse(loop.iter):
        return None
    names = [n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)]
    way = choosing.way(loop.body, event.node)
    return choosing.satisfied(p, way, names, one) if way is not None else None


def c_arm(event: Event) -> bool:
    """Whether the constant is set in the branch for biases."""
    node = event.conds[-1][0]
    return event.conds[-1][1] == 1 or (isinstance(node, ast.If) and "bias" in ast.unparse(node.test))

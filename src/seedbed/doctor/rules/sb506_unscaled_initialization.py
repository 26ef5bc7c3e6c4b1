"""Weights are drawn with a standard deviation that is too large.

## What it does

Finds weights that are drawn with a deviation of 1 (or from 0 to 1) whatever the width.

## Why is this bad

Activations grow by the square root of the width in every layer: units saturate and the loss starts huge.

## Example

```python
w1 = torch.randn(784, 256, requires_grad=True)
out = torch.randn(8, 784) @ w1
```

## Use instead

```python
w1 = (torch.randn(784, 256) / 784**0.5).requires_grad_()
out = torch.randn(8, 784) @ w1
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import methods, ownership, syntax, training, weights
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    drawn = [*p.all("init", "inplace"), *p.calls("randn", "rand", "Parameter")]
    drawn += [e for e in p.all("attribute") if e.name == "data"]
    for event in sorted(drawn, key=lambda e: e.seq):
        if id(event.node) in seen:
            continue
        what = _reason(p, event)
        if what and not _scaled_when_used(event):
            seen.add(id(event.node))
            yield p.report(
                "SB506",
                event,
                f"unscaled initialisation: {what}",
                why="the activations grow with the square root of the width in every layer, so units "
                "saturate and the loss starts huge",
                fix="Scale by 1/sqrt(fan_in), or use nn.init.kaiming_normal_ / xavier_uniform_",
                severity=Severity.HINT if weights.one_of_several(p, event) or _recipe(p, event) else _shown(p, event),
            )


def _scaled_when_used(event: Event) -> bool:
    """Whether the class multiplies what it hands to the layer, ``self.conv(x * self.scale)``: an equalised rate."""
    owner = event.funcs[-1].owner if event.funcs else None
    layer = re.split(r"\.weight\b", syntax.text(event.node))[0].rpartition("(")[2]
    for node in syntax.walk(owner.node) if owner is not None and layer.startswith("self.") else ():
        if isinstance(node, ast.Call) and node.args and syntax.text(node.func) == layer:
            given = node.args[0]
            sides = [given.left, given.right] if isinstance(given, ast.BinOp) else []
            if isinstance(given, ast.BinOp) and isinstance(given.op, (ast.Mult, ast.Div)):
                return any(isinstance(s, ast.Attribute) for s in sides)
    return False


def _recipe(p: Program, event: Event) -> bool:
    """Whether one layer inside of one class is filled in a function that fills others in their own ways: a choice."""
    tests = [c[0].test for c in event.conds if isinstance(c[0], ast.If)]
    kinds = [
        t.args[1] for t in tests if isinstance(t, ast.Call) and len(t.args) == 2 and syntax.text(t.func) == "isinstance"
    ]
    own = bool(kinds) and all(isinstance(k, ast.Name) and not k.id.startswith(_COMMON) for k in kinds[-1:])
    layer = re.split(r"\.weight\b", syntax.text(event.node))[0].rpartition("(")[2]
    ways = {e.name for e in p.all("init", "inplace") if e.funcs[-1:] == event.funcs[-1:]}
    return own and "." in layer and len(ways) > 1


_COMMON = ("Linear", "Conv", "LSTM", "GRU", "RNN", "Bilinear", "Module", "Transformer")


def _shown(p: Program, event: Event) -> Severity | None:
    layers = ownership.modules_of(event.recv) or ownership.modules_of(event.result)
    return training.shown(p, layers) if layers else q.doubtful(p)


def _reason(p: Program, event: Event) -> str:
    """How an initialisation is unscaled, ``""`` when it is not."""
    if event.kind in ("init", "inplace") and event.recv is not None:
        target = event.recv
        if event.name not in ("normal_", "uniform_") or _embedding(target) or weights.apart(target):
            return ""
        if not _weight(target):
            return _everything(p, event, target)
        skip = 1 if event.kind == "init" else 0  # nn.init.normal_(w, mean, std) and w.normal_(mean, std)
        args = event.args[skip:]
        said = _normal(event, args, target) if event.name == "normal_" else _uniform(p, event, args, target)
        layers = [v for v in ancestors(target, limit=8) if v.kind == "module"]
        alone = said and any(_alone(p, layer) for layer in layers)
        return "" if alone or (said and any(weights.layer_is_scaled(p, layer) for layer in layers)) else said
    if event.kind == "attribute" and event.recv is not None and event.args:
        made, target = event.args[0], event.recv
        plain = made.name in ("rand_like", "randn_like", "rand", "randn") and _weight(target) and not _embedding(target)
        width = weights.fan_in(target)
        return f"{made.name} without scaling" if plain and (width is None or width >= 16) else ""
    return _drawn_matrix(p, event) if event.result is not None and event.kind == "call" else ""


def _alone(p: Program, layer: Val) -> bool:
    """Whether a layer is a linear model of one output: the data goes straight into it, no layer can saturate."""
    calls = [e for e in p.all("forward") if e.recv is not None and layer in e.recv.options() and e.args]
    return layer.number(1, "out_features") == 1 and bool(calls) and not any(e.args[0].grad for e in calls)


def _everything(p: Program, event: Event, target: Val) -> str:
    """A loop over all parameters of a model, weights and all, that draws them by the defaults."""
    source = target.args[0] if target.name == "parameter" and target.args else None
    if source is None or source.kind != "params" or not event.loops or event.conds_in(event.loops[-1]):
        return ""
    if len(event.args) > 1 or event.kwargs or (event.kind == "inplace" and event.args):
        return ""
    if any(e.seq > event.seq and e.inside(event.loops[-1]) for e in p.all("inplace", "init", "augment")):
        return ""  # scaled afterwards
    layers = [m for root in source.args for m in methods.submodules(root)]
    widths = [m.number(0) for m in layers if m.name in ("Linear", "Conv1d", "Conv2d")]
    if any("Norm" in m.name or "external" in m.tags for m in layers):
        return ""
    wide = [n for n in widths if isinstance(n, int) and n >= 16]
    return f"{event.name} with its defaults for every parameter, whatever its size" if wide else ""


def _given(event: Event, args: tuple[Val, ...], index: int, name: str, default: float) -> tuple[float | None, bool]:
    """A number of the call, ``None`` where unknown, and whether it is written down (not worked out)."""
    val = event.kwargs.get(name, args[index] if len(args) > index else None)
    if val is None:
        return default, True
    number = val.const if isinstance(val.const, (int, float)) else None
    return number, isinstance(val.node, ast.Constant)


def _normal(event: Event, args: tuple[Val, ...], target: Val) -> str:
    std, written = _given(event, args, 1, "std", 1.0)
    width = weights.fan_in(target)
    if std is None or std < 0.5 or (std * width**0.5 < 4 if width is not None else not written):
        return ""
    return f"normal_ with std={std}"


def _uniform(p: Program, event: Event, args: tuple[Val, ...], target: Val) -> str:
    low, written = _given(event, args, 0, "a" if event.kind == "init" else "from", 0.0)
    high, _ = _given(event, args, 1, "b" if event.kind == "init" else "to", 1.0)
    width = weights.fan_in(target)
    if low is None or -0.9 < low < 0 or any(e.name == "erfinv_" for e in p.all("inplace")):
        return ""
    if high is not None and width is not None:
        size = max(abs(low), abs(high)) / 3**0.5
        if size * width**0.5 < (4 if low < 0 else 2):
            return ""
    elif not written:
        return ""
    return "uniform_ over a wide or one-sided range"


def _drawn_matrix(p: Program, event: Event) -> str:
    made = event.result
    assert made is not None
    name = event.name.rsplit(".", 1)[-1]
    inner = (
        made
        if name in ("randn", "rand") and "leaf" in made.tags
        else _drawn(made.args[0])
        if name == "Parameter" and made.args
        else None
    )
    if (
        inner is None
        or inner.name not in ("randn", "rand")
        or (inner.shape is None and len(inner.args) != 2)
        or (inner.shape is not None and len(inner.shape) != 2)
    ):
        return ""
    sizes = [s for s in inner.shape or () if isinstance(s, int)]
    if _named(made, p) or _normalized(made, p):
        return ""
    if len(sizes) < 2 and not (not sizes and name == "Parameter" and _multiplies(made, p)):
        return ""
    if (len(sizes) == 2 and (max(sizes) < 64 or min(sizes) < 8)) or _looked_up(p, made) or _drawn_again(p, event, made):
        return ""
    used = weights.products(p, made, mirrored=True)
    if not used or any(weights.is_scaled(p, one) for one in used):
        return ""
    return f"{inner.name}{tuple(inner.shape or ())} without scaling"


def _drawn_again(p: Program, event: Event, made: Val) -> bool:
    """Whether other numbers are put into it before it is used: what was drawn first is gone."""
    used = min((e.seq for e in p.all("forward", "backward") if e.seq > event.seq), default=None)
    later = [e for e in p.all("init", "inplace") if e.seq > event.seq and (used is None or e.seq < used)]
    filled = [e for e in later if e.kind == "init" or e.name in ("normal_", "uniform_", "copy_")]
    return any(made in q.memory(e.recv) for e in filled if e.recv is not None)


def _looked_up(p: Program, made: Val) -> bool:
    """Whether rows are only picked from it: a table of vectors, which is normal with deviation one."""
    users = [u for u in q.users(p, made) if u.kind == "tensor"]
    return bool(users) and all(u.name in ("getitem", "embedding", "index_select") for u in users)


def _drawn(val: Val) -> Val:
    """The random numbers themselves, where they are only multiplied by a constant that is not small."""
    if val.name == "mul" and len(val.args) == 2:
        factor = next((a.const for a in val.args if a.kind == "const" and isinstance(a.const, (int, float))), 0)
        return next((a for a in val.args if a.kind == "tensor"), val) if factor >= 0.5 else val
    return val


def _weight(val: Val) -> bool:
    return any(
        (v.name == "parameter" and "bias" not in v.tags and "weight" in v.tags)
        or (v.name == "Parameter" and len(v.shape or ()) == 2)
        for v in ancestors(val, limit=6)
    ) or (val.name in ("weight", "data") and any(v.name == "weight" for v in ancestors(val, limit=4)))


def _embedding(val: Val) -> bool:
    return any(v.kind == "module" and (v.name == "Embedding" or "Norm" in v.name) for v in ancestors(val, limit=8))


def _named(val: Val, p: Program) -> bool:
    names = {n for n, v, _ in p.assigns if v is val} | {
        e.name for e in p.all("attribute") if e.args and e.args[0] is val
    }
    found = {w for n in names for w in words(n)}
    return bool(
        found
        & {
            "emb",
            "embedding",
            "embed",
            "token",
            "tokens",
            "query",
            "queries",
            "pos",
            "position",
            "proto",
            "prototypes",
            "latent",
            "latents",
            "codebook",
            "memory",
            "cls",
            "centers",
            "slots",
            "prompt",
        }
    )


def _normalized(val: Val, p: Program) -> bool:
    """Whether the class that stores a parameter normalises it before it is used."""
    for event in p.all("attribute"):
        if not event.args or event.args[0] is not val or not event.funcs or event.funcs[-1].owner is None:
            continue
        for node in syntax.walk(event.funcs[-1].owner.node):
            if isinstance(node, ast.Call) and "norm" in syntax.text(node.func).lower():
                inside = [n for a in node.args for n in syntax.walk(a) if isinstance(n, ast.Attribute)]
                if any(n.attr == event.name for n in inside):
                    return True
    return False


def _multiplies(val: Val, p: Program) -> bool:
    """Whether a parameter of unknown size is stored as a weight."""
    names = {e.name for e in p.all("attribute") if e.args and e.args[0] is val}
    return bool(names & {"weight", "w", "W", "kernel", "weights"})

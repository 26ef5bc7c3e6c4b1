"""The random transform is applied once, when the data set is made.

## What it does

Finds data sets whose `__init__` puts all samples through a random transform, while `__getitem__` only looks them up.

## Why is this bad

Every epoch sees the same augmented samples: the data is distorted once, and the set is not larger than before.

## Example

```python
from torch.utils.data import DataLoader, Dataset
class Noise:
    def __call__(self, x):
        return x + torch.randn_like(x)
class Rows(Dataset):
    def __init__(self, x, transform):
        self.x = torch.stack([transform(row) for row in x])
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i]
for xb in DataLoader(Rows(torch.zeros(100, 4), Noise()), batch_size=10, shuffle=True):
    model(xb)
```

## Use instead

```python
from torch.utils.data import DataLoader, Dataset
class Noise:
    def __call__(self, x):
        return x + torch.randn_like(x)
class Rows(Dataset):
    def __init__(self, x, transform):
        self.x, self.transform = x, transform
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.transform(self.x[i])
for xb in DataLoader(Rows(torch.zeros(100, 4), Noise()), batch_size=10, shuffle=True):
    model(xb)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_WORDS = frozenset(["transform", "transforms", "augment", "augmentation", "aug", "tf", "tfm"])
_DRAWS = frozenset(["randn", "randn_like", "rand", "rand_like", "randint", "normal", "uniform", "bernoulli", "random"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    told: set[int] = set()
    yield from _drawn_once(p)
    for event in p.all("attribute"):
        owner = event.funcs[-1] if event.funcs else None
        data = event.recv
        if owner is None or owner.name != "__init__" or data is None or data.kind != "dataset" or not event.args:
            continue
        own = _own_turns(p)
        call = _applied(owner, event.node, own)
        if call is None or id(call) in told or not (_named(call) in own or _random(p, event.args[0], own)):
            continue
        method = data.owner.method("__getitem__") if hasattr(data.owner, "method") else None
        if method is None or d.draws_random(method.node) or _calls_transform(method.node, own):
            continue
        told.add(id(call))
        yield p.report(
            "SB487",
            (call, event.src),
            f"the random augmentation {syntax.text(call)} runs once in __init__: every epoch gets the same samples",
            why="__getitem__ only looks up what was augmented when the data set was made (identical in each epoch)",
            fix="Apply the transform in __getitem__",
        )


_TURNS = frozenset(
    ["flip", "fliplr", "flipud", "hflip", "vflip", "rot90", "rotate", "roll", "crop", "affine", "resized_crop"]
) | {"adjust_brightness", "adjust_contrast", "adjust_hue", "adjust_saturation", "gaussian_blur", "invert"}
_SCALARS = frozenset(
    ["random.random", "random.choice", "random.randint", "random.uniform", "random.gauss", "random.randrange"]
) | {"np.random.rand", "np.random.randint", "np.random.uniform", "np.random.choice", "torch.rand", "torch.randint"}


def _drawn_once(p: Program) -> Iterator[Finding]:
    """A coin or an angle that is drawn in the constructor and decides about every sample."""
    for cls in p.classes:
        init = cls.method("__init__")
        name = "__getitem__" if cls.method("__getitem__") is not None else "__call__"
        method = cls.method(name) or (cls.method("forward") if cls.base == "module" else None)
        if init is None or method is None or init.src is not method.src:
            continue
        for node in syntax.walk(init.node):
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            if not (isinstance(node, ast.Assign) and isinstance(target, ast.Attribute) and _coin(node.value)):
                continue
            stored = syntax.text(target)
            if _stored_anew(cls, target.attr) or not _turns(method.node, stored):
                continue
            yield p.report(
                "SB487",
                (node, init.src),
                f"{stored} is drawn once, in __init__: every sample in every epoch gets the same augmentation",
                why="the constructor runs once, so the random flip, angle or crop is decided once and for all",
                fix=f"Draw it in {method.name}",
            )


def _coin(value: ast.expr) -> bool:
    """Whether one number is drawn at random: a coin, an angle, a place."""
    calls = [c for c in syntax.walk(value) if isinstance(c, ast.Call)]
    drawn = [c for c in calls if syntax.text(c.func).replace("numpy.", "np.") in _SCALARS]
    if len(drawn) != 1 or any(k.arg == "size" for k in drawn[0].keywords):
        return False
    sizes = drawn[0].args[-1:] if syntax.text(drawn[0].func).startswith(("torch.", "np.random.rand")) else []
    return all(
        (isinstance(s, ast.Constant) and s.value == 1) or isinstance(s, ast.UnaryOp) or syntax.text(s) in ("()", "(1,)")
        for s in (sizes if not syntax.text(drawn[0].func).endswith("np.random.randint") else [])
    )


def _stored_anew(cls: Any, attr: str) -> bool:
    stores = [
        n
        for n in syntax.walk(cls.node)
        if isinstance(n, ast.Attribute) and n.attr == attr and isinstance(n.ctx, ast.Store)
    ]
    return len(stores) > 1


def _turns(method: Any, stored: str) -> bool:
    """Whether a stored number decides about a flip, or is the angle or amount of one."""
    for n in syntax.walk(method):
        body: list[Any] = []
        if isinstance(n, ast.If) and any(syntax.text(m) == stored for m in syntax.walk(n.test)):
            body = [c for s in n.body for c in syntax.walk(s)]
        elif isinstance(n, ast.IfExp) and any(syntax.text(m) == stored for m in syntax.walk(n.test)):
            body = list(syntax.walk(n.body))
        elif isinstance(n, ast.Call) and any(syntax.text(m) == stored for a in n.args for m in syntax.walk(a)):
            body = [n]
        calls = [c for c in body if isinstance(c, ast.Call)]
        if any(syntax.text(c.func).rsplit(".", 1)[-1] in _TURNS for c in calls):
            return True
        if (
            body
            and not isinstance(n, ast.Call)
            and any("::-1" in syntax.text(b) for b in body if isinstance(b, ast.Subscript))
        ):
            return True
    return False


def _own_turns(p: Program) -> set[str]:
    """Functions of the program that turn, crop or shift what they get at random."""
    told = {f.name: set(words(f.name)) for f in p.functions}
    plain = {name for name, said in told.items() if said & _TURNS and said & {"random", "rand", "randomly", "maybe"}}
    return {f.name for f in p.functions if f.name in plain and f.node.args.args and d.draws_random(f.node)}


def _applied(func: Any, target: ast.AST, own: set[str]) -> ast.Call | None:
    """The call of a transform in the assignment of this attribute."""
    for node in syntax.walk(func.node):
        if isinstance(node, ast.Assign) and any(t is target for t in node.targets):
            calls = [c for c in syntax.walk(node.value) if isinstance(c, ast.Call) and c.args]
            return next((c for c in calls if _is_transform(c, own)), None)
    return None


def _named(call: ast.Call) -> str:
    return syntax.text(call.func).rsplit(".", 1)[-1]


def _is_transform(call: ast.Call, own: set[str]) -> bool:
    name = _named(call)
    return name in own or bool(set(words(name)) & _WORDS)


def _calls_transform(node: ast.AST, own: set[str]) -> bool:
    return any(_is_transform(c, own) for c in syntax.walk(node) if isinstance(c, ast.Call))


def _random(p: Program, val: Val, own: set[str]) -> bool:
    """Whether a transform that made these values draws random numbers."""
    spans = [
        (f.src, f.node.lineno, f.node.end_lineno or 0)
        for f in p.functions
        if f.name in ("__call__", "forward") or f.name in own or set(words(f.name)) & _WORDS
    ]
    for one in ancestors(val, limit=600):
        if one.kind == "transform":
            if any(i.name.startswith(("Random", "ColorJitter", "Gaussian")) for i in (one, *(one.items or []))):
                return True
        elif one.name.removeprefix("np_") in _DRAWS and any(
            one.src is src and low <= one.line <= high for src, low, high in spans
        ):
            return True
    return False

"""Random augmentation is applied to evaluation data.

## What it does

Finds evaluation data that goes through random augmentation.

## Why is this bad

The metric is random and too low: it measures distorted inputs.

## Example

```python
from torchvision import transforms
from torchvision.datasets import CIFAR10
augment = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.ToTensor()])
train_set = CIFAR10("data", train=True, transform=augment)
val_set = CIFAR10("data", train=False, transform=augment)
```

## Use instead

```python
from torchvision import transforms
from torchvision.datasets import CIFAR10
augment = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.ToTensor()])
train_set = CIFAR10("data", train=True, transform=augment)
val_set = CIFAR10("data", train=False, transform=transforms.ToTensor())
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import inert, lineage, rounds, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import split_of, words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    named = (
        []
        if not p.of_kind("dataset")
        else [*p.assigns, *((e.name, e.args[0], e) for e in p.all("attribute") if e.args), *_in_loaders(p)]
    )
    for name, val, event in named:
        if val.kind != "dataset" or id(val.node) in seen:
            continue
        data = val
        split = split_of(name) if split_of(name) in ("val", "test") else val.split or split_of(name)
        shared = data.name in ("random_split", "Subset")
        if shared and split_of(name) in ("val", "test") and data.args:
            data = data.attrs.get("dataset", data.args[0])  # it may have got another one
            split = "val"
            uses = [u for u in q.users(p, val) if u.kind != "tuple"]
            if uses and all(u.name == "indices" for u in uses):
                continue  # only the numbers of its rows are taken, for another view of the data
        if split not in ("val", "test"):
            continue
        transform = (
            data.attrs.get("transform")  # what it is now, not what it was made with
            or data.kwargs.get("transform")
            or data.attrs.get("tf")
            or data.attrs.get("transforms")
        )
        flags = [
            k
            for k in ("augment", "train", "aug", "is_train", "training")
            if data.kwargs.get(k) is not None
            and data.kwargs[k].const is True
            and data.attrs.get(k, data.kwargs[k]).const is True  # nobody has switched it off since
            and not data.name.startswith(("CIFAR", "MNIST", "Fashion"))
        ]
        random = _random(transform) if transform is not None else ""
        if random and not shared and _only_shown(p, val):
            continue
        if random or (flags and data.owner is not None and any("aug" in f for f in flags)):
            seen.add(id(val.node))
            what = f"{random} is applied" if random else f"{flags[0]}=True is set"
            yield p.report(
                "SB407",
                event if shared else val,
                f"random augmentation on evaluation data: {what}",
                why="the metric changes from run to run and is too low, because it measures distorted inputs",
                fix="Give the evaluation data its own transform, not the random training transform"
                + (" (random_split shares the transform of the whole data set)" if shared else ""),
                severity=_nothing_measured(p),
            )
    yield from _flagged(p, seen)
    yield from _handed_over(p, seen)
    yield from _same_noise(p)


def _in_loaders(p: Program) -> Iterator[tuple[str, Val, Event]]:
    """The parts of data sets that are given to a loader on the spot, by the loader's name."""
    for event in p.makers("loader"):
        loader = event.result
        if loader is not None and loader.kind == "loader" and loader.args and loader.args[0].name == "Subset":
            yield loader.var, loader.args[0], event


def _only_shown(p: Program, data: Val) -> bool:
    """Whether a program that is read whole measures on other held-out data, and never gives this one to a model."""
    if not p.complete or not p.trains:
        return False
    measured = False
    for event in p.all("forward", "loop"):
        fed = [*event.args, *((event.recv,) if event.kind == "loop" and event.recv is not None else ())]
        for one in (v for a in fed for v in ancestors(a, limit=200)):
            if one is data or (one.node is not None and one.node is data.node and _alike(one, data)):
                return False
            measured = measured or (one.kind == "dataset" and rounds.split_of_val(one) in ("val", "test"))
    return measured


def _alike(one: Val, other: Val) -> bool:
    """Whether two data sets that one line has made may have the same transform."""
    mine, his = (v.kwargs.get("transform") or v.attrs.get("transform") for v in (one, other))
    return mine is None or his is None or bool(_random(mine)) == bool(_random(his))


def _nothing_measured(p: Program) -> Severity | None:
    """A hint where a script only looks at its data: no model gets any of it."""
    return Severity.HINT if p.complete and not p.trains and not p.all("forward") else None


def _flagged(p: Program, seen: set[int]) -> Iterator[Finding]:
    """A data set of the program's own whose augmentation is switched on for the evaluation."""
    for event in p.first_makers("loader"):
        loader = event.result
        if loader is None or loader.kind != "loader" or rounds.split_of_val(loader) not in ("val", "test"):
            continue
        data = loader.args[0] if loader.args else None
        if data is None or data.owner is None or not hasattr(data.owner, "method") or id(data.node) in seen:
            continue
        method = data.owner.method("__getitem__")
        flags = [k for k, v in data.attrs.items() if v.const is True and set(words(k)) & _FLAGS]
        if method is None or not flags or not _drawn_under(data.owner, flags[0]):
            continue
        seen.add(id(data.node))
        yield p.report(
            "SB407",
            _chosen(p, data),
            f"random augmentation on evaluation data: {flags[0]} is True for {loader.var or 'the evaluation loader'}",
            why="the metric changes from run to run and is too low, because it measures distorted inputs",
            fix=f"Pass {flags[0]}=False for validation and test",
        )


def _handed_over(p: Program, seen: set[int]) -> Iterator[Finding]:
    """The transform of a data set that goes straight into an evaluation loader, maybe built by a helper."""
    for event in p.makers("loader"):
        loader = event.result
        data = loader.arg(0, "dataset") if loader is not None else None
        if loader is None or data is None or rounds.split_of_val(loader) not in ("val", "test"):
            continue
        if data.name in ("ImageFolder", "DatasetFolder") and id(data.node) not in seen:
            yield from _folder(p, data, seen)
        if data.kind != "dataset" or id(data.node) in seen or data.owner is None or not hasattr(data.owner, "method"):
            continue
        item = data.owner.method("__getitem__")
        for name, val in data.attrs.items() if item is not None else ():
            told = words(f"{name}_{val.name}")
            if val.kind not in ("func", "instance", "transform", "object", "module") or not set(told) & _CHANGES:
                continue
            random = _random(val) if _replaces(item.node, name) else ""
            if random and not _told_off(data, item.node) and not _only_shown(p, data):
                seen.add(id(data.node))
                yield p.report(
                    "SB407",
                    _chosen(p, data),
                    f"random augmentation on evaluation data: {random} is applied to every sample of "
                    f"{loader.var or 'the evaluation loader'}",
                    why="the metric changes from run to run and is too low, because it measures distorted inputs",
                    fix="Give the evaluation data its own transform, not the random training transform",
                )
                break


def _folder(p: Program, data: Val, seen: set[int]) -> Iterator[Finding]:
    """A folder of images whose second argument is a random transform."""
    given = data.kwargs.get("transform") or (
        data.args[1] if data.name == "ImageFolder" and len(data.args) > 1 else None
    )
    random = _random(given) if given is not None else ""
    if random and not _only_shown(p, data):
        seen.add(id(data.node))
        yield p.report(
            "SB407",
            data,
            f"random augmentation on evaluation data: {random} is applied",
            why="the metric changes from run to run and is too low, because it measures distorted inputs",
            fix="Give the evaluation data its own transform, not the random training transform",
        )


_CHANGES = frozenset([
    "transform", "transforms", "augment", "augmentation", "aug", "tf", "tfm", "tfms", "jitter", "distort", "noise",
    "noisy", "flip", "shift", "crop", "erase", "cutout", "perturb", "mixup",
])  # fmt: skip


def _replaces(item: ast.AST, name: str) -> bool:
    """Whether a sample is changed once by this attribute, and not given in its plain form too."""
    nodes = syntax.walk(item)
    calls = [n for n in nodes if isinstance(n, ast.Call) and syntax.text(n.func).endswith(f".{name}") and n.args]
    if len(calls) != 1:
        return False
    plain = syntax.text(calls[0].args[0])
    rebound = any(isinstance(n, ast.Assign) and syntax.text(n.targets[0]) == plain for n in nodes if _has(n, calls[0]))
    outer = next((n for n in nodes if isinstance(n, ast.IfExp) and _has(n, calls[0])), calls[0])
    inside = {id(n) for n in syntax.walk(outer)}
    given = [m for n in nodes if isinstance(n, ast.Return) for m in syntax.walk(n) if id(m) not in inside]
    return rebound or not any(isinstance(m, ast.expr) and syntax.text(m) == plain for m in given)


def _has(node: ast.AST, inner: ast.AST) -> bool:
    return any(n is inner for n in syntax.walk(node))


def _told_off(data: Val, item: ast.AST) -> bool:
    """Whether ``__getitem__`` asks a switch of this data set that is off."""
    off = {k for k, v in data.attrs.items() if v.const is False}
    return any(isinstance(n, ast.Attribute) and n.attr in off for n in syntax.walk(item))


def _chosen(p: Program, data: Val) -> Any:
    """Where it was decided how a data set is built: the call of the helper that builds those for training too."""
    made = [e for e in p.all("make") if e.node is data.node and e.result is not None]
    mine = next((e for e in made if e.result is data), None)
    other = next((e for e in made if e.result is not data), None)
    if mine is None:
        return data
    return q.beside(mine, other) if other is not None else mine


_FLAGS = frozenset(["augment", "aug", "augmentation", "train", "training", "jitter", "noise", "random"])


def _drawn_under(cls: Any, flag: str) -> bool:
    """Whether a class draws random numbers in a branch on this flag."""
    for node in syntax.walk(cls.node):
        under = isinstance(node, ast.If) and f"self.{flag}" in syntax.text(node.test)
        if under and any(d.draws_random(n) for n in syntax.walk(node) if isinstance(n, ast.Call)):
            return True
    return False


def _same_noise(p: Program) -> Iterator[Finding]:
    """The random step of the training inputs is on the way of the measured inputs too."""
    learned, measured = lineage.feeds(p)
    inner = lineage.stepping(p)
    noisy = {
        id(s.node): s for f in learned for s in _above_data(f.x) if (n := _fresh(s)) is not None and id(n.node) in inner
    }
    for feed in measured:
        for step in _above_data(feed.x):
            if id(step.node) not in noisy or _fresh(step) is None:
                continue
            if (
                not _augments(p, step)
                or _repeated(p, feed.event)
                or any(step is s for f in learned for s in lineage.certain(f.x))
            ):
                continue
            clean = {id(v) for v in lineage.path(step)}
            if any(f is not feed and f.y is feed.y and _plainly(f.x, step) for f in measured) or _beside(p, step):
                continue  # the same rows are measured without the noise too: they are compared with it
            if feed.y is None or any(id(v) in clean and v.kind == "tensor" for v in lineage.certain(feed.y)[:3]):
                continue  # the clean input is the target: noise is the task
            drawn = _fresh(step)
            if any(v is drawn for v in lineage.certain(feed.y)):
                continue  # the noise itself is the target
            yield p.report(
                "SB407",
                feed.event,
                f"random augmentation on evaluation data: {step.name} with fresh random numbers (line {step.line})",
                why="the metric changes from run to run and is too low, because it measures distorted inputs",
                fix="Leave the augmentation out in the evaluation",
            )
            return


def _plainly(x: Val, step: Val) -> bool:
    """Whether rows come to the model without this step."""
    base = {id(v) for v in lineage.path(step.args[0])} if step.args else set()
    return not any(v is step for v in lineage.path(x)) and any(id(v) in base for v in lineage.path(x))


def _beside(p: Program, step: Val) -> bool:
    """Whether a model gets the very input of this step without it, outside training."""
    inner = step.args[0] if step.args else None
    return inner is not None and any(
        not e.grad and any(a is inner for a in e.args) for e in p.all("forward") if e.result is not None
    )


def _repeated(p: Program, event: Event) -> bool:
    """Whether the same inputs are measured several times over, with a new draw each time: an average over draws."""
    loops = [*p.nodes(ast.ListComp, ast.GeneratorExp), *p.nodes(ast.For)]
    for loop in loops:
        over = loop.iter if isinstance(loop, ast.For) else loop.generators[0].iter
        target = loop.target if isinstance(loop, ast.For) else loop.generators[0].target
        if not (isinstance(over, ast.Call) and syntax.text(over.func) == "range"):
            continue
        inner = list(syntax.walk(loop))
        names = {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        if any(n is event.node for n in inner) and syntax.text(target) not in names:
            return not any(isinstance(n, ast.Attribute) and n.attr == "backward" for n in inner)
    return False


def _augments(p: Program, step: Val) -> bool:
    """Whether the function around a step is one that distorts samples, by its name."""
    names = [
        f.name for f in p.functions if f.node.lineno <= step.line <= (getattr(f.node, "end_lineno", 0) or 0)
    ]  # fmt: skip
    told = {"augment", "aug", "augmentation", "noise", "noisy", "jitter", "perturb", "transform", "distort", "corrupt"}
    return not names or any(set(words(n)) & told for n in names)


def _above_data(x: Val) -> list[Val]:
    """The steps on the way to a model after the data was read."""
    steps = lineage.certain(x)
    end = next((k for k, s in enumerate(steps) if s.name in ("batch", "element")), len(steps))
    return steps[:end]


def _fresh(step: Val) -> Val | None:
    """The random numbers that a step mixes into its input."""
    if step.kind != "tensor" or step.name not in ("add", "mul", "where"):
        return None
    drawn = ("randn_like", "rand_like", "randn", "rand", "np_normal")
    return next((v for a in step.args[1:] for v in ancestors(a, limit=8) if v.name in drawn), None)


def _random(transform: Val) -> str:
    for one in ancestors(transform, limit=80):
        body = one.owner.method("__call__") if one.kind == "instance" and hasattr(one.owner, "method") else None
        body = one.owner if one.kind == "func" and one.owner is not None else body
        if body is not None and d.draws_random(body.node):
            if isinstance(body.node, ast.FunctionDef) and not inert.draws(body.node, one.attrs):
                continue
            return one.name or body.name
        last = one.name.rsplit(".", 1)[-1]
        if last.startswith(
            (
                "Random",
                "ColorJitter",
                "AutoAugment",
                "TrivialAugment",
                "RandAugment",
                "AugMix",
                "GaussianBlur",
            )
        ) and one.kind in ("transform", "object", "module"):
            if inert.still(one):
                continue
            return last
    return ""

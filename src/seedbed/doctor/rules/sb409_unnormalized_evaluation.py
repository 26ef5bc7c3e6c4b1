"""Evaluation inputs are not normalised as the training inputs are.

## What it does

Finds evaluation inputs that are not normalised as the training inputs are.

## Why is this bad

The model sees another scale than in training: its predictions are wrong.

## Example

```python
mean, std = x_train.mean(0), x_train.std(0)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model((x_train - mean) / std), y_train).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    pred = model(x_test)
```

## Use instead

```python
mean, std = x_train.mean(0), x_train.std(0)
for step in range(100):
    optimizer.zero_grad()
    F.mse_loss(model((x_train - mean) / std), y_train).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    pred = model((x_test - mean) / std)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import data_queries as d
from seedbed.doctor.static import lineage, ownership, scaling, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    trained: dict[int, Event] = {}
    for event in training.forwards(p):
        if event.recv is not None and event.args and event.grad and training.trained_output(p, event.result):
            trained.setdefault(id(event.recv), event)
    seen: set[int] = set()
    for event in training.evaluations(p):
        if event.recv is None or not event.args or id(event.node) in seen:
            continue
        before = trained.get(id(event.recv))
        if before is None:
            continue
        how = d.scaling(before.args[0])
        here = d.scaling(event.args[0])
        if how and here is None and _as_before(event.args[0], before.args[0]):
            here = ""
        if how and here == "" and _folded(p, event):
            continue  # the statistics were worked into the weights
        if how and here == "" and event.args[0].kind in ("tensor", "unknown", "phi") and d.known_source(event.args[0]):
            seen.add(id(event.node))
            yield p.report(
                "SB409",
                event,
                "the evaluation inputs are not normalised, but the training inputs are",
                why=f"in training the inputs are scaled ({how}, line {before.line}); here the raw values go in",
                fix="Apply the same normalisation (with the training statistics) before the model",
                related=((str(before.src.path), before.line, "the training inputs"),),
            )
    yield from _raw_training(p, seen)
    yield from _transforms(p, seen)
    yield from _raw_bytes(p, seen)
    yield from _under_flag(p)
    for step, earlier in scaling.of_scaled(p):
        yield p.report(
            "SB409",
            step,
            "the evaluation data is scaled by statistics of training data that is already normalised",
            why="the mean is then 0 and the deviation 1, so the evaluation inputs stay unscaled (raw)",
            fix="Compute mean and std before the training data is scaled, and use them for both",
            related=((str(earlier.src.path) if earlier.src else "", earlier.line, "the training data is scaled here"),),
        )


def _as_before(x: Val, trained: Val) -> bool:
    """Whether rows go in as they are in the very table that the training inputs are scaled from."""
    steps = d.chain_all(trained)
    at = next((n for n, s in enumerate(steps) if s.name in ("div", "matmul", "einsum") and d.scaling(s)), None)
    table = {id(v) for v in lineage.path(_rows(steps[at]))} if at is not None else set()
    for step in lineage.certain(x):
        if id(step) in table:
            return True
        if step.name not in TRANSPARENT:
            return False
    return False


def _rows(step: Val) -> Val:
    """What a scaling takes the mean off."""
    shifted = next((a for a in step.args if a.name == "sub"), step)
    return shifted.args[0] if shifted.args else shifted


def _raw_training(p: Program, seen: set[int]) -> Iterator[Finding]:
    """The measured inputs are scaled, but what the model is trained on is not."""
    learned, measured = lineage.feeds(p)
    for one in learned:
        made = {id(v) for v in lineage.path(one.x)}
        for two in measured:
            how = d.scaling(two.x)
            if _other_model(one.event, two.event):
                continue
            if (
                how not in ("a fitted scaler", "mean and deviation")
                or d.scaling(one.x) != ""
                or id(one.event.node) in seen
            ):
                continue
            if not d.known_source(one.x) or ("opaque" in one.x.tags and not one.x.args):
                continue
            stats = [
                s for v in lineage.certain(two.x) for s in ancestors(v, limit=60) if s.name in ("mean", "fit_transform")
            ]
            fits = [e.args[0] for e in p.all("fit") if e.args]
            sources = [*(s.args[0] for s in stats if s.args), *fits]
            if not any(id(v) in made for s in sources for v in lineage.path(s, 40)):
                continue
            seen.add(id(one.event.node))
            loaders = [v.args[1] for v in lineage.certain(one.x) if v.name == "batch" and len(v.args) > 1]
            yield p.report(
                "SB409",
                loaders[0] if loaders else one.event,
                "the model is trained on raw inputs, but the evaluation inputs are normalised (scaled)",
                why="the training data is taken (into the loader) before it is standardised, so training and "
                "evaluation see different scales",
                fix="Scale first, then build the data set and loader from the scaled values",
                related=((str(two.event.src.path), two.event.line, "the scaled evaluation inputs"),),
            )
            break


def _under_flag(p: Program) -> Iterator[Finding]:
    """One class gives the samples of both splits, and a flag of it decides whether they are scaled."""
    learned, measured = lineage.feeds(p)
    for one, two in ((a, b) for a in learned for b in measured if not _other_model(a.event, b.event)):
        for x, other, which in ((one.x, two.x, "training"), (two.x, one.x, "evaluation")):
            mine, theirs = lineage.path(x), lineage.path(other)
            step = next((v for v in mine if v.src is not None and _scales(v)), None)
            both = {id(v.node) for v in mine if v is not step}
            if step is None or any(_scales(v) or (v.name in _HIDDEN and id(v.node) not in both) for v in theirs):
                continue
            shared = {id(v.node) for v in theirs} & {id(v.node) for v in lineage.path(step) if v is not step}
            if not shared or not _in_sample(p, step) or not any(_in_sample(p, v) for v in theirs):
                continue
            how = "divided by 255" if step.args[1].const in (255, 255.0) else "normalised (scaled)"
            yield p.report(
                "SB409",
                step,
                f"only the {which} inputs are {how}: the flag of the dataset skips this preprocessing for the others",
                why="the model is trained on one range of values and measured on another",
                fix="Scale every sample; leave only the random augmentation to the training split",
                related=((str(two.event.src.path), two.event.line, "the evaluation inputs"),),
            )
            return


def _folded(p: Program, event: Event) -> bool:
    """Whether weights of the model are changed by hand after training and before this call."""
    parts = list(event.recv.options()) if event.recv is not None else []
    last = max((s.seq for s in p.all("step")), default=0)
    changed = [e.recv for e in p.all("augment", "inplace") if last < e.seq < event.seq and e.recv is not None]
    owners = [m for v in changed for m in ownership.modules_of(v)]
    return any(
        m.kind == "module" and part.kind == "module" and ownership.related(m, part) for m in owners for part in parts
    )


_HIDDEN = frozenset(["mul", "sub", "normalize", "Normalize", "ToTensor", "to_tensor", "fit_transform", "transform"])


def _scales(val: Val) -> bool:
    """Whether a step divides by a fixed number above 1, or takes a mean off and divides by a deviation."""
    if val.name != "div" or len(val.args) != 2:
        return False
    by = val.args[1].const
    return val.args[0].name == "sub" or (isinstance(by, (int, float)) and by > 1)


def _in_sample(p: Program, val: Val) -> bool:
    """Whether a value is made in the ``__getitem__`` of a dataset."""
    return any(
        f.name == "__getitem__"
        and f.src is val.src
        and f.node.lineno <= val.line <= (getattr(f.node, "end_lineno", 0) or 0)
        for f in p.functions
    )


def _transforms(p: Program, seen: set[int]) -> Iterator[Finding]:
    """The transform of the training images ends with Normalize, that of the other images does not."""
    learned: list[Val] = []
    others: list[tuple[Event, Val]] = []
    for event in p.all("forward"):
        tool = _tool(event.args[0]) if event.args and not event.depth else None
        if tool is None:
            continue
        if event.grad and training.trained_output(p, event.result):
            learned.append(tool)
        else:
            others.append((event, tool))
    if not learned or not all(_normalizes(t) for t in learned):
        return
    for event, tool in others:
        if _normalizes(tool) or id(tool.node) in seen:
            continue
        if any(v.name in ("normalize", "Normalize", "div", "sub") for v in ancestors(event.args[0], limit=60)):
            continue
        seen.add(id(tool.node))
        yield p.report(
            "SB409",
            tool,
            "this transform has no Normalize, but the training transform has: preprocessing differs at inference",
            why="the model was trained on normalised images and now gets values in 0..1",
            fix="Add the same transforms.Normalize(mean, std) to this transform",
            related=((str(learned[0].src.path) if learned[0].src else "", learned[0].line, "the training transform"),),
        )


_BYTES = frozenset(["MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST", "CIFAR10", "CIFAR100", "SVHN"])
_ATTRIBUTES = frozenset(["data", "test_data", "train_data"])


def _raw_bytes(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Training sees the samples of a set (0..1 after ToTensor), evaluation its attribute ``data``: bytes, 0..255."""
    if not any(v.name in _ATTRIBUTES and v.args and v.args[0].kind == "dataset" for v in p.of_kind("method")):
        return
    learned: dict[int, Event] = {}
    for event in p.all("forward"):
        if event.args and not event.depth and event.grad and event.recv is not None and _to_tensor(event.args[0]):
            learned.setdefault(id(event.recv), event)
    for event in training.evaluations(p):
        before = learned.get(id(event.recv))
        if before is None or not event.args or event.depth or id(event.node) in seen:
            continue
        steps = d.chain_all(event.args[0])
        raw = [v for v in steps if v.name in _ATTRIBUTES and v.args and v.args[0].kind == "dataset"]
        if (
            not raw
            or raw[0].args[0].name not in _BYTES
            or any(v.name not in _PLAIN for v in steps[: steps.index(raw[0])])
        ):
            continue
        seen.add(id(event.node))
        yield p.report(
            "SB409",
            event.args[0] if event.args[0].line else event,
            f"the evaluation inputs are raw bytes (0..255) from .{raw[0].name}: the dataset's transform is not applied",
            why=f"in training (line {before.line}) ToTensor() divides by 255: here the values are 255 times larger",
            fix="Take the test samples through a DataLoader, or divide by 255 (and normalise) as in training",
            related=((str(before.src.path), before.line, "the training inputs"),),
        )


def _to_tensor(x: Val) -> bool:
    """Whether images of a bundled set go through ToTensor on the way to a model."""
    if any(v.name in _ATTRIBUTES for v in d.chain_all(x)):
        return False
    parts = list(ancestors(x, limit=200))
    tools = [i for v in parts if v.kind == "transform" for i in (v.items or [v])]
    return any(v.kind == "dataset" and v.name in _BYTES for v in parts) and any(t.name == "ToTensor" for t in tools)


_PLAIN = frozenset(
    ["view", "reshape", "float", "to", "cuda", "unsqueeze", "flatten", "getitem", "type", "Variable", "squeeze", "phi"]
)


def _tool(x: Val) -> Val | None:
    """The transform (ToTensor and what follows) that images go through on the way to a model."""
    for one in ancestors(x, limit=200):
        if one.kind == "transform" and any(i.name in ("ToTensor", "ToImage", "PILToTensor") for i in one.items or []):
            return one
    return None


def _normalizes(tool: Val) -> bool:
    return any(i.name == "Normalize" or i.kind not in ("transform", "phi") for i in tool.items or [])


def _other_model(one: Event, two: Event) -> bool:
    """Whether two calls are certainly of different models: an encoder, and a probe on its features."""
    first, second = one.recv, two.recv
    if first is None or second is None or first.kind != "module" or second.kind != "module":
        return False
    return not (q.same(first, second) or ownership.related(first, second))

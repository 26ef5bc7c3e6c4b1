"""The graph is cut between the model and the loss: no gradient flows.

## What it does

Finds operations that cut the graph between the model and the loss: `detach()`, `.item()`, `.data`, numpy,
or `torch.tensor(loss)`.

## Why is this bad

No gradient flows back through the cut. The layers before it are never trained.

## Example

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = torch.tensor(F.mse_loss(model(x), y).item(), requires_grad=True)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import inner_steps, methods, opponents, ownership, queries, rounds, training
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import CHOICES, CLOSED, CUTTING, Val, ancestors

_FLAT = {
    "argmax",
    "argmin",
    "round",
    "compare",
    "sign",
    "floor",
    "ceil",
    "long",
    "int",
    "bool",
    "gt",
    "lt",
    "eq",
    "ge",
    "le",
    "trunc",
    "bernoulli",
    "one_hot",
    "topk_indices",
    "sort_indices",
}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    if ".reinforce(" in p.source.text:
        return  # stochastic nodes of torch before 0.4
    flowing: set[int] = set()
    for back in p.all("backward"):
        for root in [back.recv, *back.args]:
            if root is not None:
                flowing |= training.gradient_path(root)
    for back in p.all("backward"):
        for root in [back.recv] if back.recv is not None else list(back.args[:1]):
            for cut in _cuts(root):
                if id(cut.node) in seen:
                    continue
                models = [
                    a
                    for a in ancestors(cut)
                    if a.kind == "tensor"
                    and a.owner is not None
                    and a.grad
                    and getattr(a.owner, "kind", "") == "module"
                    and a.name not in ("loss",)
                ]
                lost = [a for a in models if id(a) not in flowing and _matters(p, a)]
                if not lost or (root.grad and not _certain(p, lost)):
                    continue
                seen.add(id(cut.node))
                how = {
                    "item": ".item()",
                    "data": ".data",
                    "tensor": "torch.tensor()",
                    "numpy": ".numpy()",
                    "float_builtin": "float()",
                }.get(cut.name, f"{cut.name}()")
                yield p.report(
                    "SB128",
                    cut,
                    f"{how} cuts the autograd graph between the model and the loss: no gradient reaches "
                    f"{lost[0].owner.var or lost[0].owner.name}",
                    why="what comes before the cut gets no gradient, so these parameters are never trained",
                    fix=f"Remove {how} and keep the tensor in the graph",
                    related=((str(back.src.path), back.line, "backward()"),),
                )
    yield from _data_in_forward(p, seen)
    yield from _cut_terms(p, seen)
    yield from (*_painted_over(p), *_adapted(p, seen))
    for cut, maker, judge, back in opponents.wasted(p):
        if id(cut.node) not in seen:
            seen.add(id(cut.node))
            name, other = maker.var or maker.name, judge.var or judge.name
            yield p.report(
                "SB128",
                cut,
                f"{cut.name}() cuts what {name} made out of its own loss: the gradient of this term reaches only "
                f"{other}, whose optimizer does not step here",
                why=f"the term is there to train {name}, and no gradient reaches it; that of {other} is cleared unused",
                fix=f"Give {other} the tensor itself; {cut.name}() belongs to its own step",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _adapted(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Fast weights of meta-learning that are cut off the weights which the optimizer holds."""
    for cut, back in inner_steps.cut_updates(p):
        if id(cut.node) not in seen:
            seen.add(id(cut.node))
            how = f"{cut.name}()" if cut.name in CUTTING else "no_grad()"
            yield p.report(
                "SB128",
                cut,
                f"{how} cuts the adapted (fast) weights off the graph: the outer loss gets no gradient to the meta "
                "parameters, the model never trains",
                why="the inner step makes new leaves, so grad is None for every weight that the optimizer holds, and "
                "step() never changes them",
                fix="Keep the update in the graph: fast = w - lr * g. For a first-order step detach only g",
                related=((str(back.src.path), back.line, "the outer backward()"),),
            )


def _not_by_choice(root: Val) -> set[int]:
    """Ids of what a loss is made of by its numbers: behind ``argmax`` or a comparison no gradient would flow anyway."""
    found: set[int] = set()
    stack = [root]
    while stack:
        val = stack.pop()
        if id(val) in found:
            continue
        found.add(id(val))
        if val.kind not in CLOSED and not (val.kind in ("tensor", "number") and val.name in _FLAT):
            stack.extend(val.inputs())
    return found


def _cuts(root: Val) -> list[Val]:
    """Where a gradient stops that could flow: not at choices, at what is behind them, or at actions that are drawn."""
    way = _not_by_choice(root)
    ends = [c for c in training.cut_points(root) if c.name not in _FLAT and "compare" not in c.name]
    return [c for c in ends if id(c) in way and not _drawn(c)]


_DISCRETE = ("Categorical", "Multinomial", "Bernoulli", "Binomial", "Geometric", "Poisson")


def _drawn(cut: Val) -> bool:
    """Whether an action is drawn from a distribution over choices: there is no sample with a gradient."""
    source = cut.args[0] if cut.name == "sample" and cut.args else None
    return source is not None and any(o.name.rsplit(".", 1)[-1].endswith(_DISCRETE) for o in source.options())


def _matters(p: Program, val: Val) -> bool:
    """Whether the layer has weights that some optimizer holds."""
    owner = val.owner
    frozen = ownership.frozen(p)
    weighted = [s for s in methods.submodules(owner) if s.name.startswith(ownership.WEIGHTED)]
    if weighted and all(id(s) in frozen for s in weighted):
        return False  # it is not meant to learn
    holds = [h for _, o, _ in ownership.optimizers(p) for h in ownership.held(o)]
    return any(h is owner for h in holds) and any(
        s.name.startswith(ownership.WEIGHTED) or "external" in s.tags for s in methods.submodules(owner)
    )


def _certain(p: Program, lost: list[Val]) -> bool:
    """Whether a layer of a trained model never gets a gradient anywhere in the program."""
    flowing: set[int] = set()
    for back in p.all("backward"):
        for root in [back.recv, *back.args]:
            if root is not None:
                for part in ancestors(root):
                    if part.owner is not None and part.grad and id(part) in training.gradient_path_cached(p, root):
                        flowing.add(id(part.owner))
    return not any(id(v.owner) in flowing for v in lost)


def _data_in_forward(p: Program, seen: set[int]) -> Iterator[Finding]:
    """``.data`` on an activation: the graph is cut where nobody meant it."""
    for back in p.all("backward"):
        start = rounds.begin(p, back) if p.made("data") else 0
        for val in ancestors(back.recv) if back.recv is not None else []:
            if (
                val.name != "data"
                or val.kind != "tensor"
                or not val.args
                or not val.args[0].grad
                or id(val.node) in seen
            ):
                continue
            if back.recv is None or id(val) not in training.gradient_path_cached(p, back.recv):
                continue  # cut above as well: by detach(), or because it was only used to choose
            source = val.args[0]
            held = source
            while held.name in ("element", "getitem", "part") and held.args and held.seq >= start:
                held = held.args[0]  # [each.data for each in state]
            if held.seq < start:
                continue  # a state of the round before: the gradient is meant to end there
            if any(v.name in ("parameter", "Parameter") for v in (source, *source.args)) or not any(
                v.owner is not None for v in ancestors(source, limit=80)
            ):
                continue
            if source.name == "loss" or source.shape == ():
                continue
            seen.add(id(val.node))
            yield p.report(
                "SB128",
                val,
                ".data cuts the autograd graph: no gradient flows through this value (like detach())",
                why="the layers before it get no gradient through this path, and nothing warns about it",
                fix="Remove .data (use detach() where a cut is really meant)",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _painted_over(p: Program) -> Iterator[Finding]:
    """``requires_grad_()`` on a value that has lost its graph: it silences the error and trains nothing."""
    for event in p.once("requires_grad"):
        val = event.recv
        if val is None or val.kind != "tensor" or not event.grad or not p.trained(val):
            continue
        if event.args and event.args[0].const is False:
            continue
        step = next((v for v in queries.chain(val) if v.name in _FLAT or v.name in ("item", "tensor", "detach")), None)
        if step is None or not any(a.grad and a.owner is not None for a in ancestors(step, limit=60)):
            continue
        if any(e.name == "grad" for e in p.all("backward")) or step.name == "detach":
            continue  # the gradient with respect to an input is wanted
        yield p.report(
            "SB128",
            event,
            f"requires_grad_() on a value without a graph: {step.name}() has cut it from the model, no gradient flows",
            why="the call only silences the error of backward(): the model's parameters get no gradient",
            fix=f"Leave {step.name}() out of the loss and remove requires_grad_()",
            related=(queries.place(step),),
        )


def _cut_terms(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Terms that are added to the loss although their gradient was lost on the way (numpy, item, tensor)."""
    for back in p.all("backward"):
        root = back.recv
        while root is not None and root.name in ("scaled", "div") and root.args and root.grad:
            root = root.args[0]
        if root is None or root.kind != "tensor" or root.name not in ("add", "sub"):
            continue
        stack = list(root.args)
        while stack:
            term = stack.pop()
            if term.kind == "tensor" and term.name in ("add", "sub") and term.grad:
                stack.extend(term.args)
                continue
            if term.grad or term.kind not in ("tensor", "number"):
                continue
            packed = _packed(term)
            if packed is not None and id(packed.node) not in seen:
                seen.add(id(packed.node))
                yield p.report(
                    "SB128",
                    packed,
                    f"a term of the loss is cut from the graph by {packed.name}(): it has no gradient and no effect",
                    why="a tensor that is made of a list of losses takes their numbers, not their graph",
                    fix="Use torch.stack([...]), which keeps the graph of every part",
                    related=((str(back.src.path), back.line, "backward()"),),
                )
            cut = _lost(term)
            if cut is not None and id(cut.node) not in seen:
                seen.add(id(cut.node))
                how = ".data" if cut.name == "data" else f"{cut.name}()"
                yield p.report(
                    "SB128",
                    cut,
                    f"a term of the loss is cut from the graph by {how}: it has no gradient and no effect",
                    why="numpy values and detached tensors are constants for backward(), so this term trains nothing",
                    fix="Compute the term with torch operations on the tensor itself",
                    related=((str(back.src.path), back.line, "backward()"),),
                )


_PICKS = frozenset(("getitem", "gather", "index_select", "masked_select", "take"))
_NUMBERS = frozenset(("numpy", "item", "tensor", "float_builtin"))


def _lost(term: Val) -> Val | None:
    """Where a term lost the gradient of a module: as numbers, on the way of its own value (not of what was chosen)."""
    stack: list[tuple[Val, bool]] = [(term, False)]
    at = 0
    while at < len(stack) and at < 120:
        one, numbers = stack[at]
        at += 1
        if one.kind not in ("tensor", "number", "phi", "unknown") or one.name in CHOICES:
            continue
        numbers = numbers or one.name in _NUMBERS
        if numbers and one.name in _WAYS_OUT and one.args and one.args[0].grad and _has_weights(one.args[0]):
            return one
        stack += [(a, numbers) for a in (one.args[:1] if one.name in _PICKS else one.args)]
    return None


_WAYS_OUT = ("detach", "numpy", "item", "data", "tolist", "float_builtin")


def _has_weights(val: Val) -> bool:
    return any(
        v.name in ("Parameter", "parameter", "forward") or getattr(v.owner, "kind", "") == "module"
        for v in ancestors(val, limit=60)
    )


def _packed(term: Val) -> Val | None:
    """``torch.tensor([loss, …])`` on the way to a term: new numbers, made from losses that had a gradient."""
    stack, at = [term], 0
    while at < len(stack) and at < 60:
        made = stack[at]
        at += 1
        if made.kind != "tensor" or made.name in CHOICES:
            continue
        packs = made.name in ("tensor", "Tensor", "as_tensor", "FloatTensor") and made.args and not made.grad
        if packs and any(v.name == "loss" and v.grad and _of_module(v) for v in _written_out(made.args[0])):
            return made
        stack += made.args
    return None


def _written_out(val: Val, depth: int = 0) -> Iterator[Val]:
    """What is in a list, and in the lists in it."""
    if val.kind not in ("list", "tuple"):
        yield val
    elif depth < 3:
        for item in val.items or ():
            yield from _written_out(item, depth + 1)


def _of_module(loss: Val) -> bool:
    """Whether a loss was computed from what a module gave."""
    return any(getattr(v.owner, "kind", "") == "module" or "opaque" in v.tags for v in ancestors(loss, limit=60))

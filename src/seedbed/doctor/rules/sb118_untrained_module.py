"""A module takes part in the loss but not in any optimizer.

## What it does

Finds a module that takes part in the loss but that no optimizer holds.

## Why is this bad

It gets gradients and never changes: a part of the network stays random.

## Example

```python
encoder = nn.Linear(4, 8)
decoder = nn.Linear(8, 4)
optimizer = torch.optim.Adam(decoder.parameters())
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(decoder(F.relu(encoder(x))), x).backward()
    optimizer.step()
```

## Use instead

```python
encoder = nn.Linear(4, 8)
decoder = nn.Linear(8, 4)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(decoder(F.relu(encoder(x))), x).backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import choosing, freezing, methods, ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    table = ownership.optimizers(p)
    if not p.complete or not table or any(not modules for _, _, modules in table):
        return
    if any(o.kind != "optimizer" for s in p.all("step") if s.recv is not None for o in s.recv.options()):
        return
    if any(
        "grown" in v.tags for _, o, _ in table for a in o.args[:1] for v in ancestors(a, limit=60) if v.kind == "list"
    ):
        yield from _without_biases(p)
        return
    holds = [m for _, optimizer, _ in table for m in ownership.held(optimizer)]
    learning = {id(e.recv) for e in p.all("mode") if e.name == "train"}
    begun = min((e.seq for e in p.all("backward")), default=0)  # eval() after the training freezes nothing
    loose = {id(e.recv) for e in p.all("mode") if e.name == "eval" and e.recv is not None and e.seq < begun}
    frozen = {*ownership.frozen(p), *freezing.by_name(p)}
    for module in training.trained_modules(p):
        if module.kind != "module" or module.copied is not None or "external" in module.tags or id(module) in frozen:
            continue
        first = p.all("backward")[0].seq
        if any(q.same(e.recv, module) and (e.seq < first or _copies(e, module)) for e in p.all("restore")):
            continue
        weights = [
            m
            for m in methods.submodules(module)
            if m.name.startswith(ownership.WEIGHTED) and not m.name.endswith("Loss")
        ]
        missing = [
            m for m in weights if not any(h is m for h in holds) and id(m) not in frozen and not _only_read(p, m)
        ]
        if not missing or any(_updated_by_hand(p, m) for m in missing):
            continue
        if not any(any(h is m for h in holds) for m in weights) and id(module) in loose - learning:
            continue
        if not any(ownership.related(h, t) for h in holds for t in training.trained_modules(p) if t.kind == "module"):
            continue
        if any("external" in m.tags for m in methods.submodules(module)):
            continue
        if not _flows(p, module) or not _applied(p, module, holds):
            continue
        event = table[0][0]
        name = missing[0].var or module.var or missing[0].name
        yield p.report(
            "SB118",
            event,
            f"{name} takes part in the loss but its parameters are in no optimizer: it is never updated (not trained)",
            why="it gets gradients, but nothing applies them, so it stays as it was initialised (its "
            "gradients only pile up)",
            fix=f"Pass {module.var or name}.parameters() to the optimizer (they are missing from it), or freeze it "
            f"with requires_grad_(False) if that is meant",
            related=(q.place(missing[0]),),
        )
    yield from _loose_parameters(p)
    yield from _without_biases(p)


def _copies(event: Event, module: Val) -> bool:
    """Whether what is loaded into a module is the state of another one, that it follows: a target network."""
    state = event.arg(0, "state_dict")
    behind = ancestors(state, limit=12) if state is not None else []
    sources = [o for v in behind if v.kind == "state" and v.args for o in v.args[0].options()]
    return bool(sources) and not any(o is module or o.copied is module for o in sources)  # its own average leads to it


def _only_read(p: Program, layer: Val) -> bool:
    """Whether a layer is only ever called under ``no_grad``: it is a fixed part, and gets no gradient."""
    calls = [e for e in p.all("forward") if e.recv is not None and any(o is layer for o in e.recv.options())]
    return bool(calls) and not any(e.grad for e in calls)


def _without_biases(p: Program) -> Iterator[Finding]:
    """``[p for n, p in model.named_parameters() if "weight" in n]``: what no condition takes is in no group."""
    table = ownership.optimizers(p)
    if len(table) != 1 or any(e.name == ".add_param_group" for e in p.calls("add_param_group")) or p.all("manual"):
        return
    event, optimizer, modules = table[0]
    given = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
    sources = [given] if given is not None else []
    if given is not None and given.items and given.items[0].kind == "dict":
        sources = [g.attrs["params"] for g in given.items if "params" in g.attrs]
    known = [one for m in modules for one in choosing.parameters(m)]
    if not sources or not known or ownership.frozen(p) or freezing.by_name(p):
        return
    matrix = [choosing.picks(p, s, choosing.MATRIX) for s in sources]
    bias = [choosing.picks(p, s, choosing.BIAS) for s in sources]
    if any(one.rank == 1 for one in known) and any(m is True for m in matrix) and all(b is False for b in bias):
        yield p.report(
            "SB118",
            event,
            "the biases are in no parameter group of the optimizer: only the weight matrices are trained",
            why="the condition on the name or shape leaves out every bias (and norm), so they stay at their start",
            fix="Add a second group with the rest of the parameters",
        )
        return
    yield from _left_out(p, event, modules, sources)


def _left_out(p: Program, event: Event, modules: list[Val], sources: list[Val]) -> Iterator[Finding]:
    """Layers whose names fit none of the conditions that the groups were picked by."""
    trained = {id(m) for m in training.trained_modules(p)}
    tops = [m for m in modules if id(m) in trained]
    if len(set(map(id, tops))) != 1 or tops[0].copied is not None or "external" in tops[0].tags:
        return
    taken = {id(e.recv) for e in p.all("forward") if training.trained_output(p, e.result)}
    missing = [one for one in choosing.parameters(tops[0]) if _in_no_group(p, one, sources, taken)]
    if not missing:
        return
    said = ", ".join(one.name for one in missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    one = missing[0]
    be, them = ("is", "it") if len(missing) == 1 else ("are", "them")
    yield p.report(
        "SB118",
        choosing.last_choice(p, sources[-1]) or event,
        f"{said} {be} in no parameter group, so the optimizer never gets {them}: never updated (not trained)",
        why="the groups' conditions on names and shapes (ndim) do not cover everything: what is left out takes part "
        "in the loss and gets gradients, but is never updated",
        fix="Let the last group take the rest (else), every parameter that no other group has",
        related=(q.place(one.module),) if one.module is not None else (),
    )


def _in_no_group(p: Program, one: choosing.Parameter, sources: list[Val], taken: set[int]) -> bool:
    """Whether a parameter that a loss reaches is picked by none of the groups' conditions."""
    if one.module is None or id(one.module) not in taken or not (one.name.endswith("weight") or _used(p, one)):
        return False
    return all(choosing.picks(p, s, one) is False for s in sources) and not _only_read(p, one.module)


def _used(p: Program, one: choosing.Parameter) -> bool:
    """Whether it is a parameter that a module holds itself and that a loss reaches."""
    own = one.module.attrs.get(one.name.rsplit(".", 1)[-1]) if one.module is not None else None
    if own is None or own.name != "Parameter" or not own.grad:
        return False
    roots = [r for b in p.all("backward") for r in (b.recv, *b.args) if r is not None]
    return any(id(own) in training.gradient_path_cached(p, r) for r in roots)


def _flows(p: Program, module: Val) -> bool:
    """Whether a gradient reaches the module: the output of a target network is detached."""
    roots = [r for b in p.all("backward") if b.name != "grad" for r in (b.recv, *b.args) if r is not None]
    for event in p.all("forward"):
        if event.recv is None or not event.grad or not any(o is module for o in event.recv.options()):
            continue
        outputs = [event.result, *q.flat((event.result.items or ()) if event.result is not None else ())]
        if any(id(v) in training.gradient_path_cached(p, r) for r in roots for v in outputs if v is not None):
            return True
    return False


def _applied(p: Program, module: Val, holds: list[Val]) -> bool:
    """Whether the gradients that a module gets are those of a step, rather than of a look at the gradients alone."""
    held, mine = {id(h) for h in holds}, {id(m) for m in methods.submodules(module)}
    steps = p.all("step", "scaler_step")
    for back in p.all("backward"):
        roots = [r for r in (back.recv, *back.args) if r is not None]
        owners = {id(v.owner) for r in roots for v in ancestors(r) if v.owner is not None and v.grad}
        if owners & mine and (owners & held or any(_same_round(p, back, s) for s in steps)):
            return True
    return False


def _same_round(p: Program, back: Event, step: Event) -> bool:
    """Whether a step comes after a backward() in the same round of the same loop, of an optimizer that was there."""
    if step.seq < back.seq or step.loops != back.loops or step.rounds != back.rounds:
        return False
    return any(made.seq < back.seq for made, o, _ in ownership.optimizers(p) if not _other(step, o))


def _other(step: Event, optimizer: Val) -> bool:
    """Whether a step surely is that of another optimizer."""
    return step.kind == "step" and step.recv is not None and not q.same(step.recv, optimizer)


def _learned_beside(p: Program, output: Val | None) -> bool:
    """Whether a loss made with an output goes backward while there is an optimizer: earlier ones are only looked at."""
    made = min((e.seq for e, _, _ in ownership.optimizers(p)), default=0)
    parts = [v for v in (output, *((output.items or ()) if output is not None else ())) if v is not None]
    sources = p.backward_sources()
    return any(seq > made and any(id(v) in found for v in parts) for seq, found in sources.items())


_FOLLOWS = frozenset(["copy_", "lerp_", "set_", "mul_", "add_", "sub_"])


def _updated_by_hand(p: Program, module: Val) -> bool:
    """Whether something writes into its parameters: an update by hand, or a target network that follows another."""
    if p.all("manual"):
        return True
    into = [e.recv for e in p.all("inplace") if e.name in _FOLLOWS and e.recv is not None]
    owners = (m for v in into if v.name in ("parameter", "data") for m in ownership.modules_of(v))
    return any(m is module or ownership.contains(m, module) for m in owners)


def _loose_parameters(p: Program) -> Iterator[Finding]:
    """Parameters of a loss (task weights, class centres) or of a small module that no optimizer holds."""
    if not p.complete or p.all("manual"):
        return
    table = ownership.optimizers(p)
    if (
        not table
        or any(not modules for _, _, modules in table)
        or any(e.name == ".add_param_group" for e in p.calls("add_param_group"))
    ):
        return
    holds = {id(m) for _, optimizer, _ in table for m in ownership.held(optimizer)}
    given = {id(v) for _, o, _ in table for a in o.inputs() for v in ancestors(a, limit=400)}
    lists = [m for _, _, modules in table for m in modules if m.name in ("ParameterList", "ParameterDict")]
    given |= {id(v) for m in lists for v in (*(m.items or ()), *m.attrs.values())}
    frozen = ownership.frozen(p)
    yield from _of_script(p, given)
    seen = {id(e.args[1]) for e in p.all("replace") if id(e.recv) in holds}  # put into a held model for a while
    for event in p.all("criterion", "forward"):
        module = event.recv
        if module is None or module.kind != "module" or module.owner is None or not event.grad or id(module) in seen:
            continue
        seen.add(id(module))
        own = ownership.own_parameters(module)
        loose = [(n, v) for n, v in own if v.grad and not {id(v), id(module.attrs.get(n))} & given]
        if event.kind == "criterion":
            inner = [m for m in methods.submodules(module)[1:] if m.name.startswith(ownership.WEIGHTED)]
            loose += [(m.var, m) for m in inner if id(m) not in holds and id(m) not in frozen]
        if not loose or id(module) in holds or id(module) in frozen or module.copied is not None:
            continue
        if event.kind == "forward" and event.depth and any(id(module) in {id(s) for s in m} for m in _trees(p)):
            continue  # a part of a model that is judged as a whole
        if not training.trained_output(p, event.result) or any(e.recv is module for e in p.all("restore")):
            continue
        if not _learned_beside(p, event.result):
            continue
        if any(
            e.name in (".parameters", ".named_parameters") and e.recv is module
            for e in p.calls("parameters", "named_parameters")
        ):
            continue
        name = module.var or module.name
        yield p.report(
            "SB118",
            table[0][0],
            f"{name} ({module.name}) has parameters of its own ({loose[0][0]}) that are not in the optimizer: "
            "they are never trained",
            why="they take part in the loss and get gradients, but nothing applies them, so they stay at their start",
            fix=f"Give the optimizer both: [*model.parameters(), *{name}.parameters()]",
            related=(q.place(loose[0][1]),),
        )


def _of_script(p: Program, given: set[int]) -> Iterator[Finding]:
    """A parameter that belongs to no module, takes part in the loss and is in no optimizer."""
    table = ownership.optimizers(p)
    known = {id(v) for _, _, ms in table for m in ms for s in methods.submodules(m) for v in s.attrs.values()}
    for name, val, event in p.assigns:
        if val.kind != "tensor" or val.name != "Parameter" or not val.grad or id(val) in given or id(val) in known:
            continue
        if any(e.args and e.args[-1] is val for e in p.all("attribute", "setitem", "keep")) or event.funcs:
            continue
        roots = [r for b in p.all("backward") for r in (b.recv, *b.args) if r is not None]
        if not any(id(val) in training.gradient_path_cached(p, r) for r in roots):
            continue
        yield p.report(
            "SB118",
            event,
            f"{name} is an nn.Parameter that takes part in the loss, but it is in no optimizer: it is never trained",
            why="it gets gradients, but nothing applies them, so it stays at its start",
            fix=f"Give it to the optimizer: [*model.parameters(), {name}]",
            related=((str(table[0][0].src.path), table[0][0].line, "the optimizer"),),
        )
        return


def _trees(p: Program) -> list[list[Val]]:
    return [methods.submodules(m) for m in training.trained_modules(p)]

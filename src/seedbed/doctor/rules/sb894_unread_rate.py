"""A learning rate is set and never given to the optimizer.

## What it does

Finds programs that set a learning rate (a number, a parameter, a command line option) which nothing reads, while the
optimizer is made without one.

## Why is this bad

The optimizer uses its default rate. Changing the number changes nothing.

## Example

```python
lr = 3e-2
optimizer = torch.optim.Adam(model.parameters())
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
lr = 3e-2
optimizer = torch.optim.Adam(model.parameters(), lr=lr)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_RATE = re.compile(r"(init_|base_|initial_)?(lr|learning_?rate)$", re.IGNORECASE)
_DEFAULTS = {"Adam": 1e-3, "AdamW": 1e-3, "SGD": 1e-3, "RMSprop": 1e-2, "NAdam": 2e-3, "RAdam": 1e-3, "Adamax": 2e-3}
# names that are read without being named
_WHOLE = re.compile(r"\b(locals|globals|vars|exec|__dict__|asdict)\b|(?<![.\w])eval\(")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    made = [(e, o) for e, o, _ in ownership.optimizers(p)]
    yield from _only_shown(p, made)
    if not made or any(o.owner is not None or o.name not in _DEFAULTS or _has_rate(o.args, o.kwargs) for _, o in made):
        return
    if any(e.result is not None and e.result.name in ("OneCycleLR", "CyclicLR") for e in p.makers("scheduler")):
        return
    event, optimizer = made[0]
    spread = isinstance(event.node, ast.Call) and any(k.arg is None for k in event.node.keywords)
    if spread or event.src is not p.source or _WHOLE.search(p.source.text) or _moved(p):
        return
    default = _DEFAULTS[optimizer.name]
    for node, name, value in (*_names(p, event), *_options(p)):
        if value == default or value is None:
            continue
        yield p.report(
            "SB894",
            event,
            f"{optimizer.name} is made without a learning rate: {name} = {value:g} is set but never read, the default "
            f"lr={default:g} is used",
            why="the rate that the program names has no effect: tuning it changes nothing",
            fix=f"Pass it: torch.optim.{optimizer.name}(parameters, lr={name})",
            related=((str(p.source.path), getattr(node, "lineno", event.line), "the rate that nobody reads"),),
        )
        return


def _only_shown(p: Program, made: list[tuple[Event, Val]]) -> Iterator[Finding]:
    """``lr = decayed(epoch)`` in the loop of training that is printed, and nothing else."""
    text = p.source.text
    if not made or "param_groups" in text or _WHOLE.search(text) or p.makers("scheduler") or p.all("schedule"):
        return
    loops = {id(frame.node): frame.node for e in p.all("step") for frame in e.loops}
    names = [n for n in p.nodes(ast.Name) if isinstance(n.ctx, ast.Load)]
    shown = {
        id(n)
        for call in p.nodes(ast.Call)
        if syntax.text(call.func).rsplit(".", 1)[-1] in _SHOWS
        for part in (*call.args, *[k.value for k in call.keywords])
        for n in syntax.walk(part)
    }
    for loop in (n for n in loops.values() if isinstance(n, ast.For)):
        turns = {n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)}
        for node in (s for s in loop.body if isinstance(s, ast.Assign) and len(s.targets) == 1):
            target = node.targets[0]
            name = target.id if isinstance(target, ast.Name) else ""
            read = [n for n in names if n.id == name]
            moves = any(isinstance(n, ast.Name) and n.id in turns for n in syntax.walk(node.value))
            if _RATE.match(name) and moves and read and all(id(n) in shown for n in read):
                yield p.report(
                    "SB894",
                    (node, p.source),
                    f"{name} is worked out in every round and only printed: no optimizer ever gets it",
                    why="the rate that the program shows has no effect: it trains with the first one to the end",
                    fix=f'Set it: for group in optimizer.param_groups: group["lr"] = {name}',
                    related=((str(made[0][0].src.path), made[0][0].line, "the optimizer, with its own rate"),),
                )
                return


_SHOWS = frozenset(["print", "append", "info", "debug", "write", "add_scalar", "set_postfix", "set_description", "log"])


def _has_rate(args: Sequence[Val], kwargs: Mapping[str, Val]) -> bool:
    """Whether an optimizer is given a rate, or arguments or groups that may hold one."""
    first = args[0] if args else None
    return len(args) > 1 or "lr" in kwargs or (first is not None and first.kind == "list")


def _moved(p: Program) -> bool:
    """Whether something writes the rate of a group."""
    return any(
        isinstance(n.slice, ast.Constant) and n.slice.value == "lr" and isinstance(n.ctx, ast.Store)
        for n in p.nodes(ast.Subscript)
    )


def _names(p: Program, event: Event) -> Iterator[tuple[ast.AST, str, float | None]]:
    """Numbers called like a rate, and parameters of the function that makes the optimizer, which nobody reads."""
    read = {n.id for n in p.nodes(ast.Name) if isinstance(n.ctx, ast.Load)}
    read |= {n.attr for n in p.nodes(ast.Attribute) if isinstance(n.ctx, ast.Load)}  # of a class of settings
    for node in p.nodes(ast.Assign):
        target = node.targets[0]
        own = isinstance(target, ast.Attribute) and syntax.text(target.value) == "self"
        name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "") if own else ""
        if len(node.targets) == 1 and _RATE.match(name) and name not in read:
            yield node, syntax.text(target), _number(node.value)
    func = event.funcs[-1].node if event.funcs else None
    if isinstance(func, ast.FunctionDef) and func.args.kwarg is None:
        args = func.args.args
        inside = {n.id for n in syntax.walk(func) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        for arg, value in zip(args[len(args) - len(func.args.defaults) :], func.args.defaults, strict=True):
            if _RATE.match(arg.arg) and arg.arg not in inside:
                yield arg, arg.arg, _number(value)


def _options(p: Program) -> Iterator[tuple[ast.AST, str, float | None]]:
    """Options of the command line called like a rate, which nobody reads."""
    read = {n.attr for n in p.nodes(ast.Attribute) if isinstance(n.ctx, ast.Load)}
    for call in p.nodes(ast.Call):
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "add_argument":
            continue
        said = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        name = next((s.lstrip("-").replace("-", "_") for s in said if s.startswith("--")), "")
        default = next((k.value for k in call.keywords if k.arg == "default"), None)
        if name and _RATE.match(name) and name not in read and not any(k.arg == "dest" for k in call.keywords):
            yield call, f"args.{name}", _number(default)


def _number(node: ast.expr | None) -> float | None:
    """A number that is written out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return float(node.value)
    return None

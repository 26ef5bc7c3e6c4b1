"""Evaluation feeds the true tokens to the decoder (teacher forcing).

## What it does

Finds evaluations in which a forward pass still chooses the true previous step (teacher forcing) at random or always.

## Why is this bad

The decoder gets answers that it will not have when it is used. The score is far too good.

## Example

```python
class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(1, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, h, future, ratio=0.5):
        prev, steps = torch.zeros(len(h), 1), []
        for t in range(10):
            h = self.cell(prev, h)
            value = self.out(h)
            steps.append(value)
            prev = future[:, t : t + 1] if torch.rand(1).item() < ratio else value
        return torch.cat(steps, 1)

model = Decoder()
opt = torch.optim.Adam(model.parameters())
for h, future in loader:
    loss = F.mse_loss(model(h, future), future)
    opt.zero_grad()
    loss.backward()
    opt.step()
model.eval()
with torch.no_grad():
    for h, future in val_loader:
        print(F.mse_loss(model(h, future), future).item())
```

## Use instead

```python
class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(1, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, h, future, ratio=0.5):
        prev, steps = torch.zeros(len(h), 1), []
        for t in range(10):
            h = self.cell(prev, h)
            value = self.out(h)
            steps.append(value)
            prev = future[:, t : t + 1] if torch.rand(1).item() < ratio else value
        return torch.cat(steps, 1)

model = Decoder()
opt = torch.optim.Adam(model.parameters())
for h, future in loader:
    loss = F.mse_loss(model(h, future), future)
    opt.zero_grad()
    loss.backward()
    opt.step()
model.eval()
with torch.no_grad():
    for h, future in val_loader:
        print(F.mse_loss(model(h, future, ratio=0.0), future).item())
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax, tokens, training
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_DRAWS = frozenset(["random", "rand", "uniform", "np_rand", "np_random", "np_uniform"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _unused_decoder(p)
    yield from _switched_on(p)
    seen: set[int] = set()
    for event in training.evaluations(p):
        if event.mode == "train" and event.grad:
            continue
        chance, draw = _chance(p, event)
        if draw is None or chance is None or id(event.node) in seen or _also_free(p, event) or _looked_at(p, event):
            continue
        seen.add(id(event.node))
        how = "always" if isinstance(chance, (int, float)) and chance >= 1 else f"with probability {chance}"
        yield p.report(
            "SB820",
            event,
            f"teacher forcing stays on in evaluation: the decoder {how} gets the ground truth as its last step",
            why="it will not have the true tokens when it is used, so the score is far too good",
            fix="Pass a teacher forcing ratio of 0 in evaluation, so that the decoder reads its own predictions",
            related=((str(draw.src.path), draw.line, "the choice"),),
        )


def _switched_on(p: Program) -> Iterator[Finding]:
    """``tok = truth[:, t] if teacher_forcing else guess`` with the switch on, where the choices are then scored."""
    seen: set[int] = set()
    off = {
        id(e.recv) for e in training.evaluations(p) if any(v.const is False for v in (*e.args, *e.kwargs.values()))
    }  # measured without the truth too
    picks = [e for e in p.makers("argmax") if e.result is not None]
    for event in training.evaluations(p):
        cls = event.recv.owner if event.recv is not None else None
        method = cls.method("forward") if cls is not None and hasattr(cls, "method") else None
        if method is None or event.grad or id(event.node) in seen or id(event.recv) in off or _also_free(p, event):
            continue
        given = method.node.args
        names = [a.arg for a in given.args[1:]]
        preset = dict(zip(names[len(names) - len(given.defaults) :], given.defaults, strict=True))
        for at, name in enumerate(names):
            told = event.arg(at, name)
            default = preset.get(name)
            on = told.const is True if told is not None else isinstance(default, ast.Constant) and default.value is True
            scored = any(v is event.result for e in picks if e.result is not None for v in q.chain(e.result))
            if not on or not set(words(name)) & {"teacher", "forcing"} or not scored or not _asked(method.node, name):
                continue
            seen.add(id(event.node))
            yield p.report(
                "SB820",
                event,
                f"teacher forcing stays on in evaluation: {name} is True, so the decoder always gets the ground truth "
                "as its last step",
                why="it will not have the true tokens when it is used, so the score is far too good",
                fix=f"Pass {name}=False in evaluation, so that the decoder reads its own predictions",
            )
            break


def _asked(method: ast.AST, name: str) -> bool:
    """Whether a loop of a method asks this switch, and nothing else with it."""
    return any(
        isinstance(n, (ast.If, ast.IfExp)) and isinstance(n.test, ast.Name) and n.test.id == name
        for loop in syntax.walk(method)
        if isinstance(loop, (ast.For, ast.While))
        for n in syntax.walk(loop)
    )


def _looked_at(p: Program, event: Event) -> bool:
    """Whether nothing but the shape of an output is asked for: a pass that tries the model."""
    stack, seen = [event.result] if event.result is not None else [], set[int]()
    while stack:
        for user in q.users(p, stack.pop()):
            if user.name in _PARTS and id(user) not in seen:
                seen.add(id(user))
                stack.append(user)
            elif user.name not in _SHAPES and id(user) not in seen:
                return False
    return event.result is not None and not any(v is event.result for e in p.all("return", "keep") for v in e.args)


_PARTS = frozenset(["getitem", "view", "reshape", "part", "transpose", "permute", "contiguous", "squeeze"])
_SHAPES = frozenset(["size", "shape", "dim", "numel", "len", "ndim", "print"])


def _also_free(p: Program, event: Event) -> bool:
    """Whether the same batch is also decoded without the truth: the forced pass then only gives the likelihood."""
    return any(
        e.recv is event.recv
        and e.node is not event.node
        and e.loop is not None
        and event.loop is not None
        and e.loop.node is event.loop.node
        and len(e.args) + len(e.kwargs) < len(event.args) + len(event.kwargs)
        and _chance(p, e)[1] is None
        for e in training.evaluations(p)
    )


def _unused_decoder(p: Program) -> Iterator[Finding]:
    """A sequence-to-sequence model with a method that decodes, measured with the true tokens as its input."""
    for cls in p.classes:
        if cls.base != "module" or cls.src is not p.source:
            continue
        own = [m.owner for n, m in cls.scope.vars.items() if m.kind == "func" and _DECODES & set(words(n))]
        if not own or any(f.calls for f in own):
            continue
        for event in training.evaluations(p):
            known = event.recv.owner if event.recv is not None else None
            if known is not cls or (event.mode == "train" and event.grad) or len(event.args) < 2:
                continue
            shifted = [a for a in event.args[1:] if "-1" in tokens.token_source(a)[1]]
            if not shifted or not _scored(p, event, shifted[0]):
                continue
            yield p.report(
                "SB820",
                event,
                f"evaluation is teacher forced: the decoder gets the ground truth tokens, and {own[0].name}() (greedy, "
                "autoregressive) is never called",
                why="it will not have the true previous tokens when it is used, so the score is far too good",
                fix=f"Decode with {own[0].name}() in evaluation and compare what it gives with the targets",
            )
            break


_DECODES = frozenset(
    ["greedy", "generate", "decode", "translate", "infer", "sample", "predict", "beam", "autoregressive"]
)


def _scored(p: Program, event: Event, given: Val) -> bool:
    """Whether the choices of a model are compared with the same targets that it was given."""
    truth = tokens.token_source(given)[0]
    picks = [
        e
        for e in p.makers("argmax")
        if e.result is not None and e.result.name == "argmax" and any(v is event.result for v in q.chain(e.result))
    ]
    return truth is not None and any(
        any(v is e.result for e in picks for a in c.args for v in q.chain(a))
        and any(tokens.token_source(a)[0] is truth for a in c.args)
        for c in p.all("compare")
    )


def _chance(p: Program, event: Event) -> tuple[object, Event | None]:
    """The probability with which a call of a model still reads the truth, and where it is compared."""
    for test in p.all("compare"):
        if test.seq > event.seq or len(test.args) != 2 or not any(site[0] is event.node for site in test.sites):
            continue
        if test.name not in ("Lt", "LtE", "Gt", "GtE"):
            continue
        left, right = test.args
        draw, limit = (left, right) if _is_draw(left) else (right, left)
        if not _is_draw(draw) or limit.kind != "const" or not isinstance(limit.const, (int, float)) or not limit.const:
            continue
        if not _forces(limit, test):
            continue
        return limit.const, test
    return None, None


def _is_draw(val: Val) -> bool:
    return any(v.name in _DRAWS for v in q.chain(val)[:4]) or val.name in _DRAWS


def _forces(limit: Val, test: Event) -> bool:
    """Whether the choice stands in a loop over steps of a model with targets among its inputs, and not in training."""
    if not test.loops or any(c[2].name == "training" for c in test.conds):
        return False
    names: set[str] = set()
    for func in reversed(test.funcs):  # a function within the method knows the arguments of the method
        names |= {w for a in func.node.args.args for w in words(a.arg)}
        if func.name != "<lambda>" and (func.owner is not None or func.scope.outer is None):
            break
    return bool(
        names & {"teacher", "forcing", "tf", "target", "targets", "trg", "tgt", "future", "y", "ratio", "truth"}
    )

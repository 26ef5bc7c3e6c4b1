"""The sign of the loss is wrong: training makes it worse.

## What it does

Finds losses with the wrong sign: a negated cross-entropy or error, a log-likelihood that is minimised, or a generator
that is trained with the label of fakes.

## Why is this bad

The optimizer minimises. With the wrong sign it makes the model worse at every step.

## Example

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = -F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 3)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb848_adversarial_goals import fake_level
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import opponents, ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import Val, ancestors

_KNOWN = {
    "CrossEntropyLoss",
    "MSELoss",
    "L1Loss",
    "NLLLoss",
    "BCEWithLogitsLoss",
    "BCELoss",
    "SmoothL1Loss",
    "HuberLoss",
}


_LOGS = frozenset(["log", "log_softmax", "log_prob", "logsigmoid"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        root = back.recv
        if (
            root is None
            or back.name == "grad"
            or back.args  # backward(minus_one): the sign is in the gradient that it begins with
            or "gradient" in back.kwargs
            or (ownership.optimizers(p) and not any(ms for _, _, ms in ownership.optimizers(p)))
        ):
            continue
        yield from _taken_from_one(p, back, seen)
        yield from _rewarded_size(p, back, seen)
        leaves = training.signed_terms(root)
        losses = [(s, v) for s, v in leaves if v.name == "loss" and v.tags & _KNOWN]
        logs = [(s, v) for s, v in leaves if v.name in _LOGS or _collected(v)]
        up = any(
            o.kwargs.get("maximize") is not None and o.kwargs["maximize"].const is True
            for _, o, _ in ownership.optimizers(p)
        ) or any(e.name in ("Add", "add_") for e in p.all("manual"))
        if losses and not up and all(s == -1 for s, _ in losses) and id(back.node) not in seen:
            if len(leaves) > len(losses) or opponents.against(p, back, [v for _, v in losses]):
                continue
            seen.add(id(back.node))
            where = losses[0][1]
            yield p.report(
                "SB236",
                where,
                "the sign of the loss is wrong: it is negated, so training maximises it",
                why="the optimizer minimises what backward() gets, so the error grows with every step",
                fix="Remove the minus sign",
                related=((str(back.src.path), back.line, "backward()"),),
            )
        elif (
            logs
            and not losses
            and len(logs) == len(leaves)
            and all(s == 1 for s, _ in logs)
            and not up
            and id(back.node) not in seen
            and (training.moves(p, root) or p.all("manual"))  # else only a gradient is looked at
            and not opponents.against(p, back, [v for _, v in logs])
        ):
            seen.add(id(back.node))
            yield p.report(
                "SB236",
                root if _collected(logs[0][1]) else logs[0][1],
                "a log-likelihood is minimised: the minus sign is missing",
                why="the optimizer minimises, so it makes the right answers less likely",
                fix="Negate it: loss = -log_prob.mean()",
                related=((str(back.src.path), back.line, "backward()"),),
            )
    yield from _generators(p, seen)


def _rewarded_size(p: Program, back: Event, seen: set[int]) -> Iterator[Finding]:
    """``loss - 1e-4 * weight.pow(2).sum()``: the penalty is subtracted, so large weights are rewarded."""
    terms = f.summands(back.recv) if back.recv is not None else []
    if (
        not any(s == 1 and t.name in ("loss", "forward", "mean", "neg", "clamp", "relu") for s, t in terms)
        and len(terms) < 2
    ):
        return
    for sign, term in terms:
        power = term.name in ("pow", "square", "norm", "abs", "vector_norm") and bool(term.args)
        if sign != -1 or not power or not term.grad or id(term.node) in seen:
            continue
        base = f.core(term.args[0])
        own = base.name in ("Embedding", "weight", "bias", "parameter", "Parameter") or "parameter" in base.tags
        if own or (isinstance(base.node, ast.Attribute) and base.node.attr in ("weight", "bias")):
            seen.add(id(term.node))
            yield p.report(
                "SB236",
                term,
                "the weight penalty is subtracted from the loss: its sign is wrong, so large weights are rewarded",
                why="the optimizer minimises the sum, so the weights grow without end",
                fix="Add the penalty: loss + l2 * weight.pow(2).sum()",
                related=((str(back.src.path), back.line, "backward()"),),
            )


def _taken_from_one(p: Program, back: Event, seen: set[int]) -> Iterator[Finding]:
    """``1 - a * loss`` in a sum: the parenthesis of ``(1 - a) * loss`` ends too late, so the loss is maximised."""
    stack, count = [back.recv], 0
    while stack and count < 40:
        one = stack.pop()
        count += 1
        if one is None:
            continue
        if one.kind == "phi" or one.name in ("add", "Add", "mean"):
            stack.extend(a for a in one.args if a.grad)
        elif one.name == "sub" and len(one.args) == 2 and one.args[0].kind in ("const", "number"):
            inner = [a for a in (one.args[1].args if one.args[1].name == "mul" else one.args[1:]) if a.grad]
            if len(inner) == 1 and inner[0].name == "loss" and inner[0].tags & _KNOWN and id(one.node) not in seen:
                seen.add(id(one.node))
                yield p.report(
                    "SB236",
                    one,
                    "a loss is subtracted from a constant (1 - a * loss): its sign is wrong, so training maximises it",
                    why="the optimizer minimises what backward() gets; the parenthesis of (1 - a) * loss is misplaced",
                    fix="Write (1 - a) * loss",
                    related=((str(back.src.path), back.line, "backward()"),),
                )


def _collected(val: Val) -> bool:
    """Log-probabilities of the steps of an episode, put together."""
    return val.name in ("stack", "cat", "concat") and any(v.name == "log_prob" for v in ancestors(val, limit=8))


def _generators(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Generators that are trained with the label of fakes."""
    reader = opponents.Reader(p)
    for maker, judge in opponents.helping(p):
        term = f.core(maker.term)
        if term.name == "loss" and len(term.args) > 1 and id(term.node) not in seen:
            seen.add(id(term.node))
            at = opponents.written(p, term, [f.core(judge.term)], maker.back)
            yield _as_fake(p, at, (reader.goal(term) or 0.0) > 0.5)
    yield from _unread(p, seen)


def _as_fake(p: Program, at: Event | Val | Place, swapped: bool) -> Finding:
    return p.report(
        "SB236",
        at,
        f"the generator is trained with the fake label ({int(swapped)}): the sign of its loss is wrong",
        why="with the wrong target it learns to make the discriminator recognise its samples instead of fooling it",
        fix=f"Use the real label ({'zeros' if swapped else 'ones'}) for its samples in the generator's loss",
    )


def _unread(p: Program, seen: set[int]) -> Iterator[Finding]:
    """The same where the discriminator's own loss is no formula that can be read."""
    fake, reader = fake_level(p), opponents.Reader(p)
    for back in p.once("backward"):
        root = back.recv
        step = next((s for s in p.all("step") if s.seq > back.seq and s.loops == back.loops), None)
        if root is None or step is None or step.recv is None or step.recv.kind != "optimizer":
            continue
        own = ownership.held(step.recv)
        for event in p.all("loss"):
            if event.name not in ("BCELoss", "BCEWithLogitsLoss") or len(event.args) < 2 or event.result is None:
                continue
            if event.loops != back.loops or not any(v is event.result for v in ancestors(root, limit=200)):
                continue
            swapped, label = fake == 1.0, reader.goal(event.result)  # there the label of fakes is one
            if label is None or abs(label - swapped) > 0.1:
                continue
            judge = next((v for v in q.chain(event.args[0]) if v.owner is not None), None)
            made = [v for v in ancestors(event.args[0], limit=400) if v.owner is not None and v is not judge and v.grad]
            if judge is None or any(o is judge.owner for o in own) or id(event.node) in seen:
                continue
            mine = {id(v.owner) for v in made if any(o is v.owner for o in own)}
            turned = any(sign < 0 and v is event.result for sign, v in training.signed_terms(root))
            if mine and not turned and not opponents.judged(p, mine):
                seen.add(id(event.node))
                yield _as_fake(p, event, swapped)

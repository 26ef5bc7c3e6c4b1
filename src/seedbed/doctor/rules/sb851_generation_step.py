"""A step of text generation uses the scores in the wrong way.

## What it does

Finds scores multiplied by the temperature, a temperature after the softmax, a top-k filter that removes the best
tokens, scores of the first position, and new tokens that are not appended.

## Why is this bad

The samples come from another distribution than the one the model has learned.

## Example

```python
net = nn.Sequential(nn.Embedding(50, 32), nn.Linear(32, 50))

def generate(ids, n, temperature=0.8):
    for _ in range(n):
        logits = net(ids)[:, -1] * temperature
        ids = torch.cat([ids, torch.multinomial(logits.softmax(-1), 1)], 1)
    return ids

generate(torch.zeros(1, 1, dtype=torch.long), 10)
```

## Use instead

```python
net = nn.Sequential(nn.Embedding(50, 32), nn.Linear(32, 50))

def generate(ids, n, temperature=0.8):
    for _ in range(n):
        logits = net(ids)[:, -1] / temperature
        ids = torch.cat([ids, torch.multinomial(logits.softmax(-1), 1)], 1)
    return ids

generate(torch.zeros(1, 1, dtype=torch.long), 10)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import TRANSPARENT, Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("multinomial", "argmax", "sample"):
        made = event.result
        if made is None or id(event.node) in seen or made.name not in ("multinomial", "argmax", "sample"):
            continue
        if made.name == "sample":
            inner = event.recv
            source = inner.arg(0, "probs") or inner.arg(1, "logits") if inner is not None else None
        else:
            source = made.args[0] if made.args else None
        if source is None or not event.loops:
            continue
        for at, problem in (_temperature(source), _filter(p, source, event), _position(event, source)):
            if problem and at is not None and id(at.node) not in seen:
                seen |= {id(at.node), id(event.node)}
                yield _report(p, at, problem)
        if (alone := _context_lost(p, made, event)) is not None and id(alone.node) not in seen:
            seen.add(id(alone.node))
            yield p.report(
                "SB851",
                alone,
                f"generation: {alone.name} is replaced by the new token alone: what was generated before is lost",
                why="a model without a state sees one token only, so the text does not follow from its beginning",
                fix=f"Append the token: {alone.name} = torch.cat([{alone.name}, token], dim=1)",
            )
        if made.name == "multinomial" and _place_in_best(p, made, source) and id(made.node) not in seen:
            seen |= {id(made.node), id(event.node)}
            yield _report(
                p,
                made,
                "what is drawn among the k best scores is a place in their list, not a token, but the model gets it as "
                "the next token: topk(k).indices.gather(-1, drawn) is missing",
            )
        joined = _joined(p, made, event)
        if joined is not None and id(joined.node) not in seen:
            seen.add(id(joined.node))
            yield _report(p, joined, "the new token is put in front of the sequence, not behind it")


def _report(p: Program, at: Val, problem: str) -> Finding:
    return p.report(
        "SB851",
        at,
        f"generation: {problem}",
        why="the sampled tokens do not follow the distribution that the model has learned for the next token",
        fix="Use logits[:, -1] / temperature, filter the scores below the k-th, then softmax and multinomial, and "
        "append the token: torch.cat([ids, token], dim=1)",
    )


def _hot(val: Val, side: ast.AST | None = None) -> bool:
    """Whether a factor is a temperature, by its name."""
    said = set(words(val.var)) | (
        set(words(syntax.text(side))) if isinstance(side, (ast.Name, ast.Attribute)) else set()
    )
    return bool({"temperature", "temp", "tau"} & said)


def _sides(val: Val) -> list[tuple[Val, ast.AST | None]]:
    node = val.node if isinstance(val.node, ast.BinOp) else None
    return list(zip(val.args, (node.left, node.right) if node is not None else (None, None), strict=False))


def _temperature(source: Val) -> tuple[Val | None, str]:
    for val in ancestors(source, limit=60):
        if val.name == "mul" and len(val.args) == 2 and any(_hot(a, n) for a, n in _sides(val)):
            other = next((a for a, n in _sides(val) if not _hot(a, n)), None)
            if other is not None and any(v.owner is not None for v in ancestors(other, limit=30)):
                return val, "the scores are multiplied by the temperature: they must be divided by it"
        late = val.name in ("div", "mul") and len(val.args) == 2 and core(val.args[0]).name == "softmax"
        if late and (_hot(*_sides(val)[1]) or isinstance(val.args[1].const, float)):
            return val, "the temperature comes after the softmax, where it changes nothing: divide the scores by it"
    return None, ""


def _filter(p: Program, source: Val, event: Event) -> tuple[Val | None, str]:
    """``logits[logits > kth] = -inf``: the best scores are removed."""
    inside = {id(v) for v in ancestors(source, limit=120)}
    for item in p.all("setitem"):
        if item.recv is None or id(item.recv) not in inside or item.seq > event.seq or not item.args:
            continue
        value = item.args[-1]
        key = item.args[0]
        if _above(key, item.recv) and isinstance(value.const, (int, float)) and value.const < -1000:
            return key, "the top-k filter removes the best tokens and keeps the others (the comparison is inverted)"
    for val in ancestors(source, limit=80):
        if val.name == "masked_fill" and len(val.args) > 2 and _above(val.args[1], val.args[0]):
            low = val.args[2].const
            if isinstance(low, (int, float)) and low < -1000:
                return val, "the top-k filter removes the best tokens and keeps the others (the comparison is inverted)"
    return None, ""


def _place_in_best(p: Program, made: Val, source: Val) -> bool:
    """Whether a place among the best scores goes into a model as it is, and not into the table of their indices."""
    best = [
        v for v in ancestors(source, TRANSPARENT | {"softmax", "div", "exp"}, limit=20) if v.name in ("topk", "sort")
    ]
    if not best:
        return False
    for event in p.all("forward"):
        stack, seen = list(event.args[:1]), 0
        while stack and seen < 20:
            one, seen = core(stack.pop()), seen + 1
            if one is made and event.result is not None:
                return True
            if one.kind == "phi":
                stack.extend(one.args)
            elif one.name in ("cat", "concat", "stack") and one.args:
                stack.extend(one.args[0].items or [])
    return False


def _above(key: Val, scores: Val) -> bool:
    if key.name not in ("compare", "gt", "ge") or len(key.args) < 2:
        return False
    op = next((t for t in ("GtE", "Gt") if t in key.tags), key.name if key.name in ("gt", "ge") else "")
    kth = any(v.name in ("topk", "kthvalue", "sort") for v in ancestors(key.args[1], limit=12))
    return bool(op) and kth and core(key.args[0]) is core(scores)


def _position(event: Event, source: Val) -> tuple[Val | None, str]:
    """Scores of the first position while the sequence grows."""
    for val in ancestors(source, limit=60):
        if val.name != "getitem" or len(val.args) < 2 or not val.args[1].items or len(val.args[1].items) < 2:
            continue
        keys, made = val.args[1].items, core(val.args[0])
        model = any(v.owner is not None for v in ancestors(val.args[0], limit=4))
        if (
            keys[0].kind == "slice"
            and keys[0].args[0].is_none
            and keys[1].const == 0
            and model
            and made.owner is not None
        ):
            grown = [v for v in ancestors(made, limit=400) if v.name in ("cat", "phi") and v.line >= _start(event)]
            if grown and any(t.node is event.node for g in grown for t in ancestors(g, limit=60)):
                return val, "the scores of the first position are used: the next token follows the last one ([:, -1])"
    return None, ""


def _start(event: Event) -> int:
    return getattr(event.loops[-1].node, "lineno", 0)


def _joined(p: Program, made: Val, event: Event) -> Val | None:
    """A concatenation in which the new token comes first."""
    for other in p.makers("cat"):
        val = other.result
        if val is None or val.name != "cat" or other.seq < event.seq or other.loop is not event.loop or not val.args:
            continue
        items = val.args[0].items or []
        if len(items) == 2 and core(items[0]) is made and core(items[1]) is not made and _again(p, val):
            return val
    return None


def _again(p: Program, joined: Val) -> bool:
    """Whether the sequence that a token was put to is replaced by the longer one: ``ids = cat([token, ids])``."""
    parts = joined.node.args[0] if isinstance(joined.node, ast.Call) and joined.node.args else None
    old = syntax.text(parts.elts[-1]) if isinstance(parts, (ast.List, ast.Tuple)) and parts.elts else ""
    return any(val is joined and name == old for name, val, _ in p.assigns)


def _context_lost(p: Program, made: Val, event: Event) -> Event | None:
    """``ids = token`` in a loop in which a window of ``ids`` (``ids[:, -block:]``) is what the model gets."""
    loop = event.loops[-1].node
    windows = {
        syntax.text(n.value)
        for n in syntax.walk(loop)
        if isinstance(n, ast.Subscript)
        and isinstance(n.slice, ast.Tuple)
        and isinstance(n.slice.elts[-1], ast.Slice)
        and isinstance(n.slice.elts[-1].lower, ast.UnaryOp)
        and n.slice.elts[-1].upper is None
    }
    for name, val, at in p.assigns:
        if name in windows and core(val) is made and at.loop is not None and at.loop.node is loop:
            return at
    return None

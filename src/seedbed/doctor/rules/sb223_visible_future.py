"""Positions can see the future: the causal mask is missing or wrong.

## What it does

Finds language-model attention in which positions see the future: the causal mask is missing, upside down or
shifted.

## Why is this bad

The model copies the next token from its input. The loss is wonderful and generation is useless.

## Example

```python
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(64, 192)

    def forward(self, x):
        T = x.shape[1]
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = q @ k.transpose(-2, -1) / 8
        mask = torch.triu(torch.ones(T, T))
        scores = scores.masked_fill(mask == 0, float("-inf"))
        return scores.softmax(dim=-1) @ v
```

## Use instead

```python
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(64, 192)

    def forward(self, x):
        T = x.shape[1]
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = q @ k.transpose(-2, -1) / 8
        mask = torch.tril(torch.ones(T, T))
        scores = scores.masked_fill(mask == 0, float("-inf"))
        return scores.softmax(dim=-1) @ v
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import masks, syntax, tokens, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _kept(p)
    yield from _added(p)
    seen: set[int] = set()
    for event in p.makers("masked_fill", "masked_fill_"):
        made = event.result
        if (
            made is None
            or made.name not in ("masked_fill", "masked_fill_")
            or len(made.args) < 3
            or id(event.node) in seen
            or (isinstance(made.args[2].const, int | float) and made.args[2].const >= 0)  # hides nothing
        ):
            continue
        problem = _wrong_mask(made.args[1])
        if problem:
            seen.add(id(event.node))
            mask = _made_at(made.args[1])
            at = mask if mask is not None and "inverted" not in problem and mask.line else event
            yield _report(p, at, problem, event)
    layers = ("MultiheadAttention", "TransformerEncoder", "TransformerEncoderLayer")
    for event in (e for e in p.all("forward") if e.name in layers):
        if id(event.node) in seen or not tokens.reads_next(p, *event.args[:2]):
            continue
        names = ("attn_mask", "mask", "src_mask", "is_causal")
        if not any(n in event.kwargs and not event.kwargs[n].is_none for n in names) and len(event.args) < (
            2 if event.name != "MultiheadAttention" else 4
        ):
            seen.add(id(event.node))
            yield _report(p, event, "attention is called without a causal mask, but the targets are the next tokens")
            continue
        mask = next((event.kwargs[n] for n in names[:3] if n in event.kwargs), None)
        problem = _wrong_mask(mask) if mask is not None and mask.dtype == "bool" else ""
        if mask is not None and problem:
            seen.add(id(event.node))
            made = _made_at(mask)
            yield _report(p, made if made is not None and made.line else event, problem, event)
    for event in training.forwards_inside(p, "TransformerDecoder", "TransformerDecoderLayer", "Transformer"):
        if (
            id(event.node) in seen
            or (event.recv is not None and event.recv.owner is not None)  # a class of the program with this name
            or (event.name != "Transformer" and len(event.args) > 2)
            or "tgt_is_causal" in event.kwargs
        ):
            continue
        if "tgt_mask" not in event.kwargs and (len(event.args) < 4 or event.name != "Transformer") and p.trains:  # noqa: SIM102
            if _forced(p, event):
                seen.add(id(event.node))
                yield _report(p, event, f"{event.name} is called without tgt_mask, so the decoder sees the future")
    yield from _unmasked_scores(p, seen)


def _forced(p: Program, event: Event) -> bool:
    """Whether a decoder reads the very tokens that it is trained to give (and not queries of its own)."""
    read = event.arg(1 if event.name == "Transformer" else 0, "tgt")
    goals = [
        goal
        for e in p.all("loss")
        if e.name in ("CrossEntropyLoss", "NLLLoss") and len(e.args) > 1
        for goal in [tokens.token_source(e.args[1], through_batches=True)[0]]
        if goal is not None
    ]
    for val in ancestors(read, limit=400) if read is not None and goals else ():
        if val.name == "Embedding" and val.args:
            source = tokens.token_source(val.args[0], through_batches=True)[0]
            if any(source is goal for goal in goals):
                return True
    return False


# What is done to scores between the product and the softmax: a mask comes in there, however long the product's way was.
_ON_SCORES = frozenset(
    ("add", "sub", "mul", "div", "scaled", "clamp", "tanh", "float", "to", "type", "view", "reshape", "softmax", "phi")
)


def _unmasked_scores(p: Program, seen: set[int]) -> Iterator[Finding]:
    """Attention by hand in a next-token model, with no mask at all."""
    if tokens.next_token(p):
        for made, source in training.softmaxes(p):
            parts = [*ancestors(source, limit=60), *ancestors(source, _ON_SCORES, limit=200)]
            scores = [v for v in parts if v.name in ("matmul", "bmm", "einsum")]
            if (
                not scores
                or id(made.node) in seen
                or (p.trains and not p.trained(made))  # a cached step of the generation sees only the past
                or not any(u.name in ("matmul", "bmm", "einsum", "dropout") for u in q.users(p, made))
            ):
                continue
            if not tokens.reads_next(p, *[a for a in scores[0].args if a.kind == "tensor"][:2]):
                continue
            masked = any(v.name in ("masked_fill", "masked_fill_", "where", "tril", "triu") for v in parts) or any(
                e.recv is not None and e.recv in parts for e in p.all("inplace", "setitem")
            )
            if not masked and not any("mask" in (v.var or v.name) for v in parts):
                seen.add(id(made.node))
                yield _report(p, made, "the attention scores have no causal mask, but the targets are the next tokens")
        for event in p.calls("scaled_dot_product_attention"):
            flag = event.kwargs.get("is_causal")
            if (
                (flag is None or flag.const is False)
                and tokens.reads_next(p, *event.args[:2])
                and "attn_mask" not in event.kwargs
                and len(event.args) < 4
                and id(event.node) not in seen
                and not (p.trains and not p.trained(event.result))
                and not any(_of_one(c[0]) for c in event.conds)
            ):
                seen.add(id(event.node))
                yield _report(
                    p,
                    event,
                    "scaled_dot_product_attention is called without is_causal=True, but the targets are the "
                    "next tokens",
                )


def _of_one(branch: ast.AST) -> bool:
    """Whether a branch asks for a size of one: a single query has no future."""
    tests = syntax.walk(branch.test) if isinstance(branch, ast.If | ast.IfExp) else ()
    return any(
        isinstance(n, ast.Compare)
        and isinstance(n.ops[0], ast.Eq)
        and any(isinstance(c, ast.Constant) and c.value == 1 for c in n.comparators)
        for n in tests
    )


def _report(p: Program, at: Event | Val, problem: str, used: Event | None = None) -> Finding:
    return p.report(
        "SB223",
        at,
        f"the causal mask is missing or wrong: {problem}",
        why="positions attend to the future, so the model copies the answer from its input and fails when it generates",
        fix="Mask the future: scores.masked_fill(torch.tril(torch.ones(T, T)) == 0, float('-inf')), or is_causal=True",
        related=((str(used.src.path), used.line, "the mask is used here"),) if used is not None else (),
    )


def _triangle(val: Val) -> tuple[str, Any] | None:
    for one in q.chain(val):
        if one.name == "add" and len(one.args) > 1 and one.args[1].const is None:
            return None  # a + a.T: a graph's edges, no order in time
        if one.name in ("tril", "triu"):
            if any(v.name.startswith(("rand", "bernoulli")) for v in ancestors(one, limit=20)):
                return None
            diagonal = one.kwargs.get("diagonal", one.args[1] if len(one.args) > 1 else None)
            return one.name, (diagonal.const if diagonal is not None else 0)
    return None


def _kept(p: Program) -> Iterator[Finding]:
    """A mask of what ``scaled_dot_product_attention`` keeps, one diagonal too wide."""
    for event in p.calls("scaled_dot_product_attention"):
        mask = event.arg(3, "attn_mask")
        found = _triangle(mask) if mask is not None else None
        wide = found is not None and found[0] == "tril" and isinstance(found[1], int) and found[1] >= 1
        if mask is None or found is None or not wide or any(v.name in ("invert", "compare") for v in q.chain(mask)):
            continue
        made = _made_at(mask)
        yield p.report(
            "SB223",
            made if made is not None and made.line else event,
            f"the causal mask is wrong: tril(diagonal={found[1]}) leaves {found[1]} future position(s) visible",
            why="the model sees the tokens that it has to predict, so it learns to copy them",
            fix="Use tril() (diagonal=0), or is_causal=True",
        )
        return


def _added(p: Program) -> Iterator[Finding]:
    """Ones and zeros that are added to the scores where minus infinity is meant, or True and False."""
    seen: set[int] = set()
    for used, mask, made, by in masks.added(p):
        if id(made.node) in seen or masks.changed(p, mask):
            continue
        seen.add(id(made.node))
        other, at = (made, used) if isinstance(used, Val) or not made.line else (used, made)
        yield p.report(
            "SB223",
            at,
            f"the causal mask hides nothing: {by} adds a mask of floats to the scores, and this one "
            "holds ones and zeros (it is not bool, so the future stays visible)",
            why="adding 1 moves a little weight; only minus infinity, or a mask of True and False, hides a position",
            fix="Make it boolean: torch.tril(torch.ones(T, T, dtype=torch.bool)) for scaled_dot_product_attention, "
            "torch.triu(torch.ones(T, T, dtype=torch.bool), diagonal=1) for nn.MultiheadAttention and nn.Transformer*",
            related=((str(other.src.path), other.line, "the other end of the mask"),) if other.src is not None else (),
        )


def _made_at(mask: Val) -> Val | None:
    """The triangle that a mask is made from."""
    current = mask
    for _ in range(12):
        if current.name in ("tril", "triu"):
            return current
        if not current.args:
            break
        current = current.args[0]
    return None


def _wrong_mask(mask: Val) -> str:
    inverted = False
    current = mask
    for _ in range(8):
        if current.name == "invert" and current.args:
            inverted, current = not inverted, current.args[0]
        elif current.name in ("compare", "eq") and len(current.args) > 1 and current.args[1].const in (0, False):
            inverted, current = (
                inverted != bool(current.tags & {"Eq"} or current.name == "eq"),
                current.args[0],
            )
        elif current.name in ("compare", "eq") and len(current.args) > 1 and current.args[1].const == 1:
            inverted, current = inverted != ("NotEq" in current.tags), current.args[0]
        elif current.name == "logical_not" and current.args:
            inverted, current = not inverted, current.args[0]
        elif current.name in ("bool", "to", "unsqueeze", "getitem", "view", "expand") and current.args:
            current = current.args[0]
        else:
            break
    found = _triangle(current)
    if found is None or not isinstance(found[1], int):
        return ""
    name, diagonal = found
    # what is filled (hidden): the triangle itself, or everything else when inverted
    if name == "triu" and inverted and diagonal in (0, 1):
        return "it hides the past and leaves the future visible (triu where tril is meant)"
    if name == "tril" and not inverted and diagonal in (0, -1):
        return "it hides the past and leaves the future visible (the condition is inverted)"
    if name == "tril" and inverted and diagonal >= 1:
        return f"tril(diagonal={diagonal}) leaves {diagonal} future position(s) visible"
    if name == "triu" and not inverted and diagonal >= 2:
        return f"triu(diagonal={diagonal}) leaves {diagonal - 1} future position(s) visible"
    return ""

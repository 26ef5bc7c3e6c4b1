"""CTCLoss takes another class as its blank than the decoder does.

## What it does

Finds `CTCLoss` without `blank=` (so 0) in programs whose decoder removes another blank, and targets whose letters are
numbered so that one of them gets the number of the blank.

## Why is this bad

Class 0 is then both a letter and the blank. The loss cannot tell the letter from a pause, and the class that the
decoder takes for the blank is never learned.

## Example

```python
LETTERS = "abcde"
BLANK = len(LETTERS)
model = nn.Linear(6, len(LETTERS) + 1)
ctc = nn.CTCLoss()
optimizer = torch.optim.Adam(model.parameters())
for x, y, n_x, n_y in loader:
    log_probs = model(x).log_softmax(-1)
    optimizer.zero_grad()
    ctc(log_probs, y, n_x, n_y).backward()
    optimizer.step()
best = torch.unique_consecutive(log_probs.argmax(-1))
word = best[best != BLANK]
```

## Use instead

```python
LETTERS = "abcde"
BLANK = len(LETTERS)
model = nn.Linear(6, len(LETTERS) + 1)
ctc = nn.CTCLoss(blank=BLANK)
optimizer = torch.optim.Adam(model.parameters())
for x, y, n_x, n_y in loader:
    log_probs = model(x).log_softmax(-1)
    optimizer.zero_grad()
    ctc(log_probs, y, n_x, n_y).backward()
    optimizer.step()
best = torch.unique_consecutive(log_probs.argmax(-1))
word = best[best != BLANK]
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not any(e.name == "CTCLoss" for e in p.all("loss")):
        return
    seen: set[int] = set()
    named = {
        v.const
        for n, v, _ in p.assigns
        if "blank" in words(n) and isinstance(v.const, int) and not isinstance(v.const, bool)
    }
    named |= _defaults(p)
    for event in p.once("loss"):
        if event.name != "CTCLoss":
            continue
        given = event.kwargs.get("blank", event.recv.arg(0, "blank") if event.recv is not None else event.arg(4))
        blank = 0 if given is None else given.const
        if isinstance(blank, int) and len(event.args) > 1 and (found := _taken(event.args[1], blank)) is not None:
            table, letter = found
            if id(table.node) not in seen:
                seen.add(id(table.node))
                yield p.report(
                    "SB861",
                    table,
                    f"index {blank} is the CTC blank, but {table.var or 'the table'} gives it to the letter {letter!r}",
                    why="the loss cannot tell that letter from a pause, and the decoder removes it from every word",
                    fix="Give the blank its own index: {c: i + 1 for i, c in enumerate(letters)}, and one class more",
                )
            continue
        if not isinstance(blank, int) or not named or blank in named or isinstance(blank, bool):
            continue
        other = sorted(named)[0]
        yield p.report(
            "SB861",
            event.recv if event.recv is not None and event.recv.line else event,
            f"CTCLoss uses blank={blank}, but the program's blank is {other}: class {blank} is a letter",
            why="the loss cannot tell that letter from a pause, and the decoder removes a class that is never a blank",
            fix=f"Pass the same index: nn.CTCLoss(blank={other})",
        )


def _taken(goal: Val, blank: int) -> tuple[Val, str] | None:
    """The table that the targets were numbered with, and its letter that has the number of the blank."""
    stack, seen = [goal], set[int]()
    while stack and len(seen) < 80:
        one = core(stack.pop())
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.name == "code" and one.args:
            letter = _letter(one.args[0], blank)
            if letter:
                return one.args[0], letter
        elif one.kind == "phi":
            stack.extend(one.args)
        elif one.items is not None:
            stack.extend(one.items[:40])
        elif one.name in ("tensor", "as_tensor", "LongTensor", "IntTensor", "pad_sequence", "cat", "stack", "batch"):
            stack.extend(one.args[:1])
    return None


def _letter(table: Val, blank: int) -> str:
    """The letter with this number in ``{c: i for i, c in enumerate(letters)}``, where all letters are known."""
    node = table.node
    order = next((a for a in table.args if a.kind == "iter" and a.name == "enumerate"), None)
    if not isinstance(node, ast.DictComp) or len(node.generators) != 1 or node.generators[0].ifs or order is None:
        return ""
    pair = node.generators[0].target
    if not isinstance(pair, ast.Tuple) or [syntax.text(e) for e in pair.elts] != [
        syntax.text(node.value),
        syntax.text(node.key),
    ]:
        return ""
    start = order.number(1, "start") if len(order.args) > 1 or "start" in order.kwargs else 0
    held = order.args[0]
    signs = list(held.const) if isinstance(held.const, str) else [v.const for v in held.items or ()]
    if not isinstance(start, int) or "grown" in held.tags or not all(isinstance(s, str) for s in signs):
        return ""
    at = blank - start
    return signs[at] if 0 <= at < len(signs) and len(signs[at]) == 1 and signs[at].isalpha() else ""


def _defaults(p: Program) -> set[int]:
    """Blanks that are defaults of parameters, or what a comparison with ``... - 1`` removes."""
    found: set[int] = set()
    for node in q.nodes(p, ast.FunctionDef):
        spec = node.args
        for arg, default in zip(spec.args[len(spec.args) - len(spec.defaults) :], spec.defaults, strict=True):
            if "blank" in words(arg.arg) and isinstance(default, ast.Constant) and isinstance(default.value, int):
                found.add(default.value)
    for event in p.all("compare"):
        for one, other in (event.args, event.args[::-1]) if len(event.args) == 2 else ():
            if "blank" in words(syntax.text(event.node)) and isinstance(other.const, int) and one.kind != "const":
                found.add(other.const)
    return found

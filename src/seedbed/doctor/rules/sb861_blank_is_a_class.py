"""CTCLoss takes another class as its blank than the decoder does.

## What it does

Finds `CTCLoss` without `blank=` (so 0) in programs whose decoder removes another blank.

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
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not any(e.name == "CTCLoss" for e in p.all("loss")):
        return
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

"""Load_state_dict(strict=False) hides keys that did not load.

## What it does

Finds `load_state_dict(strict=False)` whose report of missing keys is thrown away.

## Why is this bad

Keys that do not fit are skipped in silence: a part of the model (or all of it) stays random.

## Example

```python
model = nn.Linear(4, 3)
model.load_state_dict(torch.load("weights.pt"), strict=False)
```

## Use instead

```python
model = nn.Linear(4, 3)
model.load_state_dict(torch.load("weights.pt"))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    discarded = {id(e.node.value) for e in p.all("discard") if isinstance(e.node, ast.Expr)}
    for event in p.once("restore"):
        flag = event.arg(1, "strict")
        if event.loops and event.recv is not None and not any(n is event.loops[-1].node for n in event.recv.loops):
            continue  # a model that is filled part by part from several files
        if _passed_on(event) or (event.kwargs.get("assign") is not None and event.kwargs["assign"].const is True):
            continue  # the caller's choice; weights of the meta device that stay unloaded fail loudly
        if flag is not None and flag.const is False and id(event.node) in discarded and not _chosen(event):
            yield p.report(
                "SB606",
                event,
                "load_state_dict(strict=False) hides missing and unexpected keys: weights may not be loaded",
                why="keys that do not match are skipped silently, so layers keep their random weights",
                fix="Use strict=True, or check the result: missing, unexpected = model.load_state_dict(..., "
                "strict=False)",
            )


def _chosen(event: Event) -> bool:
    """Whether the program itself picks the entries to load, and changes the names of those that a wrapper has given."""
    state = event.arg(0, "state_dict")
    node = state.node if state is not None else None
    if isinstance(node, ast.DictComp) and not isinstance(node.key, ast.Name):
        return True  # the names were changed to those of the model
    if not isinstance(node, ast.DictComp) or not any(g.ifs for g in node.generators):
        return False
    words = [str(n.value) for g in node.generators for n in syntax.walk(g) if isinstance(n, ast.Constant)]
    return not (isinstance(node.key, ast.Name) and any(word.startswith(("module.", "_orig_mod.")) for word in words))


def _passed_on(event: Event) -> bool:
    """Whether ``strict`` is a parameter of the function around the call."""
    given = [k.value for k in getattr(event.node, "keywords", ()) if k.arg == "strict"]
    if not given or not isinstance(given[0], ast.Name) or not event.funcs:
        return False
    spec = event.funcs[-1].node.args
    return given[0].id in {a.arg for a in (*spec.args, *spec.kwonlyargs)}

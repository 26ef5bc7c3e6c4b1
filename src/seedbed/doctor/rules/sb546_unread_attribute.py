"""A new layer is hung on a model under a name that its `forward` never reads.

## What it does

Finds `model.classifier = nn.Linear(...)` on a model of the program that uses another attribute, such as `self.fc`.

## Why is this bad

Nothing raises: the new head is registered and trained by nobody, the old one goes on giving the outputs.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.fc = nn.Linear(8, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.body(x)))

model = Net()
model.classifier = nn.Linear(16, 3)
model(torch.randn(2, 8))
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.fc = nn.Linear(8, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.body(x)))

model = Net()
model.fc = nn.Linear(16, 3)
model(torch.randn(2, 8))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_HEADS = {
    "resnet": "fc", "resnext": "fc", "wide_resnet": "fc", "inception": "fc", "googlenet": "fc", "shufflenet": "fc",
    "regnet": "fc", "vgg": "classifier", "alexnet": "classifier", "densenet": "classifier", "mobilenet": "classifier",
    "efficientnet": "classifier", "squeezenet": "classifier", "convnext": "classifier", "mnasnet": "classifier",
    "vit_": "heads", "swin": "head", "maxvit": "classifier",
}  # fmt: skip


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    called = [e for e in p.all("forward") if e.recv is not None]
    for event in p.once("attribute"):
        new = event.args[0] if event.args else None
        if new is None or new.kind != "module" or event.recv is None or event.recv.kind != "module":
            continue
        if event.src is not p.source or _inside(p, event) or any(e.recv is new for e in called):
            continue
        said = _unread(p, event, new)
        if said:
            yield p.report(
                "SB546",
                event,
                said,
                why="the new layer (head) takes no part in the output: the model still uses its old one",
                fix="Assign to the attribute that forward() calls",
            )


def _inside(p: Program, event: Event) -> bool:
    """Whether the assignment stands in a method of a class: then it is how the class is built."""
    return any(getattr(c.node, "lineno", 0) <= event.line <= (getattr(c.node, "end_lineno", 0) or 0) for c in p.classes)


def _holds_weights(new: Val) -> bool:
    """Whether a layer that is put on can learn anything, or is not known."""
    return new.name not in ("Identity", "Sequential") or bool(new.items or new.attrs or new.args)


def _head_set(p: Program, model: Val, known: str) -> bool:
    """Whether the real head of the model is set as well."""
    return any(e.name == known and q.same(e.recv, model) for e in p.all("attribute"))


def _unread(p: Program, event: Event, new: Val) -> str:
    model = event.recv
    name = event.name
    called = q.in_file(p, "called attributes", lambda: {getattr(n.func, "attr", "") for n in q.nodes(p, ast.Call)})
    if model is None or name in called:
        return ""
    if model.owner is not None and hasattr(model.owner, "lineage"):
        cls = model.owner
        if "forward" not in cls.scope.vars or any(b.rsplit(".", 1)[-1] != "Module" for b in cls.lib_bases()):
            return ""
        text = "\n".join(syntax.text(c.node) for c in cls.lineage())
        if "getattr" in text or "children()" in text or "modules()" in text or f".{name}" in text or "forward" in name:
            return ""
        return f"{model.var or 'the model'}.{name} is set, but {cls.name}.forward() never reads self.{name}"
    if "external" not in model.tags or not model.name:
        return ""
    known = next((head for start, head in _HEADS.items() if model.name.startswith(start)), "")
    if not _holds_weights(new) and _head_set(p, model, known):
        return ""  # both names are set to nothing: whichever it is
    if known and name in {"fc", "classifier", "head", "heads"} and name != known:
        return f"{model.name} has its head in .{known}: the new .{name} is never read by forward()"
    return ""

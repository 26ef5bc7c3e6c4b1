"""The new head is frozen and the pretrained part is trained.

## What it does

Works out which parameters a loop over names freezes, and finds that all layers without pretrained weights are frozen
while pretrained ones go on training.

## Why is this bad

The condition is inverted: the random head never learns, and the pretrained features are changed to fit it.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(8, 16)
        self.head = nn.Linear(16, 3)
    def forward(self, x):
        return self.head(self.backbone(x).relu())
model = Net()
model.backbone.load_state_dict(torch.load("pretrained.pt"))
for name, p in model.named_parameters():
    if "backbone" not in name:
        p.requires_grad = False
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(8, 16)
        self.head = nn.Linear(16, 3)
    def forward(self, x):
        return self.head(self.backbone(x).relu())
model = Net()
model.backbone.load_state_dict(torch.load("pretrained.pt"))
for name, p in model.named_parameters():
    if "backbone" in name:
        p.requires_grad = False
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import choosing, methods, ownership, syntax
from seedbed.doctor.static.choosing import Parameter
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("attribute", "requires_grad"):
        loop = next((r for r in reversed(event.loops) if isinstance(r.node, ast.For)), None)
        if loop is None or id(loop.node) in seen or event.recv is None or event.name not in _SWITCHES:
            continue
        seen.add(id(loop.node))
        if not isinstance(loop.node, ast.For) or "named_parameters(" not in syntax.text(loop.node.iter):
            continue
        roots = [m for m in ownership.modules_of(event.recv) if m.kind == "module"]
        if len(roots) != 1 or any(e.recv is not None and e.line > event.line for e in _later(p, event, roots[0])):
            continue
        yield from _judge(p, event, loop.node, roots[0])
    yield from _put_on_too_early(p)


def _put_on_too_early(p: Program) -> Iterator[Finding]:
    """A new layer that was put on before everything was frozen, in a model that goes on learning."""
    frozen = ownership.frozen(p)
    for event in p.once("attribute"):
        model, head = event.recv, event.args[0] if event.args else None
        if model is None or model.kind != "module" or head is None or not head.name.startswith(ownership.WEIGHTED):
            continue
        where = frozen.get(id(head))
        if where is None or where.seq < event.seq or event.name not in model.attrs or head.seq < model.seq:
            continue
        if event.funcs and event.funcs[-1].name == "__init__":
            continue
        parts = [m for m in methods.submodules(model) if m is not head and m.name.startswith(ownership.WEIGHTED)]
        if not any(id(m) not in frozen for m in parts) or not any(s.seq > where.seq for s in p.all("step")):
            continue
        yield p.report(
            "SB187",
            event,
            f"the new head {event.name} is put on before the model is frozen, so it is frozen too "
            "(requires_grad=False) and keeps its random weights",
            why="freezing everything switches off the parameters of the new layer as well, and nothing switches them "
            "on again",
            fix=f"Replace {event.name} after the loop that freezes, or set requires_grad_(True) on it",
            related=((str(where.src.path), where.line, "everything is frozen here"),),
        )


_SWITCHES = ("requires_grad", "requires_grad_")


def _later(p: Program, event: Event, root: Val) -> list[Event]:
    """Switches of parts of the model after the loop."""
    return [
        e
        for e in p.all("requires_grad_", "attribute", "requires_grad")
        if e.seq > event.seq and e.name in _SWITCHES and not any(r.node is event.loops[-1].node for r in e.loops)
        if e.recv is not None and any(ownership.contains(root, m) for m in ownership.modules_of(e.recv))
    ]


def _judge(p: Program, event: Event, loop: ast.For, root: Val) -> Iterator[Finding]:
    """Compare what the loop freezes with what was pretrained."""
    known = list(choosing.parameters(root))
    loaded = {id(s) for m in _loaded(p, event, root) for s in methods.submodules(m)}
    external = "external" in root.tags
    fresh = [one for one in known if one.module is not None and id(one.module) not in loaded]
    old = [one for one in known if one.module is not None and id(one.module) in loaded]
    if external:
        old.append(Parameter("layer1.0.conv1.weight", 4))
    if not fresh or not old or len(known) > 200:
        return
    flags = {one.name: _flag(p, loop, one) for one in (*fresh, *old)}
    if any(flags[one.name] is not False for one in fresh) or not any(flags[one.name] is True for one in old):
        return
    name = fresh[-1].name.rsplit(".", 1)[0]
    yield p.report(
        "SB187",
        event,
        f"the condition freezes the new head ({name}) and leaves the pretrained backbone trainable: it is inverted",
        why=f"{name} keeps its random weights because requires_grad is False, while the pretrained layers are changed",
        fix="Negate the condition, so that the pretrained layers are frozen and the new ones are trained",
    )


def _loaded(p: Program, event: Event, root: Val) -> list[Val]:
    """Parts of the model that got their weights from a file, or whose library brings them."""
    parts = [s for s in methods.submodules(root)[1:] if "external" in s.tags]
    for e in p.all("restore"):
        if e.seq < event.seq and e.recv is not None:
            parts += [o for o in e.recv.options() if o is not root and ownership.contains(root, o)]
    return parts + _trained_before(p, event, root)


def _trained_before(p: Program, event: Event, root: Val) -> list[Val]:
    """Layers of the model that an optimizer has trained already, where others were put in after that training."""
    held: dict[int, Val] = {}
    since = 0
    for step in p.all("step"):
        if step.seq < event.seq and step.recv is not None:
            for made in (o for o in step.recv.options() if o.kind == "optimizer"):
                held |= {id(m): m for m in ownership.held(made) if m.seq < made.seq}
                since = max(since, made.seq)
    held = {k: m for k, m in held.items() if len(methods.submodules(m)) == 1 and ownership.contains(root, m)}
    others = [one.module for one in choosing.parameters(root) if one.module is None or id(one.module) not in held]
    if any(m is None or m.seq < since for m in others):
        return []  # not put in after that training: it may have learned with it
    return list(held.values())


def _flag(p: Program, loop: ast.For, one: Parameter) -> bool | None:
    """Whether a parameter is trainable after the loop; ``None`` where that is not known."""
    names = [n.id for n in syntax.walk(loop.target) if isinstance(n, ast.Name)]
    flag: bool | None = True
    for stmt in syntax.walk(loop):
        value: ast.expr | None = None
        if isinstance(stmt, ast.Assign) and isinstance(stmt.targets[0], ast.Attribute):
            value = stmt.value if stmt.targets[0].attr == "requires_grad" else None
        elif isinstance(stmt, ast.Call) and syntax.text(stmt.func).endswith(".requires_grad_"):
            value = stmt.args[0] if stmt.args else ast.Constant(True)
        if value is None:
            continue
        path = choosing.way(loop.body, stmt)
        here = choosing.satisfied(p, path, names, one) if path is not None else None
        if here is None:
            return None
        if here:
            result = choosing.satisfied(p, [(value, True)], names, one)
            flag = result
    return flag

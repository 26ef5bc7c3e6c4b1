"""An overlap (IoU) of corner boxes gets boxes of centre and size.

## What it does

Finds boxes that are made as centre and size, or that are read as such elsewhere, where they go into an overlap
of corner boxes as they are.

## Why is this bad

The overlap takes width and height for the far corner. It is that of other boxes, mostly zero, and pulls them to where
nothing is.

## Example

```python
def overlap(a, b):
    low = torch.max(a[:, :2], b[:, :2])
    high = torch.min(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    return shared / ((a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared)

def corners(box):
    return torch.cat([box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2], dim=1)

net = nn.Linear(8, 4)
opt = torch.optim.Adam(net.parameters())
for x, low, size in loader:
    true = torch.cat([low + size / 2, size], dim=1)
    loss = (1 - overlap(net(x), true)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
def overlap(a, b):
    low = torch.max(a[:, :2], b[:, :2])
    high = torch.min(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    return shared / ((a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared)

def corners(box):
    return torch.cat([box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2], dim=1)

net = nn.Linear(8, 4)
opt = torch.optim.Adam(net.parameters())
for x, low, size in loader:
    true = torch.cat([low + size / 2, size], dim=1)
    loss = (1 - overlap(corners(net(x)), corners(true))).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import boxes
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_OVERLAPS = ("box_iou", "generalized_box_iou", "complete_box_iou", "distance_box_iou", "nms")
_LOSSES = ("generalized_box_iou_loss", "complete_box_iou_loss", "distance_box_iou_loss")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    turned: list[tuple[Val, Val]] | None = None
    seen: set[int] = set()
    for event, tables in _overlaps(p):
        for table in tables:
            made = boxes.origin(table)
            if turned is None:
                read = [*boxes.converted(p), *boxes.measured(p)]
                turned = [(boxes.origin(b), at) for b, at in read]
            centred = boxes.is_centred(made)
            elsewhere = next((at for b, at in turned if _alike(b, made)), None)
            call = _call(p, event, table)
            if not (centred or elsewhere is not None) or id(call.node) in seen:
                continue
            seen.add(id(call.node))
            name = table.var or made.var or "the box"
            how = "is made as" if centred else "is read as place and size elsewhere, so it holds"
            yield p.report(
                "SB838",
                call,
                f"{name} {how} centre and size (cx, cy, w, h), but this overlap (IoU) takes corners (x1, y1, x2, y2)",
                why="width and height count as the far corner: the overlap is that of other boxes, and its gradient "
                "pulls the prediction to them",
                fix="Convert both boxes to corners (xyxy) first: xy - wh / 2 and xy + wh / 2",
                related=(q.place(made if centred or elsewhere is None else elsewhere),),
            )


def _alike(converted: Val, made: Val) -> bool:
    """Whether a table that is converted elsewhere is this one, or another output of the same model."""
    whole = made.owner is not None and getattr(made.owner, "kind", "") == "module"
    return converted is made or (whole and converted.owner is made.owner and converted.name == made.name)


def _overlaps(p: Program) -> Iterator[tuple[Event, list[Val]]]:
    """Where overlaps of corner boxes are worked out, and the boxes: ``min(a[2:], b[2:]) - max(a[:2], b[:2])``."""
    for event in p.calls("min", "minimum"):
        far = _pair(event.result)
        if event.result is None or not far or any(start < 2 for _, start in far):
            continue
        for gap in p.users(event.result):
            near = _pair(core(gap.args[1])) if gap.name == "sub" and len(gap.args) == 2 else []
            if core(gap.args[0]) is event.result and [(id(b), s + 2) for b, s in near] == [(id(b), s) for b, s in far]:
                yield event, [b for b, _ in far]
    for event in p.calls(*_OVERLAPS, *_LOSSES):
        if event.name.startswith("torchvision") and "fmt" not in event.kwargs:
            most = 1 if event.name.endswith("nms") else 2
            yield event, [a for a in event.args[:most] if a.kind == "tensor"]


def _pair(val: Val | None) -> list[tuple[Val, int]]:
    """The two tables that the larger or smaller of two pieces is taken from."""
    if val is None or val.name not in ("min", "max", "minimum", "maximum") or len(val.args) != 2:
        return []
    found = [boxes.piece(a) for a in val.args]
    return [f for f in found if f is not None] if None not in found else []


def _call(p: Program, event: Event, table: Val) -> Event:
    """The outermost call that is given the boxes as they are."""
    bodies = {id(f.node) for f in event.funcs}
    given = [
        e
        for e in p.all("invoke")
        if id(getattr(getattr(e.recv, "owner", None), "node", None)) in bodies and any(q.same(a, table) for a in e.args)
    ]
    return min(given, key=lambda e: (len(e.funcs), e.seq), default=event)

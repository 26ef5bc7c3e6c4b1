"""A loss compares a value with itself.

## What it does

Finds losses and hand-written errors whose prediction and target are the same value.

## Why is this bad

The loss is constant (zero for a squared error), whatever the model does. Nothing is learned, and the printed loss
looks perfect.

## Example

```python
model = nn.Linear(4, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    y = model(x)
    loss = F.mse_loss(y, y)
    loss.backward()
    optimizer.step()
```

## Use instead

```python
model = nn.Linear(4, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_PAIRS = (
    "MSELoss",
    "L1Loss",
    "SmoothL1Loss",
    "HuberLoss",
    "BCELoss",
    "NLLLoss",
    "CrossEntropyLoss",
    "BCEWithLogitsLoss",
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name == "KLDivLoss" and len(event.args) > 1 and _own_softness(event):
            yield p.report(
                "SB272",
                event,
                "the soft target of the distillation comes from the student itself: prediction and target are the same",
                why="the divergence from itself is zero, and so is its gradient: the teacher has no influence",
                fix="Take the soft target from the teacher: softmax(teacher(x) / T)",
            )
        elif event.name == "KLDivLoss" and len(event.args) > 1 and (teacher := _without_student(event)) is not None:
            yield p.report(
                "SB272",
                event,
                "the distillation loss compares the teacher with itself: prediction and soft target come from the same "
                "logits, which have no gradient",
                why="the soft loss is zero whatever the student gives, so the teacher has no influence on it",
                fix="Take the log-probabilities from the student: log_softmax(student(x) / T)",
                related=(q.place(teacher),),
            )
        elif event.name == "KLDivLoss" and len(event.args) > 1 and (shared := _one_side(p, event)) is not None:
            yield p.report(
                "SB272",
                event,
                f"the divergence compares {_said(shared)} with itself: prediction and soft target, the side of the "
                "student and that of the teacher, come from the same logits at the same temperature",
                why="it is always zero and has no gradient, so this term of the loss changes nothing",
                fix="Take the one side from the teacher's logits and the other from the student's: "
                "kl_div(log_softmax(student / T), softmax(teacher / T))",
                related=(q.place(shared),),
            )
        if event.name not in _PAIRS or len(event.args) < 2:
            continue
        one, two = _plain(event.args[0]), _plain(event.args[1])
        if one is two and one.kind in ("tensor", "unknown") and f.from_model(one):
            yield p.report(
                "SB272",
                event,
                "the loss compares the prediction with itself: prediction and target are the same value",
                why="its value does not depend on the labels, so the model learns nothing",
                fix="Pass the labels as the target",
            )


def _own_softness(event: Event) -> bool:
    """Whether both sides of a divergence are one layer's output for one input, and nothing in it is random."""
    sides = [f.made_by(a, "softmax", "log_softmax") for a in event.args[:2]]
    ends = [f.core(_undivided(s.args[0])) if s is not None and s.args else None for s in sides]
    one, two = ends
    if one is None or two is None or one.owner is None or one.owner is not two.owner or one is two:
        return False
    if any(v.name == "dropout" or "opaque" in v.tags for end in (one, two) for v in ancestors(end, limit=200)):
        return False
    return bool(one.args) and bool(two.args) and one.grad and not two.grad and f.same(one.args[0], two.args[0])


def _without_student(event: Event) -> Val | None:
    """The logits that both sides of a divergence are made of, where they come from a model without a gradient."""
    sides = [f.made_by(a, "softmax", "log_softmax") for a in event.args[:2]]
    one, two = (f.core(_undivided(s.args[0])) if s is not None and s.args else None for s in sides)
    if one is None or one is not two or one.grad or event.args[0].grad or not f.from_model(one):
        return None
    return one


def _one_side(p: Program, event: Event) -> Val | None:
    """The logits of a model that both sides of a trained divergence are, at one temperature and along one axis."""
    sides = [f.made_by(a, "softmax", "log_softmax") for a in event.args[:2]]
    names = [f.core(a).name for a in event.args[:2]]
    one, two = sides
    if one is None or two is None or not set(names) <= {"softmax", "log_softmax"} or not one.args or not two.args:
        return None
    axes = [s.arg(1, "dim") for s in (one, two)]
    if axes[0] is not axes[1] and (axes[0] is None or axes[1] is None or not f.same(axes[0], axes[1])):
        return None
    tops = [v for s in (one, two) for v in (s.args[0], _undivided(s.args[0]))]
    if any("dropout" in v.name.lower() for top in tops for v in q.seen_through(top)):
        return None  # drawn anew for each side
    ends = [f.core(_undivided(s.args[0])) for s in (one, two)]
    if ends[0] is not ends[1] or ends[0].kind != "tensor" or not f.same(one.args[0], two.args[0]):
        return None
    curved = any("create_graph" in e.kwargs or e.name == "grad" for e in p.all("backward"))  # its curvature is not zero
    return ends[0] if f.from_model(ends[0]) and p.trained(event.result) and not curved else None


def _said(val: Val) -> str:
    return val.var or "the output of one model"


def _undivided(val: Val) -> Val:
    """Logits without their temperature."""
    inner = f.core(val)
    return inner.args[0] if inner.name in ("div", "mul") and inner.args else inner


def _plain(val: Val) -> Val:
    """Through layout and detach, but not through indexing."""
    return f.core(val)

"""The temperature of a distillation loss is not used as it must be.

## What it does

Finds distillation losses in which only one of student and teacher is divided by the temperature, in which the
hard-label loss gets the softened scores too, or whose soft term is not multiplied by `T * T` beside a hard term.

## Why is this bad

With one temperature on one side the student is asked to match another distribution than the teacher's. The
gradient of the soft term falls with `1 / T²`: without the factor it hardly counts beside the hard labels.

## Example

```python
student, teacher, T = nn.Linear(4, 3), nn.Linear(4, 3), 4.0
teacher.eval()
optimizer = torch.optim.Adam(student.parameters())
for x, y in loader:
    with torch.no_grad():
        soft = F.softmax(teacher(x) / T, dim=1)
    scores = student(x)
    optimizer.zero_grad()
    loss = F.kl_div(F.log_softmax(scores, dim=1), soft, reduction="batchmean")
    loss.backward()
    optimizer.step()
```

## Use instead

```python
student, teacher, T = nn.Linear(4, 3), nn.Linear(4, 3), 4.0
teacher.eval()
optimizer = torch.optim.Adam(student.parameters())
for x, y in loader:
    with torch.no_grad():
        soft = F.softmax(teacher(x) / T, dim=1)
    scores = student(x)
    optimizer.zero_grad()
    loss = F.kl_div(F.log_softmax(scores / T, dim=1), soft, reduction="batchmean") * T * T
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import ownership
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_SOFT = ("softmax", "log_softmax")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.once("loss"):
        if event.name not in ("KLDivLoss", "CrossEntropyLoss") or len(event.args) < 2 or event.result is None:
            continue
        own, other = f.made_by(event.args[0], *_SOFT), f.made_by(event.args[1], *_SOFT)
        if event.name == "CrossEntropyLoss" and own is None:
            own_in: Val | None = event.args[0]
        else:
            own_in = own.args[0] if own is not None and own.args else None
        if own_in is None or other is None or not other.args or (other.grad and not _frozen(p, other)):
            continue
        if not f.from_model(own_in) or not f.from_model(other.args[0]):
            continue
        mine, theirs = _temperature(own_in), _temperature(other.args[0])
        if (mine is None) != (theirs is None):
            who = "the teacher" if mine is None else "the student"
            yield p.report(
                "SB257",
                (own or event) if mine is None else other,
                f"only {who} is divided by the temperature: both sides of the distillation loss need the same one",
                why="the student is asked to match a distribution of another softness than its own",
                fix="Divide both logits by T: log_softmax(student / T) against softmax(teacher / T)",
                related=(q.place(other),),
            )
        elif mine is not None:
            yield from _beside_hard(p, event, own_in, mine)


def _frozen(p: Program, val: Val) -> bool:
    """Whether the network that a value comes from was switched off (``requires_grad_(False)``)."""
    off = ownership.frozen(p)
    layers = [v.owner for v in ancestors(val, limit=60) if v.owner is not None and v.kind == "tensor"]
    return bool(layers) and all(id(layer) in off for layer in layers if layer.name.startswith(ownership.WEIGHTED))


def _temperature(val: Val) -> Val | None:
    """What logits are divided by before softmax (1 counts as nothing)."""
    for _ in range(6):
        val = f.core(val)
        if val.name in ("div", "true_divide") and len(val.args) == 2:
            return None if val.args[1].const in (1, 1.0) else val.args[1]
        if val.name == "mul" and len(val.args) == 2:
            factor = next((a for a in val.args if a.kind == "const"), None)
            return factor
        if val.name in ("getitem", "clamp") and val.args:
            val = val.args[0]
        else:
            return None
    return None


def _beside_hard(p: Program, soft: Event, scores: Val, heat: Val) -> Iterator[Finding]:
    """The soft term together with a loss on the labels."""
    made_here = soft.result
    if made_here is None:
        return
    back = next((b for b in p.all("backward") if q.reaches_val(b.recv, made_here)), None)
    if back is None or back.recv is None:
        return
    made = list(ancestors(back.recv))
    hard = [
        e for e in p.once("loss")
        if e is not soft and e.name in ("CrossEntropyLoss", "NLLLoss") and e.args and any(v is e.result for v in made)
        and len(e.args) > 1 and f.made_by(e.args[1], *_SOFT) is None
    ]  # fmt: skip
    for event in hard:
        divided = event.name == "CrossEntropyLoss" and _temperature(event.args[0]) is not None
        if divided and f.same(f.core(event.args[0]), f.core(scores)):
            yield p.report(
                "SB257",
                event,
                "the loss on the true labels gets logits that are divided by the temperature too",
                why="the temperature belongs to the soft term of the distillation only",
                fix="Pass the plain logits to the cross-entropy with the labels",
            )
            return
    number = heat.const if heat.kind == "const" else None
    if hard and isinstance(number, (int, float)) and number >= 2 and not _squared(made, made_here, heat, number):
        yield p.report(
            "SB257",
            soft,
            f"the soft term of the distillation is not multiplied by the temperature squared (T = {number:g})",
            why=f"its gradient is about {number * number:g} times smaller than that of the loss on the labels",
            fix="Multiply the KL term by T * T",
        )


def _squared(made: list[Val], term: Val, heat: Val, number: float) -> bool:
    """Whether anything above the soft term multiplies it by more than a weight below one."""
    above = [v for v in made if v.kind == "tensor" and any(a is term for a in ancestors(v, limit=40))]
    found = 0
    for val in above:
        if val.name != "mul":
            continue
        for part in val.args:
            if (
                part is heat
                or (part.kind == "const" and isinstance(part.const, (int, float)) and part.const >= number)
                or (part.kind != "const" and not any(a is term for a in ancestors(part, limit=60)))
            ):
                found += 1
    return found > 0

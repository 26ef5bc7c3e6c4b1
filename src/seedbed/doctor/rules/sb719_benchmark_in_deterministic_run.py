"""cuDNN times its algorithms in a run that is set to be deterministic.

## What it does

Finds `torch.backends.cudnn.benchmark = True` in a set-up that asks for deterministic algorithms or is named for it.

## Why is this bad

With benchmark on, cuDNN times several algorithms and takes the fastest. Which one wins changes from run to run, so two
runs with one seed give other numbers although the set-up promises equal ones.

## Example

```python
def make_deterministic(seed):
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = True

make_deterministic(0)
```

## Use instead

```python
def make_deterministic(seed):
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False

make_deterministic(0)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program

_PROMISES = frozenset(
    ("deterministic", "determinism", "reproducible", "reproducibility", "reproducibly", "deterministically")
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    switches = [e for e in p.all("attribute") if e.name in ("benchmark", "deterministic") and _of_cudnn(e)]
    on = [e for e in switches if e.name == "benchmark" and _is(e, True)]
    if not on or any(not _is(e, True) for e in switches):
        return  # nobody turns it on, or somewhere it is turned off or decided by something unknown
    strict = [e for e in switches if e.name == "deterministic"]
    strict += [e for e in p.calls("use_deterministic_algorithms") if _is(e, True)]
    for event in on:
        told = next((s for s in strict if _together(s, event)), None)
        name = event.funcs[-1].name if event.funcs else ""
        if told is None and not (_PROMISES & set(words(name)) and not event.conds):
            continue
        yield p.report(
            "SB719",
            event,
            "cudnn.benchmark = True in a deterministic set-up: cuDNN picks its algorithms by timing, so runs with the "
            "same seed differ",
            why="which algorithm is the fastest changes from run to run, and each one rounds in another way",
            fix="Write torch.backends.cudnn.benchmark = False",
            related=((str(told.src.path), told.line, "asks for deterministic algorithms"),) if told else (),
        )
        return


def _of_cudnn(event: Event) -> bool:
    return event.recv is not None and event.recv.kind == "lib" and event.recv.name.endswith("backends.cudnn")


def _is(event: Event, value: bool) -> bool:
    """Whether what an attribute or a call gets is certainly this."""
    given = event.args[-1] if event.kind == "attribute" and event.args else event.arg(0, "mode")
    return given is not None and given.kind == "const" and given.const is value


def _together(one: Event, two: Event) -> bool:
    """Whether both stand in one function, in the same arms of the same branches."""
    homes = [e.funcs[-1].node if e.funcs else None for e in (one, two)]
    return homes[0] is homes[1] and {(id(c[0]), c[1]) for c in one.conds} == {(id(c[0]), c[1]) for c in two.conds}

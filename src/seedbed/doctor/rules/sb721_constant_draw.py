"""A random integer is always the same: the upper bound is exclusive.

## What it does

Finds `randint(0, 1)` of torch and numpy, whose upper bound is not included, used as a coin or a choice.

## Why is this bad

It always gives 0: the flip never happens, the choice is always the first one.

## Example

```python
if torch.randint(0, 1, (1,)).item():
    x = x.flip(-1)
model(x)
```

## Use instead

```python
if torch.randint(0, 2, (1,)).item():
    x = x.flip(-1)
model(x)
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import rounds
from seedbed.doctor.static.lineage import GENERATORS
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_USES = frozenset(
    ["bool", "where", "compare", "eq", "mul", "item", "int_builtin", "gt", "bool_builtin", "float", "not"]
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls("randint", "integers", "randrange"):
        last = event.name.rsplit(".", 1)[-1]
        exclusive = event.name.startswith(("torch.", "numpy.", "np.")) or (
            event.recv is not None and event.recv.name in GENERATORS and event.recv.name != "Random"
        )
        if last not in ("randint", "integers", "randrange") or not (exclusive or last == "randrange"):
            continue
        low = _always(event, _is_condition(p, event.result))
        if low is None or event.result is None or not _decides(p, event.result):
            continue
        if any(rounds.counted(p, bound) for bound in (*event.args, *event.kwargs.values())):
            continue
        yield p.report(
            "SB721",
            event,
            f"{last} with these bounds is always {low}: the upper bound is exclusive, so the random step never happens",
            why=f"the only integer from {low} to below {low + 1} is {low}; the condition is always the same",
            fix=f"Use {last}({low}, {low + 2}) for a coin",
        )


def _always(event: Event, named: bool) -> int | None:
    """The only value that can be drawn, where both bounds are known for certain (``named``: also by their names)."""
    args = event.args[1:] if event.args and event.args[0].name in GENERATORS else event.args
    endpoint = event.kwargs.get("endpoint")
    if (endpoint is not None and endpoint.const is not False) or not args + tuple(event.kwargs.values()):
        return None
    low, high = event.kwargs.get("low"), event.kwargs.get("high")
    given = list(args[:2])
    if low is None and given:
        low = given.pop(0)
    if high is None and given and not _is_size(given[0]):
        high = given[0]
    if high is None or high.is_none:
        low, high = None, low  # one bound alone is the upper one
    first, beyond = 0 if low is None else low.const, high.const if high is not None else None
    if type(first) is not int or type(beyond) is not int or not (_written(event, high) or (first == 0 and named)):
        return None
    return first if beyond - first == 1 else None


def _is_size(val: Val) -> bool:
    """Whether the second argument says how many are drawn: ``torch.randint(high, size)``."""
    return val.kind in ("tuple", "list") or (val.name in ("shape", "size", "Size") and val.kind != "number")


def _written(event: Event, high: Val | None) -> bool:
    """Whether the bound is a number in the call: a setting with a name may just be small for now."""
    return high is not None and any(n is high.node for n in ast.walk(event.node))


def _decides(p: Program, made: Val) -> bool:
    """Whether a draw is used as a condition or a choice, not as a dummy label."""
    return any(u.name in _USES for u in q.users(p, made)) or _is_condition(p, made)


def _is_condition(p: Program, made: Val | None) -> bool:
    """Whether a branch depends on a draw: it is a coin, no number of a class or a view."""
    return made is not None and any(c[2] is made or made in c[2].args for e in p.events for c in e.conds)

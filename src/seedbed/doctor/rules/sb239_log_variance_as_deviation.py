"""The log-variance is used as if it were the deviation.

## What it does

Finds a log-variance that is used as if it were the standard deviation.

## Why is this bad

The deviation is `exp(0.5 * logvar)`. Anything else does not fit the KL term.

## Example

```python
def reparameterize(mu, logvar):
    eps = torch.randn_like(mu)
    return mu + torch.exp(logvar) * eps
```

## Use instead

```python
def reparameterize(mu, logvar):
    eps = torch.randn_like(mu)
    return mu + torch.exp(0.5 * logvar) * eps
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.makers("randn_like", "randn", "normal"):
        made = event.result
        if made is None or made.name not in ("randn_like", "randn", "normal"):
            continue
        for user in q.users(p, made):
            if user.name != "mul" or id(user.node) in seen:
                continue
            for side in (a for a in user.args if a is not made):
                inner = side
                if side.name == "exp" and side.args:
                    inner = side.args[0]
                if set(words(inner.var)) & {"logvar", "lv"} or {"log", "var"} <= set(words(inner.var)):
                    seen.add(id(user.node))
                    how = "exp(logvar)" if inner is not side else "logvar"
                    yield p.report(
                        "SB239",
                        user,
                        f"{how} is used as the standard deviation: the log-variance needs exp(0.5 * logvar)",
                        why="the samples have a wrong spread that does not fit the KL term",
                        fix="Use std = torch.exp(0.5 * logvar)",
                    )

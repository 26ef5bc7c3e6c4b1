"""A distribution gets probabilities as logits, or scores as probabilities.

## What it does

Finds `Categorical(logits=softmax(...))`, `Bernoulli(logits=sigmoid(...))`, `gumbel_softmax` of probabilities, and raw
scores given as `probs`.

## Why is this bad

Probabilities lie between 0 and 1. As logits they give a nearly uniform distribution that can never become sharp.

## Example

```python
from torch.distributions import Categorical

net = nn.Linear(4, 3)
probs = net(x).softmax(-1)
action = Categorical(logits=probs).sample()
```

## Use instead

```python
from torch.distributions import Categorical

net = nn.Linear(4, 3)
action = Categorical(logits=net(x)).sample()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val

_DISCRETE = frozenset(["Categorical", "OneHotCategorical", "Bernoulli", "RelaxedOneHotCategorical", "Multinomial"])
_FLAT = frozenset(["softmax", "sigmoid"])
_SCORES = frozenset(["Linear", "linear", "Conv2d"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event in p.first_calls(*_DISCRETE, "gumbel_softmax", "Normal", "LogNormal"):
        last = event.name.rsplit(".", 1)[-1]
        if last in _DISCRETE and event.name.startswith("torch"):
            yield from _discrete(p, event, last)
        elif last == "gumbel_softmax" and event.args and core(event.args[0]).name in _FLAT:
            yield _flattened(p, event, "gumbel_softmax", core(event.args[0]))
        elif last in ("Normal", "LogNormal") and event.name.startswith("torch"):
            yield from _normal(p, event)


def _discrete(p: Program, event: Event, last: str) -> Iterator[Finding]:
    at = 1 if last not in ("RelaxedOneHotCategorical", "Multinomial") else 2
    logits, probs = event.arg(at, "logits"), event.arg(at - 1, "probs")
    if logits is not None and core(logits).name in _FLAT:
        yield _flattened(p, event, f"{last}(logits=...)", core(logits))
    if probs is not None and probs.grad and core(probs).name in (*_SCORES, "log_softmax", "tanh"):
        yield p.report(
            "SB830",
            event,
            f"{last} gets raw scores as probs: they are logits, the softmax (or sigmoid) is missing",
            why="probs are divided by their sum, so negative scores and differences mean something else",
            fix=f"Use {last}(logits=scores), or put a softmax before it",
            related=(q.place(core(probs)),),
        )


def _flattened(p: Program, event: Event, what: str, made: Val) -> Finding:
    return p.report(
        "SB830",
        event,
        f"{what} gets probabilities (after {made.name}) as logits",
        why="softmax is applied twice: values in 0..1 as logits give a nearly uniform distribution, never a sharp one",
        fix="Pass the raw scores as logits, or the probabilities as probs=",
        related=(q.place(made),),
    )


def _normal(p: Program, event: Event) -> Iterator[Finding]:
    scale = event.arg(1, "scale")
    if scale is None:
        return
    one = core(scale)
    for _ in range(4):  # names are kept where the value is made: look through clamps
        if one.name in ("clamp", "clip", "tanh") and one.args:
            one = core(one.args[0])
    said = set(words(one.var)) | set(words(scale.var))
    wrong = "the logarithm of the deviation" if said & {"logstd", "logsigma"} or {"log", "std"} <= said else ""
    wrong = wrong or ("the logarithm of the variance" if said & {"logvar"} or {"log", "var"} <= said else "")
    if one.name == "exp" and one.args:
        inner = core(one.args[0])
        names = set(words(inner.var))
        wrong = "a variance, exp(logvar)," if names & {"logvar"} or {"log", "var"} <= names else ""
    elif one.name in ("exp", "softplus", "sqrt", "relu", "elu", "sigmoid", "abs"):
        return
    if wrong:
        yield p.report(
            "SB830",
            event,
            f"Normal gets {wrong} where it takes the standard deviation (scale)",
            why="the spread of the distribution is wrong, and so are its samples and log-probabilities",
            fix="Pass log_std.exp(), or (0.5 * logvar).exp()",
            related=(q.place(scale),),
        )

"""Dropout or noise written by hand ignores eval mode, the scale or the sense of its mask.

## What it does

Finds random masks and noise in `forward` that stay active in evaluation, are not scaled, or keep what they should drop.

## Why is this bad

Evaluation is random, or the activations have another mean in training than in evaluation.

## Example

```python
class Drop(nn.Module):
    def __init__(self, p=0.2):
        super().__init__()
        self.p = p

    def forward(self, x):
        mask = (torch.rand_like(x) > self.p).float()
        return x * mask / (1 - self.p)


model = nn.Sequential(nn.Linear(4, 8), Drop(), nn.Linear(8, 2))
```

## Use instead

```python
class Drop(nn.Module):
    def __init__(self, p=0.2):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        mask = (torch.rand_like(x) > self.p).float()
        return x * mask / (1 - self.p)


model = nn.Sequential(nn.Linear(4, 8), Drop(), nn.Linear(8, 2))
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import syntax
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program

_DRAWS = ("rand_like", "rand", "bernoulli", "randn_like", "randn", "bernoulli_")
_OFTEN = frozenset(
    ["mc", "vae", "diffusion", "generator", "gan", "sampler", "sample", "reparam", "flow", "noisy", "bayes", "bayesian",
     "loss", "variational", "stochastic", "gumbel", "policy", "masked", "mae", "augment", "rand", "style", "bayes"]
)  # fmt: skip


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for cls in p.classes:
        member = cls.scope.vars.get("forward") if cls.base == "module" else None
        if member is None or member.kind != "func" or member.owner.src is not p.source:
            continue
        node = member.owner.node
        if set(words(cls.name)) & _OFTEN:
            continue
        mask = _mask(node)
        if mask is not None:
            yield from _dropout(p, cls.name, node, syntax.text(cls.node), *mask)
            continue
        noise = _noise(node)
        body = syntax.text(cls.node) if noise is not None else ""
        if noise is not None and "training" not in body and "sigma_t" not in body:
            yield p.report(
                "SB534",
                (noise, p.source),
                f"{cls.name}.forward adds noise in eval mode too: it does not ask for self.training",
                why="every evaluation sees other noise, so predictions are random and worse than they could be",
                fix="Add the noise only if self.training",
                severity=_looked_at(p, cls),
            )


def _looked_at(p: Program, cls: Any) -> Severity | None:
    """A hint where a program makes such a model and trains nothing: there is no evaluation to disturb."""
    made = p.complete and not p.trains and any(m.owner is cls for m in p.of_kind("module"))
    return Severity.HINT if made else None


def _mask(node: Any) -> tuple[ast.Compare, ast.expr, bool] | None:
    """A random mask that multiplies the input: the comparison, the probability, whether it keeps what is below it."""
    arguments = {a.arg for a in node.args.args[1:]}
    for n in syntax.walk(node):
        if (
            not isinstance(n, ast.Compare)
            or len(n.ops) != 1
            or not isinstance(n.ops[0], (ast.Lt, ast.Gt, ast.LtE, ast.GtE))
        ):
            continue
        left, right = n.left, n.comparators[0]
        below = isinstance(n.ops[0], (ast.Lt, ast.LtE))
        if _draws(right):
            left, right, below = right, left, not below
        if not _draws(left) or not any(isinstance(a, ast.Name) and a.id in arguments for a in syntax.walk(left)):
            continue
        if _multiplies(node, n):
            return n, right, below
    return None


def _draws(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and syntax.text(node.func).rsplit(".", 1)[-1] in ("rand_like", "rand")


def _multiplies(node: Any, test: ast.Compare) -> bool:
    """Whether the mask is multiplied to something (directly or by its name)."""
    names = {
        t.id
        for a in syntax.walk(node)
        if isinstance(a, ast.Assign) and test in syntax.walk(a.value)
        for t in a.targets
        if isinstance(t, ast.Name)
    }
    for n in syntax.walk(node):
        if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult):
            inner = [*syntax.walk(n.left), *syntax.walk(n.right)]
            if test in inner or any(isinstance(x, ast.Name) and x.id in names for x in inner):
                return True
    return False


def _corrupts(node: Any, test: ast.Compare, body: str) -> bool:
    """Whether a model hides values of its own raw input, as a denoising autoencoder does: nothing is to be scaled."""
    whole = [n for n in syntax.walk(node) if isinstance(n, ast.BinOp) and test in syntax.walk(n)]
    masked = {n.id for w in whole for n in (w.left, w.right) if isinstance(n, ast.Name)} & {
        a.arg for a in node.args.args[1:]
    }
    changed = {
        n.id
        for n in syntax.walk(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.lineno < test.lineno
    }
    return bool(masked - changed) and bool(re.search(r"\bnn\.(Linear|Conv\d?d?|Parameter|Sequential|LSTM|GRU)\b", body))


def _dropout(
    p: Program, name: str, node: Any, body: str, test: ast.Compare, chance: ast.expr, below: bool
) -> Iterator[Finding]:
    text = syntax.text(chance)
    keeps = bool(set(words(text.replace(".", "_"))) & {"keep", "survival"}) or text.startswith("1 -")
    scaled = "keep" in body or bool(
        re.search(r"1(\.0)?\s*-\s*" + re.escape(text.replace("self.", "")), body.replace("self.", ""))
    )
    problem: tuple[str, str, str] | None = None
    if "training" not in body:
        problem = (
            "drops units in eval mode too: it does not ask for self.training",
            "model.eval() has no effect on it, so every evaluation drops other units",
            "Return the input unchanged if not self.training (or use nn.Dropout)",
        )
    elif below is not keeps and not (below and keeps):
        problem = None
        if below and not keeps:
            problem = (
                f"has its dropout mask inverted: rand < {text} keeps only a share {text} of the units",
                "the mask is true where the unit should be dropped, and the scale belongs to the other sense",
                f"Write rand > {text} (keep with probability 1 - {text})",
            )
    plain = problem is None and "training" in body and not scaled and not _corrupts(node, test, body)
    if plain and "/" not in syntax.text(node):
        problem = (
            "drops units without scaling the rest: dropout needs the factor 1 / (1 - p)",
            "in evaluation all units are active, so activations are larger than the next layer was trained for",
            "Divide by the probability of keeping a unit: x * mask / (1 - p)",
        )
    if problem is not None:
        yield p.report("SB534", (test, p.source), f"{name}.forward {problem[0]}", why=problem[1], fix=problem[2])


def _noise(node: Any) -> ast.AST | None:
    """Gaussian noise with a fixed scale that is added to the forward's input."""
    arguments = {a.arg for a in node.args.args[1:]}
    if len(arguments) != 1 or arguments & {"t", "time", "z", "noise", "mu", "logvar"}:
        return None
    for n in syntax.walk(node):
        if not isinstance(n, ast.BinOp) or not isinstance(n.op, ast.Add):
            continue
        for base, noise in ((n.left, n.right), (n.right, n.left)):
            if not isinstance(base, ast.Name) or base.id not in arguments or not isinstance(noise, ast.BinOp):
                continue
            if not isinstance(noise.op, ast.Mult):
                continue
            for scale, drawn in ((noise.left, noise.right), (noise.right, noise.left)):
                call = isinstance(drawn, ast.Call) and syntax.text(drawn.func).rsplit(".", 1)[-1] in (
                    "randn_like",
                    "randn",
                )
                fixed = isinstance(scale, (ast.Constant, ast.Name)) or (
                    isinstance(scale, ast.Attribute)
                    and bool(set(words(scale.attr)) & {"sigma", "std", "noise", "scale"})
                )
                if call and fixed:
                    return n
    return None

"""A pretrained embedding stays frozen although the optimizer is given its weight.

## What it does

Finds `nn.Embedding.from_pretrained(...)` without `freeze=False` whose parameters are handed to an optimizer by name.

## Why is this bad

`from_pretrained` freezes by default (`freeze=True`). The optimizer holds the weight, but it never gets a gradient.

## Example

```python
class Net(nn.Module):
    def __init__(self, vectors):
        super().__init__()
        self.emb = nn.Embedding.from_pretrained(vectors)
        self.fc = nn.Linear(16, 2)

    def forward(self, ids):
        return self.fc(self.emb(ids).mean(1))

net = Net(torch.randn(100, 16))
optimizer = torch.optim.Adam([{"params": net.emb.parameters(), "lr": 1e-4}, {"params": net.fc.parameters()}])
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self, vectors):
        super().__init__()
        self.emb = nn.Embedding.from_pretrained(vectors, freeze=False)
        self.fc = nn.Linear(16, 2)

    def forward(self, ids):
        return self.fc(self.emb(ids).mean(1))

net = Net(torch.randn(100, 16))
optimizer = torch.optim.Adam([{"params": net.emb.parameters(), "lr": 1e-4}, {"params": net.fc.parameters()}])
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static import syntax
from seedbed.doctor.static.program import Program

_OPTIMIZERS = re.compile(r"(?:^|\.)(?:SGD|Adam|AdamW|RMSprop|Adagrad|Adadelta|NAdam|RAdam|Adamax|SparseAdam|LBFGS)$")


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for node in q.nodes(p, ast.Assign):
        made, target = node.value, node.targets[0]
        if not isinstance(made, ast.Call) or not re.search(
            r"Embedding(Bag)?\.from_pretrained$", syntax.text(made.func)
        ):
            continue
        freeze = len(made.args) > 1 or any(k.arg == "freeze" for k in made.keywords)
        name = syntax.text(target).rsplit(".", 1)[-1]
        if freeze or re.search(rf"\b{name}\.(weight\.)?requires_grad", p.source.text):
            continue
        given = [c for c in q.nodes(p, ast.Call) if _OPTIMIZERS.search(syntax.text(c.func)) and _holds(c, name)]
        if given:
            yield p.report(
                "SB549",
                (made, p.source),
                f"the pretrained embedding {name} is frozen: from_pretrained has freeze=True by default "
                "(requires_grad=False)",
                why="the optimizer holds its weight, but it gets no gradient and is never fine-tuned",
                fix="Pass freeze=False: nn.Embedding.from_pretrained(vectors, freeze=False)",
                related=((str(p.source.path), given[0].lineno, "the optimizer"),),
            )


def _holds(call: ast.Call, name: str) -> bool:
    """Whether an optimizer is given the parameters of this embedding by name."""
    given = [*call.args, *(k.value for k in call.keywords)]
    return any(re.search(rf"\b{name}\.(parameters\(|weight)", syntax.text(a)) for a in given)

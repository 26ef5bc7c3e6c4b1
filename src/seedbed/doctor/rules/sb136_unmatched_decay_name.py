"""A name in the list without weight decay matches no parameter of the model.

## What it does

Finds parameter groups without weight decay that are picked by names, where a name for the norms fits no parameter of
the model, and its norm weights land in the group with weight decay.

## Why is this bad

Names are copied from another model. Here the norms are called otherwise, so their scales are pulled towards zero, and
nothing says that the list did not fit.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.norm, self.head = nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 1)

    def forward(self, x):
        return self.head(torch.relu(self.norm(self.body(x))))

model = Net()
skip = ["bias", "LayerNorm.weight"]
decay = [p for n, p in model.named_parameters() if not any(s in n for s in skip)]
rest = [p for n, p in model.named_parameters() if any(s in n for s in skip)]
optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=1e-3)
```

## Use instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.norm, self.head = nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 1)

    def forward(self, x):
        return self.head(torch.relu(self.norm(self.body(x))))

model = Net()
decay = [p for n, p in model.named_parameters() if p.ndim > 1]
rest = [p for n, p in model.named_parameters() if p.ndim <= 1]
optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=1e-3)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import choosing, ownership
from seedbed.doctor.static.layers import ACTIVATIONS
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.scopes import Class
from seedbed.doctor.static.values import Val

_WITHOUT_NORMS = frozenset(
    ("MultiheadAttention", "LSTMCell", "GRUCell", "RNNCell", "EmbeddingBag", "Flatten", "Identity")
)
_DEFAULTS = {"AdamW": 0.01}


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    for event, optimizer, modules in ownership.optimizers(p):
        free, decayed = _groups(optimizer)
        known = [one for m in modules for one in choosing.parameters(m)]
        if not free or not decayed or not known or not all(_is_known(m) for m in modules):
            continue
        norms = [one for one in known if choosing.is_norm(one) and one.name.endswith("weight")]
        lost = [one for one in norms if any(choosing.picks(p, d, one) is True for d in decayed)]
        if not lost or any(choosing.picks(p, f, one) is not False for f in free for one in lost):
            continue
        if not any(choosing.picks(p, f, one) is True for f in free for one in known if one.name.endswith("bias")):
            continue
        for text, node, src in (said for d in (*free, *decayed) for said in choosing.texts(p, d)):
            if not _names_norm(text) or any(text in one.name for one in known):
                continue
            examples = ", ".join(dict.fromkeys(one.name for one in lost[:2]))
            yield p.report(
                "SB136",
                (node, src) if node is not None and src is not None else event,
                f"{text!r} matches no parameter name of this model: weight decay is applied to its norm weights",
                why=f"they are called {examples} and are not excluded by the list without decay (no_decay), so the "
                "scales of the norms are pulled towards zero",
                fix="Pick them by shape, p.ndim <= 1, or by the names that named_parameters() prints",
                related=((str(event.src.path), event.line, "the optimizer"),),
            )
            break


def _groups(optimizer: Val) -> tuple[list[Val], list[Val]]:
    """The lists of parameters without weight decay, and those with some; none where a group is not understood."""
    groups = optimizer.args[0] if optimizer.args else optimizer.kwargs.get("params")
    plain = optimizer.kwargs.get("weight_decay")
    free: list[Val] = []
    decayed: list[Val] = []
    for group in (groups.items or []) if groups is not None else []:
        source = group.attrs.get("params") if group.kind == "dict" else None
        if source is None:
            return [], []
        amount = group.attrs.get("weight_decay", plain)
        number = amount.const if amount is not None else _DEFAULTS.get(optimizer.name, 0.0)
        (free if number == 0 and (amount is None or amount.kind == "const") else decayed).append(source)
    return free, decayed


def _is_known(module: Val, depth: int = 0) -> bool:
    """Whether all parts of a module are known, so that no other parameter can have the name."""
    if module.kind != "module" or module.name == "from_pretrained" or depth > 8:
        return False
    if not isinstance(module.owner, Class) and not module.attrs and not module.items:
        plain = module.name in ACTIVATIONS or module.name in _WITHOUT_NORMS or "Pool" in module.name
        return plain or any(True for _ in choosing.parameters(module))
    parts = [*module.attrs.values(), *(module.items or [])]
    if any(v.kind in ("phi", "unknown", "instance") for v in parts):
        return False
    return all(_is_known(v, depth + 1) for v in parts if v.kind == "module")


def _names_norm(text: str) -> bool:
    """Whether a key is meant for norms."""
    low = text.lower()
    return "norm" in low or low.split(".")[0] in ("ln", "bn", "ln_f", "gn")

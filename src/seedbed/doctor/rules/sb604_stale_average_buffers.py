"""The averaged model's buffers are never updated.

## What it does

Finds averaged models whose BatchNorm buffers are never updated.

## Why is this bad

The average has new weights and the running statistics of the start: its outputs are wrong.

## Example

```python
import copy
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
ema = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for pe, pm in zip(ema.parameters(), model.parameters()):
            pe.mul_(0.99).add_(pm, alpha=0.01)
ema.eval()
print(ema(x))
```

## Use instead

```python
import copy
model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
ema = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        for pe, pm in zip(ema.parameters(), model.parameters()):
            pe.mul_(0.99).add_(pm, alpha=0.01)
        for be, bm in zip(ema.buffers(), model.buffers()):
            be.copy_(bm)
ema.eval()
print(ema(x))
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import ownership, training
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for event in p.all("inplace", "attribute"):
        if event.recv is None or event.name not in ("add_", "lerp_", "mul_", "copy_", "data"):
            continue
        for module in ownership.modules_of(event.recv)[:1]:
            root = module.copied
            if (
                root is None
                or id(module) in seen
                or "deepcopy" not in module.tags
                or not any(n.startswith("BatchNorm") for n in ownership.contents(module))
            ):
                continue
            seen.add(id(module))
            if any(e.recv is not None and ownership.contains(module, e.recv) for e in p.all("restore")) or any(
                e.name in (".buffers", ".named_buffers", ".state_dict") and e.recv is module
                for e in p.calls("buffers", "named_buffers", "state_dict")
            ):
                continue
            if not any(e.recv is module for e in training.forwards(p)) or any(
                e.recv is module and e.mode == "train" for e in training.forwards(p)
            ):
                continue
            yield p.report(
                "SB604",
                event,
                "the averaged (EMA) model's buffers are never updated: BatchNorm running statistics stay at "
                "their start",
                why="only parameters are averaged, so in eval mode the average uses mean 0 and variance 1",
                fix="Copy the buffers too: for b, m in zip(ema.buffers(), model.buffers()): b.copy_(m)",
            )
    yield from _averaged_models(p)


def _averaged_models(p: Program) -> Iterator[Finding]:
    """``AveragedModel`` with BatchNorm that is measured without ``update_bn``."""
    updates = list(p.calls("update_bn", "bn_update"))
    if any(not e.args or e.args[-1].kind != "module" or len(e.args) < 2 for e in updates):
        return
    refreshed = {id(o) for e in updates for a in e.args[1:] for o in a.options()}
    seen: set[int] = set()
    for event in training.forwards(p):
        for swa in event.recv.options() if event.recv is not None else ():
            if swa.name != "AveragedModel" or swa.kind != "module" or id(swa) in seen or id(swa) in refreshed:
                continue
            flag = swa.arg(4, "use_buffers")
            names = {n for n in ownership.contents(swa) if n.startswith(("BatchNorm", "SyncBatchNorm"))}
            calls = [e for e in training.forwards(p) if e.recv is not None and any(o is swa for o in e.recv.options())]
            if not names or (flag is not None and flag.const is not False) or any(e.mode == "train" for e in calls):
                continue
            if any(e.name == ".buffers" for e in p.calls("buffers")) or any(e.recv is swa for e in p.all("restore")):
                continue
            seen.add(id(swa))
            modes = [m for m in p.all("mode") if m.name == "eval" and m.seq < event.seq and q.same(m.recv, swa)]
            made = next((e for e in p.all("call") if e.result is swa), event)
            yield p.report(
                "SB604",
                q.beside(modes[-1] if modes else event, made),
                f"the averaged (SWA) model is measured without update_bn(): its {min(names)} running statistics are "
                "those of the start",
                why="AveragedModel averages the parameters only; the statistics belong to other weights",
                fix="Call torch.optim.swa_utils.update_bn(train_loader, swa_model) before it is used "
                "(or AveragedModel(model, use_buffers=True))",
                related=(q.place(swa),),
            )

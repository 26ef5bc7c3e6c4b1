"""The coefficients of the forward noising are not those of a diffusion process.

## What it does

Finds noising `a * x0 + b * noise` at a random step in which the coefficients come from a single step and not from the
cumulative product, are exchanged, or lack their square roots; and tables of the step before whose 1 stands at the end.

## Why is this bad

Training sees other noise than sampling removes. With the factor of a single step the data is hardly noised at all.

## Example

```python
betas = torch.linspace(1e-4, 0.02, 100)
alphas = 1 - betas
net = nn.Linear(2, 2)
opt = torch.optim.Adam(net.parameters())
for x0 in loader:
    t = torch.randint(0, 100, (len(x0),))
    noise = torch.randn_like(x0)
    a = alphas[t].unsqueeze(1)
    loss = F.mse_loss(net(a.sqrt() * x0 + (1 - a).sqrt() * noise), noise)
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
betas = torch.linspace(1e-4, 0.02, 100)
alphas = torch.cumprod(1 - betas, dim=0)
net = nn.Linear(2, 2)
opt = torch.optim.Adam(net.parameters())
for x0 in loader:
    t = torch.randint(0, 100, (len(x0),))
    noise = torch.randn_like(x0)
    a = alphas[t].unsqueeze(1)
    loss = F.mse_loss(net(a.sqrt() * x0 + (1 - a).sqrt() * noise), noise)
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.rules.sb824_unrelated_noise_target import NOISE
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import complement, core, factors
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.all("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            if val.name != "add" or len(val.args) != 2 or id(val.node) in seen:
                continue
            found = _terms(val)
            problem = _problem(*found) if found is not None else None
            if problem is None or found is None:
                continue
            seen.add(id(val.node))
            at = _index(found[0]) if "single step" in problem else None
            yield p.report(
                "SB825",
                at if at is not None and at.line else val,
                f"the forward noising of the diffusion is wrong: {problem}",
                why="training sees other noise than the reverse process removes, so samples are poor",
                fix="Use alpha_bar = torch.cumprod(1 - betas, 0): x_t = sqrt(alpha_bar[t]) * x0 + "
                "sqrt(1 - alpha_bar[t]) * noise",
                related=(q.place(val),) if at is not None else (),
            )
    yield from _previous(p)


def _previous(p: Program) -> Iterator[Finding]:
    """``alpha_bar`` of the step before that was not moved: the 1 of the clean data stands at the end."""
    seen: set[int] = set()
    for val in p.made("pad", "cat", "concat", "concatenate", "append"):
        if not _one_at_end(val) or id(val.node) in seen:
            continue
        seen.add(id(val.node))
        yield p.report(
            "SB825",
            val,
            f"{val.var or 'the table'} should hold alpha_bar of the previous step, but its 1 is padded at the end: "
            "nothing is shifted",
            why="entry t is alpha_bar[t] itself, the last entry is 1: the coefficients of the posterior are wrong",
            fix="Put the leading 1 on the left: F.pad(alpha_bar[:-1], (1, 0), value=1.0)",
        )


def _one_at_end(val: Val) -> bool:
    """Whether a value is a cumulative product without its last entry, followed by 1."""
    table = val.args[0] if val.args else None
    if val.name == "pad":
        sides, filled = val.arg(1, "pad"), val.number(3, "value")
        if sides is None or [s.const for s in sides.items or ()] != [0, 1] or filled != 1:
            return False
    elif val.name == "append":
        if val.number(1, "values") != 1:
            return False
    else:
        parts = (table.items or []) if table is not None else []
        if len(parts) != 2 or not _is_one(parts[1]):
            return False
        table = parts[0]
    if table is None or table.name != "getitem" or len(table.args) < 2 or table.args[1].kind != "slice":
        return False
    low, high = table.args[1].args[:2]
    return low.is_none and high.const == -1 and core(table.args[0]).name in ("cumprod", "np_cumprod")


def _is_one(val: Val) -> bool:
    one = core(val)
    if one.name in ("ones", "new_ones"):
        return one.shape == (1,)
    items = one.args[0].items if one.name in ("tensor", "as_tensor", "new_tensor", "array") and one.args else one.items
    return items is not None and len(items) == 1 and items[0].const == 1


def _terms(val: Val) -> tuple[Val, Val] | None:
    """The coefficients of data and noise in ``a * x0 + b * noise``, both taken at a random step."""
    for one, other in (val.args, val.args[::-1]):
        noisy = [v for v, power in factors(one) if power > 0]
        plain = [v for v, power in factors(other) if power > 0]
        if len(noisy) != 2 or len(plain) != 2 or any(v.name in NOISE for v in plain):
            continue
        noise = [v for v in noisy if v.name in NOISE]
        if len(noise) != 1:
            continue
        weight = next(v for v in noisy if v is not noise[0])
        scale = [v for v in plain if _index(v) is not None]
        if len(scale) == 1 and _index(weight) is not None:
            return scale[0], weight
    return None


def _bare(val: Val) -> tuple[Val, bool, bool]:
    """What is under a coefficient: the value, whether under a root, and whether it is ``1 -`` of the value."""
    one, root, turned = core(val), False, False
    for _ in range(6):
        if one.name == "sqrt" or (one.name == "pow" and one.number(1, "exponent") == 0.5):
            one, root = core(one.args[0]), True
        elif (inner := complement(one)) is not None:
            one, turned = core(inner), not turned
        elif (one.name == "getitem" and one.args) or (one.name == "gather" and one.args):
            one = core(one.args[0])
        else:
            break
    return one, root, turned


def _index(val: Val) -> Val | None:
    """The place where a coefficient is read from a table at a random step."""
    for one in ancestors(val, limit=25):
        key = one.args[1] if one.name == "getitem" and len(one.args) > 1 else None
        if one.name == "gather" and len(one.args) > 2:
            key = one.args[2]
        if key is not None and any(v.name == "randint" for v in ancestors(key, limit=12)):
            return one
    return None


def _problem(scale: Val, weight: Val) -> str | None:
    first, second = _bare(scale), _bare(weight)
    made = {v.name for table in (first[0], second[0]) for v in ancestors(table, limit=60)}
    cumulative = bool(made & {"cumprod", "np_cumprod", "cumsum", "exp", "cos"})
    if not cumulative and made & {"linspace", "np_linspace"} and (second[2] or first[2]) and first[1] and second[1]:
        return "alpha of a single step is used where the cumulative product (cumprod, alpha_bar) is needed"
    if first[1] and second[1] and "cumsum" in made and not made & {"cumprod", "np_cumprod", "exp", "log"}:
        return "alpha_bar is the cumulative product (cumprod) of 1 - beta, not the cumulative sum (cumsum)"
    if first[0] is not second[0] or "cumprod" not in made:
        return None
    if not first[1] and not second[1]:
        return "the square roots of alpha_bar and 1 - alpha_bar are missing"
    if first[1] != second[1] and second[2] and not first[2]:
        return "the square root of 1 - alpha_bar is missing" if first[1] else "the square root of alpha_bar is missing"
    inside = {v.name for v in ancestors(first[0], limit=40)}
    if first[2] and not second[2] and "cumprod" in inside and first[0].name in ("cumprod", "np_cumprod", "tensor"):
        return "alpha_bar weighs the noise and 1 - alpha_bar the data: the two coefficients are swapped"
    return None

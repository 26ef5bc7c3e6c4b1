"""Noise that must be Gaussian is uniform, shared by the batch, or missing.

## What it does

Finds latent samples `mu + std * noise` and diffusion steps whose noise comes from `rand`, is one number for all, or is
left out. Also target actions whose smoothing noise is one vector for the whole batch.

## Why is this bad

The formulas hold for a standard normal. Uniform noise has mean 0.5: the samples are shifted and never negative.

## Example

```python
enc, dec = nn.Linear(8, 4), nn.Linear(2, 8)
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters()])
for x in loader:
    mu, logvar = enc(x).chunk(2, dim=1)
    std = torch.exp(0.5 * logvar)
    z = mu + std * torch.rand_like(std)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
    loss = F.mse_loss(dec(z), x) + kl
    opt.zero_grad()
    loss.backward()
    opt.step()
```

## Use instead

```python
enc, dec = nn.Linear(8, 4), nn.Linear(2, 8)
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters()])
for x in loader:
    mu, logvar = enc(x).chunk(2, dim=1)
    std = torch.exp(0.5 * logvar)
    z = mu + std * torch.randn_like(std)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
    loss = F.mse_loss(dec(z), x) + kl
    opt.zero_grad()
    loss.backward()
    opt.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.formulas import core, factors
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors

_UNIFORM = frozenset(["rand_like", "rand", "np_rand", "np_uniform"])


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.all("backward"):
        for val in ancestors(back.recv) if back.recv is not None else ():
            if val.name != "add" or len(val.args) != 2 or id(val.node) in seen:
                continue
            for mean, spread in (val.args, val.args[::-1]):
                problem, at = _problem(p, mean, spread)
                if problem:
                    seen.add(id(val.node))
                    yield p.report(
                        "SB847",
                        at if at is not None and at.line else val,
                        f"the noise of this sample is wrong: {problem}",
                        why="the formula needs independent standard normal noise for every sample and element",
                        fix="Use torch.randn_like(std)",
                        related=(q.place(val),),
                    )
                    break
        yield from _one_for_all(p, back, seen)


def _one_for_all(p: Program, back: Event, seen: set[int]) -> Iterator[Finding]:
    """Noise of one row that is added to a whole batch of actions, which a critic then gets beside their states."""
    for val in ancestors(back.recv) if back.recv is not None else ():
        along = val.arg(1, "dim") if val.name == "cat" else None
        items = val.args[0].items if val.name == "cat" and val.args else None
        for item in (items or ()) if along is not None and along.const == 1 else ():  # so it has rows
            total = _unclipped(item)
            if total.name != "add" or len(total.args) != 2 or total.grad:
                continue
            for action, spread in (total.args, total.args[::-1]):
                parts = [_unclipped(v) for v, power in factors(_unclipped(spread)) if power > 0]
                draws = [v for v in parts if v.name in ("randn", "np_randn") and v.shape and len(v.shape) == 1]
                made = _unclipped(action)
                if len(draws) != 1 or made.owner is None or made.kind != "tensor" or id(draws[0].node) in seen:
                    continue
                seen.add(id(draws[0].node))
                yield p.report(
                    "SB847",
                    draws[0],
                    "one noise vector, drawn for a single action, is added to every action of the batch: all samples "
                    "share the same noise",
                    why="the noise is to smooth each target on its own; shared, it shifts the whole batch one way",
                    fix="Draw it per sample: torch.randn_like(action)",
                    related=(q.place(total),),
                )


def _unclipped(val: Val) -> Val:
    """What a value is without its bounds."""
    one = core(val)
    while one.name in ("clamp", "clip", "clamp_", "clip_") and one.args:
        one = core(one.args[0])
    return one


def _problem(p: Program, mean: Val, spread: Val) -> tuple[str, Val | None]:
    parts = [core(v) for v, power in factors(spread) if power > 0]
    scales = [v for v in parts if _deviation(v)]
    if not scales:
        return "", None
    latent = mean.grad and scales[0].grad and _coded(scales[0])
    if len(parts) == 1 and latent and _halved(scales[0]) and _plain(mean) and not _noise(mean):
        return "the deviation is added without any noise, so the code is not sampled", None
    for noise in parts:
        if noise.name in _UNIFORM:
            return f"{noise.name}() is uniform in 0..1, but it must be Gaussian (randn)", noise
        if noise.name == "randn" and latent and [a.const for a in noise.args] == [1]:
            return "one random number is shared by the whole batch and all dimensions", noise
        rows = _one_row(noise, mean)
        if rows is not None:
            return "one noise row is drawn for the whole batch, so all its samples share it", rows
    return "", None


def _one_row(noise: Val, mean: Val) -> Val | None:
    """The noise for one sample that a whole batch gets, where the shapes of both are known."""
    drawn = core(noise)
    while drawn.name in ("expand_as", "broadcast_to", "repeat", "tile") and drawn.args:
        drawn = core(drawn.args[0])
    if drawn.name not in ("randn", "np_randn") or not drawn.shape or any(not isinstance(n, int) for n in drawn.shape):
        return None
    parts = [v for f, _ in factors(mean) for v in (f, core(f)) if v.kind == "tensor" and v.shape]
    whole = max((v.shape for v in parts if v.shape), key=len, default=())
    if len(whole) < 2 or whole[0] == 1 or None in whole[1:]:
        return None
    return drawn if drawn.shape in (whole[1:], (1, *whole[1:])) else None


def _deviation(val: Val) -> bool:
    """Whether a factor is a standard deviation: exp of half a log-variance, or the root of ``1 - alpha_bar``."""
    while val.name == "getitem" and val.args and core(val.args[0]).name in ("sqrt", "getitem"):
        val = core(val.args[0])
    if val.name == "exp" and val.args:
        return bool(
            {"logvar", "lv", "std", "logstd", "sigma"} & {w for v in ancestors(val, limit=8) for w in words(v.var)}
        )
    if val.name == "sqrt":
        return any(v.name == "cumprod" for v in ancestors(val, limit=30))
    return False


def _halved(scale: Val) -> bool:
    """Whether it is ``exp(0.5 * logvar)``."""
    inner = core(scale.args[0]) if scale.args else scale
    return inner.name in ("mul", "div") and any(a.const in (0.5, 2) for a in inner.args)


def _plain(mean: Val) -> bool:
    return mean.kind == "tensor" and core(mean).name not in ("pow", "square", "sub", "add", "mul", "exp")


def _coded(val: Val) -> bool:
    return val.name == "exp"


def _noise(val: Val) -> bool:
    return any(v.name in ("randn_like", "randn", "normal", *_UNIFORM) for v in ancestors(val, limit=6))

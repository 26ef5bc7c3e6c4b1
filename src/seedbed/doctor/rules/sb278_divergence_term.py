"""The KL term of a variational autoencoder has a wrong sign, formula or scale.

## What it does

Finds `1 + logvar - mu**2 - exp(logvar)` terms that enter the loss with the wrong sign or lack the square of `mu`,
and KL terms that are summed over the batch beside a reconstruction loss that is a mean.

## Why is this bad

With the wrong sign the latent code is driven away from the prior without end. Summed over the batch beside a mean over
all pixels the KL outweighs the reconstruction by batch size times pixels: the code collapses to noise.

## Example

```python
encoder, decoder = nn.Linear(8, 4), nn.Linear(2, 8)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for x, _ in loader:
    mu, logvar = encoder(x).chunk(2, dim=1)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    kl = 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    loss = F.mse_loss(decoder(z), x, reduction="sum") + kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

## Use instead

```python
encoder, decoder = nn.Linear(8, 4), nn.Linear(2, 8)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
for x, _ in loader:
    mu, logvar = encoder(x).chunk(2, dim=1)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    loss = F.mse_loss(decoder(z), x, reduction="sum") + kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_LAW = "Use -0.5 * (1 + logvar - mu**2 - logvar.exp()), added to the reconstruction loss"


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None:
            continue
        terms = _signed(back.recv)
        found = next(((s, t, v) for s, t in terms if (v := _spread(t, terms)) is not None), None)
        if found is None or id(found[1].node) in seen:
            continue
        sign, grown, logvar = found
        seen.add(id(grown.node))
        own = [s for s, t in terms if t is logvar or f.same(t, logvar)]
        squares = [s for s, t in terms if t.name in ("pow", "square") or (t.name == "mul" and f.same(*t.args[:2]))]
        if sign < 0 and own[:1] == [1]:
            said = "the sign of the KL term is wrong: it is maximised, so the code is driven away from the prior"
        elif own[:1] == [sign]:
            said = "the KL term has a wrong sign inside: logvar and exp(logvar) must have opposite signs"
        elif squares and squares[0] != sign:
            said = "the KL term has a wrong sign inside: mu**2 must have the sign of exp(logvar)"
        elif not squares and any(
            t.grad and t.name in ("getitem", "part", "chunk", "Linear", "element") for _, t in terms
        ):
            said = "the KL term takes mu without its square"
        else:
            yield from _scale(p, back.recv, grown)
            continue
        yield p.report("SB278", grown, said, why="the latent code is not pulled to the standard normal prior", fix=_LAW)


def _spread(term: Val, terms: list[tuple[int, Val]]) -> Val | None:
    """``logvar`` when the term is ``exp(logvar)`` and ``logvar`` is a term too."""
    if term.name != "exp" or not term.grad or not term.args:
        return None
    inner = f.core(term.args[0])
    return inner if any(t is inner or f.same(t, inner) for _, t in terms) else None


def _signed(root: Val) -> list[tuple[int, Val]]:
    """Summands with their signs; factors without a gradient (beta) count as positive."""
    found: list[tuple[int, Val]] = []
    for sign, term in f.summands(root):
        if term.name in ("mul", "div") and len(term.args) == 2 and term.grad:
            inner = [a for a in term.args if a.grad]
            divisor = term.name == "div" and len(inner) == 1 and inner[0] is term.args[1]
            if len(inner) == 1 and not divisor and inner[0] is not root:
                found += [(sign * s, t) for s, t in _signed(inner[0])]
                continue
        found.append((sign, term))
    return found


def _scale(p: Program, root: Val, grown: Val) -> Iterator[Finding]:
    """A KL that is summed over everything beside a reconstruction that is a mean over everything."""
    above = [
        v
        for v in ancestors(root)
        if v.kind == "tensor" and v is not grown and any(a is grown for a in ancestors(v, limit=60))
    ]
    sums = [v for v in above if v.name == "sum"]
    if not sums or any(v.name in ("mean", "div") for v in above):
        return
    if any(len(v.args) > 1 or v.kwargs for v in sums) or len(sums) > 1:
        return
    weighted = [
        v for v in above if v.name == "mul" and not any(
            a.kind == "const" and a.const in (0.5, -0.5, 1, -1) for a in v.args
        )
    ]  # fmt: skip
    parts = [v for _, t in f.summands(root) if (v := f.loss_value(t)) is not None]
    if weighted or not parts or not {"MSELoss", "BCELoss", "BCEWithLogitsLoss", "L1Loss"} & parts[0].tags:
        return
    yield p.report(
        "SB278",
        sums[0],
        "the KL term is summed over the batch, but the reconstruction loss is a mean: their scales do not fit",
        why="the KL counts batch size times outputs too much, so the code collapses to the prior",
        fix="Use reduction='sum' in both, or the mean over the batch in both (kl.sum(dim=1).mean())",
        related=(q.place(parts[0]),),
    )

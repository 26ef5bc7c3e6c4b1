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
from seedbed.doctor.static import class_codes, tokens
from seedbed.doctor.static import formulas as f
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.program import Program
from seedbed.doctor.static.values import Val, ancestors

_LAW = "Use -0.5 * (1 + logvar - mu**2 - logvar.exp()), added to the reconstruction loss"


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    yield from _scales(p)
    seen: set[int] = set()
    for back in p.once("backward"):
        if back.recv is None:
            continue
        terms = _signed(back.recv)
        code = class_codes.maximised(terms)
        if code is not None and id(code.node) not in seen:
            seen.add(id(code.node))
            said = "the sign of the KL term is wrong: it is maximised, so the classes of the code leave their prior"
            why = "the loss falls without a better code: each code ends in one class, far from the prior"
            fix = "Add sum(q * (log q - log prior)) to the reconstruction loss, with no minus sign"
            yield p.report("SB278", code, said, why=why, fix=fix)
        found = next(((s, t, v) for s, t in terms if (v := _spread(t, terms)) is not None), None)
        if found is None and (lost := _unspread(terms)) is not None and id(lost.node) not in seen:
            seen.add(id(lost.node))
            said = "the KL term lacks exp(logvar): 1 + logvar - mu**2 - logvar has no logvar left"
            why = "the variance is never pulled to 1, so the code is no sample from the prior"
            parts = ancestors(back.recv)
            at = next((v for v in parts if v.name == "sub" and len(v.args) > 1 and f.core(v.args[1]) is lost), lost)
            yield p.report("SB278", at, said, why=why, fix=_LAW)
            continue
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
            continue
        yield p.report("SB278", grown, said, why="the latent code is not pulled to the standard normal prior", fix=_LAW)


def _unspread(terms: list[tuple[int, Val]]) -> Val | None:
    """``logvar`` in ``1 + logvar - mu**2 - logvar``, where the second one lacks its ``exp``."""
    squared = [s for s, t in terms if t.name in ("pow", "square") and t.grad]
    ones = [s for s, t in terms if t.kind == "const" and t.const in (1, 1.0)]
    for sign, term in terms:
        twin = any(s == -sign and (t is term or f.same(t, term)) for s, t in terms)
        if twin and term.grad and ones and squared and set(words(term.var)) & _SPREADS:
            return term
    return None


_SPREADS = frozenset(["logvar", "var", "lv", "sigma", "logvariance"])


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
            if any(_is_data(a) for a in term.args):
                found.append((sign, term))  # counts, times, marks: a likelihood such as Poisson's, no divergence
                continue
            divisor = term.name == "div" and len(inner) == 1 and inner[0] is term.args[1]
            if len(inner) == 1 and not divisor and inner[0] is not root:
                found += [(sign * s, t) for s, t in _signed(inner[0])]
                continue
        found.append((sign, term))
    return found


def _is_data(val: Val) -> bool:
    """Whether a factor has a value for each sample."""
    return val.kind == "tensor" and not val.grad and val.shape not in ((), (1,)) and val.name != "tensor"


_ELEMENTWISE = {"MSELoss", "BCELoss", "BCEWithLogitsLoss", "L1Loss", "SmoothL1Loss", "HuberLoss"}


def _scales(p: Program) -> Iterator[Finding]:
    """A KL that is summed over the code beside a reconstruction that is a mean over every element."""
    seen: set[int] = set()
    for back in p.once("backward"):
        parts = f.weighed(_per_sample(back.recv)) if back.recv is not None else []
        yield from _shrunk(p, parts, seen)
        errors = [v for v, w in parts if w in (0.5, 1) and _is_mean_error(v)]  # a half: that of a normal density
        sums = [made for v, w in parts if w is not None and (made := _summed_divergence(v, w)) is not None]
        if len(parts) != 2 or not errors or not sums or id(sums[0].node) in seen:
            continue
        seen.add(id(sums[0].node))
        one = f.core(errors[0])
        yield p.report(
            "SB278",
            one.owner if one.owner is not None and one.owner.line else one,
            "the reconstruction loss is a mean over all elements, but the KL term is a sum: their scales do not fit",
            why="the KL dominates by as many times as a sample has elements: posterior collapse",
            fix="Sum the reconstruction over the elements of a sample too (reduction='sum' divided by the batch size), "
            "or take the mean in both",
            related=(q.place(sums[0]), q.place(one)),
        )


def _per_sample(val: Val) -> Val:
    """The total of a batch, where the whole loss is divided by the batch size."""
    one = f.core(val)
    if one.name in ("div", "true_divide") and len(one.args) == 2:
        size = tokens.axis_read(one.args[1])
        if size is not None and size[1] == 0:
            return one.args[0]
    return one.args[0] if one.name == "mean" and len(one.args) == 1 and not one.kwargs else val


def _shrunk(p: Program, parts: list[tuple[Val, float | None]], seen: set[int]) -> Iterator[Finding]:
    """A KL that is a mean over every element beside a reconstruction that is a sum over all of them."""
    sums = [v for v, w in parts if w == 1 and _is_summed_error(v)]
    means = [made for v, _ in parts if (made := _averaged_divergence(v)) is not None]
    if len(parts) != 2 or not sums or not means or id(means[0].node) in seen:
        return
    seen.add(id(means[0].node))
    yield p.report(
        "SB278",
        means[0],
        "the KL term is a mean over all elements, but the reconstruction loss is a sum: their scales do not fit",
        why="the KL counts too little by batch size times code size, so the code is free and samples from the prior "
        "decode to noise",
        fix="Sum the KL too (torch.sum), or take the mean in both",
        related=(q.place(sums[0]),),
    )


def _is_summed_error(val: Val) -> bool:
    one = f.loss_value(val, reduced=False)
    if one is not None:
        return bool(_ELEMENTWISE & one.tags) and "reduction=sum" in one.tags
    total = f.core(val)  # the elements of each sample are added up, and the samples averaged
    each = f.loss_value(total.args[0], reduced=False) if total.name == "sum" and total.args else None
    return each is not None and bool(_ELEMENTWISE & each.tags) and "reduction=none" in each.tags


def _averaged_divergence(val: Val) -> Val | None:
    """The mean over batch and code of a KL term written out."""
    mean, current = None, f.core(val)
    for _ in range(8):
        if current.name == "mean" and len(current.args) == 1 and not current.kwargs:
            mean = mean or current
        elif current.name == "mul" and len(current.args) == 2:
            rest = [a for a in current.args if a.kind != "const"]
            if len(rest) != 1:
                return None
            current = f.core(rest[0])
            continue
        elif current.name != "neg" or not current.args:
            break
        current = f.core(current.args[0])
    terms = _signed(current)
    return mean if mean is not None and any(_spread(t, terms) is not None for _, t in terms) else None


def _is_mean_error(val: Val) -> bool:
    """Whether a term is the mean of an error over all elements of outputs that have more than one."""
    one = f.loss_value(val)
    if val.name == "mean" and len(val.args) == 1 and not val.kwargs:
        power = f.core(val.args[0])
        one = f.core(power.args[0]) if power.name in ("pow", "square", "abs") and power.args else None
        if one is None or one.name != "sub" or len(one.args) != 2 or one.args[0].grad == one.args[1].grad:
            return False
    elif one is None or not _ELEMENTWISE & one.tags or not one.args:
        return False
    shape = next((a.shape for a in one.args[:2] if a.shape is not None), None)
    return shape is None or (len(shape) > 1 and shape[-1] != 1)


def _summed_divergence(val: Val, weight: float) -> Val | None:
    """The sum over the code in a KL term that no factor makes smaller."""
    total, current = None, f.core(val)
    for _ in range(12):
        if current.name == "sum" and current.args:
            total = total or current
        elif current.name in ("div", "true_divide") and len(current.args) == 2 and total is None:
            size = tokens.axis_read(current.args[1])
            if size is None or size[1] != 0:
                return None
        elif current.name == "mul" and len(current.args) == 2:
            factor = next((a.const for a in current.args if isinstance(a.const, (int, float))), None)
            rest = next((a for a in current.args if a.kind != "const"), None)
            if factor is None or rest is None:
                return None
            weight, current = weight * factor, f.core(rest)
            continue
        elif current.name not in ("mean", "neg") or not current.args:
            break
        current = f.core(current.args[0])
    if total is None or abs(weight) not in (0.5, 1):
        return None
    if current.name == "kl_divergence":
        return total
    terms = _signed(current)
    return total if any(_spread(t, terms) is not None for _, t in terms) else None

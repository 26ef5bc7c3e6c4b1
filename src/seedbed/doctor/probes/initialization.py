"""Weights that start wrong: far too large, or all alike."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import RootFact
from seedbed.doctor.observe.source import last_call, only_call
from seedbed.doctor.probes.view import Run, number, report

GAIN = 4.0


def probe(run: Run) -> Iterator[Finding]:
    """Report weights drawn without scaling, constant weights, and units that stay identical."""
    yield from _plain_leaves(run)
    for key in run.trained_roots:
        root = run.record.roots[key]
        if root.late or root.module in run.recorder.copies.loaded:
            continue
        yield from _unscaled(run, root)
        yield from _identical(run, root)
        yield from _by_hand(run, root)


def _plain_leaves(run: Run) -> Iterator[Finding]:
    """Weights of hand-written networks, which belong to no module."""
    for key, (deviation, mean, low, fan_in) in run.record.leaf_starts.items():
        leaf = run.record.leaves[key]
        if isinstance(leaf, nn.Parameter) or key in run.names or run.record.leaf_counts[key] < 3:
            continue
        if fan_in < 8 or leaf.shape[0] < 16:
            continue
        gain = (deviation**2 + mean**2) ** 0.5 * fan_in**0.5
        now = leaf.detach().float()
        if float(now.std()) == deviation and float(now.mean()) == mean:
            continue  # nobody moves it: points at which derivatives are taken, no weight
        if gain > GAIN:
            positive = "only positive values, " if low >= 0 else ""
            yield report(
                "SB506", f"weights are initialised too large: a weight of shape {tuple(leaf.shape)} starts with "
                f"{positive}"
                f"mean {number(mean)} and standard deviation {number(deviation)}, unscaled rand/randn gives {gain:.1f} "
                "times what keeps the variance (initialization, saturate, kaiming, xavier)",
                last_call(run.backward_site, ("rand", "randn")), "Multiply randn by 1 / sqrt(fan_in).",
                shape=tuple(leaf.shape),
            )  # fmt: skip
            return


def _tables(root: RootFact) -> set[int]:
    return {id(m.weight) for m in root.module.modules() if isinstance(m, nn.Embedding | nn.EmbeddingBag)}


def _fan_in(parameter: torch.Tensor, layer: bool) -> int:
    if layer:
        return int(parameter[0].numel())
    return int(min(parameter.shape) if parameter.ndim == 2 else parameter[0].numel())  # by hand: x @ w or x @ w.T


def _unscaled(run: Run, root: RootFact) -> Iterator[Finding]:
    skip = _tables(root)
    layers = {id(m.weight): m for m in root.module.modules() if isinstance(m, nn.Linear | nn.modules.conv._ConvNd)}
    large = []
    for name, parameter in root.module.named_parameters():
        if id(parameter) in skip or name not in root.gains or id(parameter) not in run.trained_ids:
            continue
        if id(parameter) not in layers and parameter.ndim != 2:
            continue
        deviation, mean = root.gains[name]
        fan_in = _fan_in(parameter, id(parameter) in layers)
        gain = (deviation**2 + mean**2) ** 0.5 * fan_in**0.5
        if gain > GAIN and fan_in >= 8 and deviation > 1e-8:
            large.append((gain, name, deviation, mean, fan_in, parameter))
    if not large:
        return
    first = next((c.value for c in run.record.losses if c.training and c.value is not None), None)
    if first is not None and first < 1.5:
        return  # whatever the weights are, the outputs are not far off
    gain, name, deviation, mean, fan_in, parameter = max(large, key=lambda item: item[0])
    loss = next((c for c in run.record.losses if c.training and c.value is not None), None)
    seen = f"; the first loss is {number(loss.value)}" if loss is not None and loss.value is not None else ""
    owner, _ = run.owner_of(parameter)
    yield report(
        "SB506",
        f"weights are initialised too large: {name} has standard deviation {number(deviation)} and mean {number(mean)} "
        f"with {fan_in} inputs, about {gain:.0f} times what keeps the variance (initialization, std, kaiming, xavier)"
        f"{seen}",
        (run.made_at(owner) if id(parameter) in layers else None) or run.made_at(parameter),
        "Use nn.init.kaiming_uniform_ or divide by sqrt(fan_in).", where=name, std=deviation, fan_in=fan_in,
    )  # fmt: skip


def _identical(run: Run, root: RootFact) -> Iterator[Finding]:
    layers = [
        (name, module)
        for name, module in root.module.named_modules()
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd) and id(module.weight) in run.trained_ids
    ]
    for name, module in layers:
        weight = module.weight.detach()
        if weight.shape[0] < 2 or (not weight.requires_grad and not module.weight.requires_grad):
            continue
        rows = weight.reshape(weight.shape[0], -1)
        start = root.start.get(f"{name}.weight" if name else "weight")
        alike = start is not None and start.numel() > 1 and bool((start == start.flatten()[0]).all())
        same = float((rows - rows[0]).abs().max()) <= 1e-6 * float(rows.abs().max() + 1e-12)
        if alike and same and (name, module) != layers[-1]:
            yield report(
                "SB507",
                f"constant initialization: all weights of {name or root.name} started at "
                f"{number(float(start.flatten()[0]))} "  # type: ignore[union-attr]
                f"and after {run.record.steps} steps its {rows.shape[0]} units are still identical (symmetry is "
                "not broken)",
                only_call(run.made_at(module), ("zeros_", "constant_", "ones_", "fill_")), "Initialise with "
                "random values: nn.init.kaiming_uniform_.", where=name,
                units=rows.shape[0],
            )  # fmt: skip
            return


def _by_hand(run: Run, root: RootFact) -> Iterator[Finding]:
    """A weight matrix of a hand-written layer: it started at one number, has moved, and its units are still alike."""
    layers = {id(m.weight) for m in root.module.modules() if isinstance(getattr(m, "weight", None), torch.Tensor)}
    for name, parameter in root.module.named_parameters():
        start = root.start.get(name)
        if start is None or parameter.ndim != 2 or min(parameter.shape) < 2 or id(parameter) not in run.trained_ids:
            continue
        if id(parameter) in layers and not _own_class(root, parameter):
            continue
        now = parameter.detach()
        if not bool((start == start.flatten()[0]).all()) or now.shape != start.shape or torch.equal(now, start):
            continue
        scale = 1e-6 * float(now.abs().max() + 1e-12)
        for units, table in ((now.shape[0], now), (now.shape[1], now.t())):
            if float((table - table[0]).abs().max()) <= scale:
                yield report(
                    "SB507",
                    f"constant initialization: {name} started at {number(float(start.flatten()[0]))} everywhere and "
                    f"after {run.record.steps} steps its {units} units are still identical (symmetry is not broken)",
                    run.made_at(parameter), "Initialise with random values: torch.randn(...) / n_in**0.5.",
                    where=name, units=units,
                )  # fmt: skip
                return


def _own_class(root: RootFact, parameter: torch.Tensor) -> bool:
    """Whether the weight belongs to a class of the script, not to a layer of the library."""
    return any(
        getattr(m, "weight", None) is parameter and not type(m).__module__.startswith("torch.")
        for m in root.module.modules()
    )

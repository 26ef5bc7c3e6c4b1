"""The shape of the model and of the script's objects."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import OptimizerFact
from seedbed.doctor.observe.site import Site, enclosing_loops
from seedbed.doctor.probes.view import Run, report


def probe(run: Run) -> Iterator[Finding]:
    """Report linear layers in a row, optimizers built again and again, layers made in forward."""
    yield from _linear_pairs(run)
    yield from _recreated_optimizers(run)
    yield from _layers_made_in_forward(run)


def _linear_pairs(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("linear-after-linear"):
        before, after = note.first["before"], note.first["after"]
        if not isinstance(before, nn.Linear) or note.count < 2 or id(after) in run.record.forked:
            continue  # what is also used elsewhere (x + layer(x)) is no hidden step
        middle = before.out_features
        if middle < min(before.in_features, after.out_features) or before is after:
            continue  # a bottleneck is a factorised layer, and that is often meant
        if not _same_block(run, before, after):
            continue  # the end of one network (an encoder) and the start of the next
        yield report(
            "SB509", f"linear layers follow each other without an activation: Linear({before.in_features}, "
            f"{middle}) and "
            f"Linear({after.in_features}, {after.out_features}) together are one linear map", note.site,
            "Put a nonlinearity such as nn.ReLU() between them.", width=middle,
        )  # fmt: skip


def _same_block(run: Run, before: nn.Module, after: nn.Module) -> bool:
    """Say whether two layers belong to one module, or to two of the same class of the script."""
    holders: dict[int, nn.Module] = {}
    for root in run.record.roots.values():
        for module in root.module.modules():
            holders.update({id(child): module for child in module.children()})
    one, two = holders.get(id(before)), holders.get(id(after))
    if one is None or two is None or one is two:
        return True
    return type(one) is type(two) and not isinstance(one, nn.Sequential)


def _recreated_optimizers(run: Run) -> Iterator[Finding]:
    groups: dict[tuple[Site, int], list[OptimizerFact]] = {}
    for optimizer in run.stepped:
        if optimizer.site is not None and optimizer.params and not optimizer.rewound:
            groups.setdefault((optimizer.site, id(optimizer.params[0])), []).append(optimizer)
    for same in groups.values():
        kind = same[0].kind
        stateful = kind != "SGD" or same[0].settings.get("momentum")
        # a training with another rate at the same line: each is one of its own, of several phases
        phases = len({str(o.settings.get("rates")) for o in run.stepped if o.site == same[0].site}) > 1
        phases = phases or any(_epochs_follow(o) for o in run.stepped if o.site == same[0].site)
        if len(same) >= 3 and stateful and not phases:
            yield report(
                "SB119", f"the optimizer is created again in the loop: {kind} was built {len(same)} times on the same "
                "parameters, and its state (momentum, averages) is lost each time", same[0].site,
                "Build the optimizer once, before the loop.", times=len(same),
            )  # fmt: skip


def _epochs_follow(optimizer: OptimizerFact) -> bool:
    """Say whether whole epochs lie between the line that builds an optimizer and its steps: a new one for each task."""
    built, steps = optimizer.site, list(optimizer.step_sites)
    if built is None or len(steps) != 1 or steps[0] is None or steps[0].file != built.file:
        return False
    around = {loop.lineno for loop in enclosing_loops(built)}
    inner = [loop for loop in enclosing_loops(steps[0]) if loop.lineno not in around]
    return built.function == steps[0].function and len(inner) > 1


def _layers_made_in_forward(run: Run) -> Iterator[Finding]:
    for root in run.record.roots.values():
        strays = [
            m for m, top in run.record.stray.values() if top == root.key and next(m.parameters(), None) is not None
        ]
        kinds: dict[Site | None, list[nn.Module]] = {}
        for module in strays:
            site = next((run.made_at(p) for p in module.parameters()), None)
            kinds.setdefault(site, []).append(module)
        for site, modules in kinds.items():
            if site is not None and len(modules) >= 5 and site.function in ("forward", "__call__"):
                yield report(
                    "SB505", f"a layer is created in forward(): {len(modules)} new {type(modules[0]).__name__} "
                    "layers were "
                    "made, each random and never trained", site,
                    "Create it in __init__.", layers=len(modules),
                )  # fmt: skip
                return

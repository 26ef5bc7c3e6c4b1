"""Parameters that an optimizer holds and no gradient ever reaches."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.observe.facts import OptimizerFact
from seedbed.doctor.observe.site import is_user_file
from seedbed.doctor.observe.source import last_call, line_in
from seedbed.doctor.probes.view import Run, report

CUTS = (".detach()", "no_grad", ".data", ".item()", "torch.tensor(", ".numpy()", "from_numpy", "argmax", ".round()")


def probe(run: Run) -> Iterator[Finding]:
    """Report layers that are never used, layers behind a cut graph, and frozen or unmoved parameters."""
    for optimizer in run.stepped:
        frozen = all(not p.requires_grad for p in optimizer.params) and optimizer.params
        if frozen and optimizer.steps >= 3 and not optimizer.grad_seen:
            yield report(
                "SB125", f"all {len(optimizer.params)} parameters of the optimizer have requires_grad=False: nothing "
                "trains", optimizer.site, "Set requires_grad=True on the parameters that should train.",
            )  # fmt: skip
        if optimizer.grad_checks >= 3 and optimizer.grad_seen:
            yield from _without(run, optimizer)
        yield from _unmoved(run, optimizer)


def _without(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    unused: dict[int, tuple[nn.Module, str]] = {}
    cut: dict[int, tuple[nn.Module, str]] = {}
    for parameter in optimizer.params:
        if not parameter.requires_grad or id(parameter) in optimizer.grad_seen or parameter.grad is not None:
            continue
        if id(parameter) in run.record.leaves:
            continue
        module, name = run.owner_of(parameter)
        if module is None:
            continue
        called = any(id(module) in root.called or root.module is module for root in run.record.roots.values())
        (cut if called else unused)[id(module)] = (module, name.rpartition(".")[0] or name)
    if cut:
        yield _cut(run, cut)
    for module, name in unused.values():
        if not _is_part_of_container(name) and _users_own(run, module):
            yield _unused(run, module, name, optimizer)


def _cut(run: Run, cut: dict[int, tuple[nn.Module, str]]) -> Finding:
    names = ", ".join(name for _, name in list(cut.values())[:3])
    site = None
    for root in run.record.roots.values():
        inside = {id(m) for m in root.module.modules()}
        if inside & cut.keys():
            for module in root.module.modules():
                holds = any(id(child) in cut for child in module.modules())
                if holds and is_user_file(_file_of(module)):
                    site = line_in(type(module), CUTS) or site
    last = last_call(run.backward_site, ("sample",)) if site is None else None
    first = next(iter(cut.values()))[0]
    if site is None and run.backward_site is not None:
        lines = [f for f in run.training_forwards if f.site]
        site = run.made_at(first) or (lines[0].site if lines else run.backward_site)
    drawn = line_in(type(first_owner), (".sample(",)) if (first_owner := _owner(run, cut)) is not None else None
    if last is not None and ".sample(" in last.text:
        drawn = last
    more = " (sample() of a distribution is detached, rsample() is not)" if drawn is not None else ""
    return report(
        "SB128",
        f"the graph is cut between the model and the loss: {names} is called in training but never gets a gradient "
        f"(grad is None after every backward){more}",
        drawn or site,
        "Draw with rsample()." if drawn is not None else
        "Remove the detach(), no_grad(), .data or conversion between this layer and the loss.", where=names,
    )  # fmt: skip


def _owner(run: Run, cut: dict[int, tuple[nn.Module, str]]) -> nn.Module | None:
    """Return a module of the script that holds a cut layer and draws a sample."""
    for root in run.record.roots.values():
        for module in root.module.modules():
            inside = any(id(child) in cut for child in module.modules())
            if inside and is_user_file(_file_of(module)) and line_in(type(module), (".sample(",)) is not None:
                return module
    return None


def _file_of(module: nn.Module) -> str:
    import sys

    return getattr(sys.modules.get(type(module).__module__), "__file__", "") or ""


def _unused(run: Run, module: nn.Module, name: str, optimizer: OptimizerFact) -> Finding:
    sure = optimizer.steps >= 10 and not list(module.children())
    return report(
        "SB510",
        f"a layer is defined but never used in forward(): {name} ({type(module).__name__}) is never called, its "
        "parameters never get a gradient",
        run.made_at(module) or optimizer.site, "Call it in forward(), or delete it.", where=name,
        severity=Severity.WARNING if sure else Severity.HINT,
    )  # fmt: skip


def _is_part_of_container(name: str) -> bool:
    return any(part.isdigit() for part in name.split("."))


def _users_own(run: Run, module: nn.Module) -> bool:
    site = run.made_at(module)
    return site is not None and is_user_file(site.file)


def _unmoved(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    if optimizer.steps < 5 or not optimizer.start or max(optimizer.settings["rates"], default=0.0) == 0.0:
        return
    restored = {id(p) for m in run.recorder.copies.loaded for p in m.parameters()}
    if any(id(p) in restored for p in optimizer.params):
        return  # weights that were put back on purpose (a rate finder, early stopping)
    still: list[Tensor] = []
    for parameter in optimizer.params:
        start = optimizer.start.get(id(parameter))
        grad = parameter.grad
        if start is None or not parameter.requires_grad or start.shape != parameter.shape or grad is None:
            continue
        if id(parameter) in optimizer.grad_nonzero and torch.equal(start, parameter.detach()):
            still.append(parameter)
    if still and len(still) < len(optimizer.params) + 1 and not optimizer.bad_grads:
        names = ", ".join(run.names.get(id(p), str(tuple(p.shape))) for p in still[:3])
        yield report(
            "SB146", f"a parameter never changes although training runs: {names} has a gradient, but its values "
            "are the "
            f"same after {optimizer.steps} steps", optimizer.site,
            "Give its group a learning rate that is not zero, and do not write the old values back.", where=names,
        )  # fmt: skip

"""Parameters that an optimizer holds and no gradient ever reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.observe.facts import OptimizerFact
from seedbed.doctor.observe.site import Site, is_user_file
from seedbed.doctor.observe.source import find_calls, last_call, line_in
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
        yield from _never(run, optimizer)
        if optimizer.grad_checks >= 3 and optimizer.grad_seen:
            yield from _without(run, optimizer)
        yield from _unmoved(run, optimizer)
        yield from _zero(run, optimizer)


def _never(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    """No parameter of an optimizer ever gets a gradient, although its module is called in the training steps."""
    own = {id(p) for p in optimizer.params if p.requires_grad}
    known = own & run.record.leaves.keys() or optimizer.grad_seen or any(p.grad is not None for p in optimizer.params)
    if len(own) < len(optimizer.params) or optimizer.grad_checks < 5 or known or run.record.grad_calls:
        return
    if len(run.stepped) < 2 or not run.record.num_backwards:
        return
    for key, root in run.record.roots.items():
        calls = [f for f in run.record.forwards if f.root == key and f.training]
        if len(calls) < 5 or not any(id(p) in own for p in root.module.parameters()):
            continue
        yield report(
            "SB128",
            f"the graph is cut behind {root.name}: none of the {len(own)} parameters of its {optimizer.kind} gets a "
            f"gradient (grad is None in all {optimizer.steps} steps), its output is detached or made under no_grad "
            "before it reaches the loss", calls[0].site,
            "Detach the output for the other loss only; the loss of this optimizer must see it attached.",
            where=root.name, steps=optimizer.steps,
        )  # fmt: skip
        return


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
        if called and (_trained_elsewhere(run, module, name) or _nobody_reads(run, module)):
            continue  # a run without this part of the loss, to compare with
        (cut if called else unused)[id(module)] = (module, name.rpartition(".")[0] or name)
    if cut:
        yield _cut(run, cut)
    for module, name in unused.values():
        if not _is_part_of_container(name) and _users_own(run, module):
            yield _unused(run, module, name, optimizer)


def _trained_elsewhere(run: Run, module: nn.Module, name: str) -> bool:
    """Say whether the same layer of another model of the class, made and trained in the same script, gets gradients."""
    given = {id(p) for o in run.stepped for p in o.params if id(p) in o.grad_seen}
    own = [r for r in run.record.roots.values() if any(m is module for m in r.module.modules())]
    for root in run.record.roots.values():
        if any(type(root.module) is type(o.module) and root.module is not o.module for o in own):
            other = dict(root.module.named_parameters()).get(name)
            if other is not None and id(other) in given:
                return True
    return False


def _nobody_reads(run: Run, module: nn.Module) -> bool:
    """Say whether the model gives an output that the training leaves alone: nothing is cut on its way."""
    roots = [r for r in run.record.roots.values() if any(m is module for m in r.module.modules())]
    return any(count >= 3 and number not in root.taken for root in roots for number, count in root.given.items())


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
    heads = _other_heads(run, cut)
    if heads is not None:
        return report(
            "SB128",
            f"only one of several heads is trained: {names} is called but gets no gradient (grad is None after every "
            f"backward), while {heads} does: the loss of the other heads (tasks) is overwritten or left out of the sum",
            site, "Add up the losses of all heads: total = total + loss (+=).", where=names,
        )  # fmt: skip
    return report(
        "SB128",
        f"the graph is cut between the model and the loss: {names} is called in training but never gets a gradient "
        f"(grad is None after every backward){more}",
        drawn or site,
        "Draw with rsample()." if drawn is not None else
        "Remove the detach(), no_grad(), .data or conversion between this layer and the loss.", where=names,
    )  # fmt: skip


def _other_heads(run: Run, cut: dict[int, tuple[nn.Module, str]]) -> str | None:
    """Return the name of a trained layer beside the cut ones in one ModuleDict or ModuleList of heads."""
    for root in run.record.roots.values():
        for name, module in root.module.named_modules():
            held = dict(module.named_children())
            if not isinstance(module, nn.ModuleDict | nn.ModuleList) or not cut.keys() <= {
                id(c) for c in held.values()
            }:
                continue
            for child_name, child in held.items():
                given = [p for o in run.stepped for p in child.parameters() if id(p) in o.grad_seen]
                if id(child) not in cut and given:
                    return f"{name}.{child_name}"
    return None


def _zero(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    """The layers at the input have gradients that are exactly zero, the later layers do not."""
    if optimizer.steps < 11 or not optimizer.grad_any or optimizer.bad_grads:
        return
    for key in sorted(run.trained_roots):
        root = run.record.roots[key]
        own = [(n, p) for n, p in root.module.named_parameters() if id(p) in optimizer.grad_seen and p.requires_grad]
        dead = [name for name, p in own if id(p) not in optimizer.grad_any and optimizer.grad_looks[id(p)] > 1]
        if len(dead) < 2 or len(dead) == len(own) or [name for name, _ in own[: len(dead)]] != dead:
            continue
        if any("." not in name or _alive(own, dead, name) for name in dead):
            continue
        parts = [m for m in root.module.modules() if is_user_file(_file_of(m))]
        words = ("sign(", "round(", "floor(", "argmax", "where(", "one_hot", "> 0", ">= 0")
        site = next((s for m in parts if (s := line_in(type(m), words)) is not None), None) or _decision(run)
        names = ", ".join(dict.fromkeys(name.rpartition(".")[0] for name in dead))
        yield report(
            "SB128", f"zero gradient: the gradients of {names} are exactly 0 at every step, those of later layers are "
            "not: nothing differentiable lies between them (sign, round or a threshold; a straight-through estimator "
            "without its detach has no gradient either)", site or optimizer.site,
            "Write the straight-through estimator as soft + (hard - soft).detach().", where=names,
        )  # fmt: skip
        return


def _alive(own: Sequence[tuple[str, Tensor]], dead: list[str], name: str) -> bool:
    """Say whether another parameter of the same layer has a gradient."""
    layer = name.rpartition(".")[0]
    return any(other.rpartition(".")[0] == layer and other not in dead for other, _ in own)


def _decision(run: Run) -> Site | None:
    """Return the only line of the script that makes a hard decision."""
    where = run.backward_site
    lines = find_calls(where.file, ("sign", "round", "floor", "where", "one_hot")) if where is not None else []
    return Site(where.file, lines[0]) if where is not None and len(lines) == 1 else None


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

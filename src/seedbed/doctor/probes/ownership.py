"""Compare three sets: tensors under the loss, parameters of the called modules, parameters of the optimizers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import OptimizerFact
from seedbed.doctor.observe.site import Site
from seedbed.doctor.observe.source import assigned_at
from seedbed.doctor.probes.view import Run, report

STANDARD = frozenset({"_backward_hooks", "_post_accumulate_grad_hooks"})


def probe(run: Run) -> Iterator[Finding]:
    """Report parameters that are in one of the three sets and not in the others."""
    yield from _misspelt(run)
    if not run.stepped:
        return
    everyone = {id(p) for o in run.record.optimizers.values() for p in o.params}
    untrained = {
        key: leaf
        for key, leaf in run.record.leaves.items()
        if key not in everyone and run.record.leaf_counts[key] >= min(3, run.record.walks) and leaf.requires_grad
    }
    foreign = list(_foreign(run, untrained))
    yield from foreign
    if not foreign:
        yield from _unregistered(run, untrained)
        yield from _plain_tensors(run, untrained)
        yield from _left_out(run, untrained)


def _foreign(run: Run, untrained: dict[int, Tensor]) -> Iterator[Finding]:
    for optimizer in run.stepped:
        held = [p for p in optimizer.params if p.requires_grad]
        dead = [p for p in held if id(p) not in optimizer.grad_seen and id(p) not in run.names]
        if not dead or optimizer.grad_checks < 3 or not untrained:
            continue
        shapes = {tuple(p.shape) for p in dead}
        fresh = [leaf for leaf in untrained.values() if id(leaf) in run.names]
        if not fresh and len(dead) == len(held):
            leaf = next(iter(untrained.values()))
            yield report(
                "SB170", f"the optimizer holds the wrong parameters: none of its {len(held)} parameters ever gets a "
                f"gradient (grad is None), the loss depends on {len(untrained)} other tensors (copies, for example "
                f"stacked ones, first of shape {tuple(leaf.shape)}) that are not in the optimizer and never updated",
                optimizer.site, "Give the optimizer the tensors that the loss is computed from.", held=len(held),
            )  # fmt: skip
        if not fresh:
            continue
        if len(dead) == len(held):
            yield report(
                "SB116",
                f"the optimizer holds the parameters of another model: none of its {len(held)} parameters is used in "
                f"the loss, and the model that is trained ({len(fresh)} parameters with gradients) is in no optimizer",
                optimizer.site, "Build the optimizer from the parameters of the model that computes the loss, after it "
                "was made.", held=len(held), untrained=len(fresh),
            )  # fmt: skip
        elif shapes or fresh:
            site = run.made_at(fresh[0])
            names = ", ".join(run.names[id(p)] for p in fresh[:3])
            yield report(
                "SB117",
                f"the optimizer holds parameters that the model no longer uses: {names} replaced them after the "
                f"optimizer was built and will never be updated ({len(dead)} dead, {len(fresh)} untrained)",
                _registered(run, fresh[0]) or site or optimizer.site,
                "Build the optimizer after the last layer was replaced.",
                where=names, dead=len(dead), untrained=len(fresh),
            )  # fmt: skip


def _registered(run: Run, parameter: Tensor) -> Site | None:
    module, _ = run.owner_of(parameter)
    return run.made_at(module) if module is not None else None


def _unregistered(run: Run, untrained: dict[int, Tensor]) -> Iterator[Finding]:
    groups: dict[int, list[tuple[nn.Module, Tensor]]] = {}
    for module, top in run.record.stray.values():
        for parameter in module.parameters():
            if id(parameter) in untrained:
                groups.setdefault(top, []).append((module, parameter))
    for top, found in groups.items():
        modules = {id(m): m for m, _ in found}
        kinds = ", ".join(sorted({type(m).__name__ for m in modules.values()}))
        root = run.record.roots[top].module
        site = run.made_at(found[0][1]) or run.made_at(found[0][0])
        yield report(
            "SB501",
            f"layers in a plain list or dict are not registered: {type(root).__name__} calls {len(modules)} layer(s) "
            f"({kinds}) that are not in model.parameters(), so {len(found)} parameter tensors get gradients and are "
            "never updated",
            site, "Keep them in nn.ModuleList or nn.ModuleDict.", layers=len(modules), parameters=len(found),
        )  # fmt: skip


def _plain_tensors(run: Run, untrained: dict[int, Tensor]) -> Iterator[Finding]:
    for root in run.record.roots.values():
        for module in root.module.modules():
            for name, value in vars(module).items():
                held = value if isinstance(value, list | tuple) else [value]
                for item in held:
                    if isinstance(item, Tensor) and id(item) in untrained and not name.startswith("_"):
                        place = run.made_at(item) or _assignment(run, name, type(module))
                        yield report(
                            "SB503",
                            f"a learnable tensor is not registered as nn.Parameter: {type(module).__name__}.{name} "
                            f"{tuple(item.shape)} gets a gradient but is not in model.parameters() and never changes",
                            place, f"Write self.{name} = nn.Parameter(...).", where=name,
                        )  # fmt: skip
                        break


def _assignment(run: Run, name: str, owner: type) -> Site | None:
    for site in [o.site for o in run.stepped]:
        if site is not None:
            line = assigned_at(site.file, name)
            return Site(site.file, line) if line else site
    return None


def _left_out(run: Run, untrained: dict[int, Tensor]) -> Iterator[Finding]:
    if run.record.grad_calls:
        return
    copies = {id(a.module()) for a in run.recorder.copies.averages}
    stray = {id(p) for m, _ in run.record.stray.values() for p in m.parameters()}
    for root in run.record.roots.values():
        module = root.module
        if id(module) in copies or module in run.recorder.copies.loaded or not root.start:
            continue
        named = [(n, p) for n, p in module.named_parameters() if id(p) in untrained and id(p) not in stray]
        same = [(n, p) for n, p in named if n in root.start and torch.equal(root.start[n], p.detach())]
        if not same or not _is_trained_pass(run, root.key):
            continue
        partly = any(id(p) in run.trained_ids for p in module.parameters())
        names = ", ".join(n for n, _ in same[:3])
        what = f"{len(same)} parameters of {root.name}" if partly else f"the module {root.name}"
        optimizer = max(run.stepped, key=lambda o: o.steps)
        yield report(
            "SB118",
            f"{what} ({names}) take part in the loss but are in no optimizer: they get gradients and never change",
            _where_left_out(run, optimizer, same[0][1], partly),
            "Give the optimizer these parameters too, or freeze them with requires_grad_(False).",
            where=names, parameters=len(same),
        )  # fmt: skip


def _where_left_out(run: Run, optimizer: OptimizerFact, parameter: Tensor, partly: bool) -> Site | None:
    return optimizer.site or run.made_at(parameter)


def _is_trained_pass(run: Run, key: int) -> bool:
    reached = [f for f in run.training_forwards if f.root == key]
    return len(reached) >= 3 and any(f.training for f in reached)


def _misspelt(run: Run) -> Iterator[Finding]:
    for root in run.record.roots.values():
        for name, module in root.module.named_modules():
            if "requires_grad" in vars(module):
                yield _no_effect(run, f"{name or root.name}.requires_grad", "requires_grad", "a module",
                                 "Call module.requires_grad_(False), or set it on each parameter.")  # fmt: skip
                return
        for name, parameter in root.module.named_parameters():
            odd = [k for k in vars(parameter) if "grad" in k and "requir" in k and k not in STANDARD]
            if odd:
                yield _no_effect(run, f"{name}.{odd[0]}", odd[0], "a parameter under a wrong name",
                                 "Write parameter.requires_grad = False.")  # fmt: skip
                return


def _no_effect(run: Run, where: str, attribute: str, what: str, fix: str) -> Finding:
    site = next((o.site for o in run.record.optimizers.values() if o.site), run.backward_site)
    line = assigned_at(site.file, attribute) if site else 0
    place = Site(site.file, line) if site and line else site
    return report(
        "SB514", f"requires_grad is set where it has no effect: {where} is an attribute of {what}, the "
        "parameters still "
        "train", place, fix, where=where,
    )  # fmt: skip

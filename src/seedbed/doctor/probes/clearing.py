"""zero_grad, backward and step: is each there, and in the right order?"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import OptimizerFact
from seedbed.doctor.observe.site import Site
from seedbed.doctor.observe.source import last_call
from seedbed.doctor.probes.view import Run, report

WALKED = 3  # updates of two backward passes each, whose graphs were walked for certain


def probe(run: Run) -> Iterator[Finding]:
    """Report gradients that are never cleared, erased, used twice, never made or never used."""
    for optimizer in run.record.optimizers.values():
        if optimizer.steps:
            stale = list(_stale(run, optimizer))
            yield from stale or _attacked(run, optimizer)
            yield from _erased(run, optimizer)
            yield from _repeated(optimizer)
            yield from _zero(run, optimizer)
            yield from _no_backward(run, optimizer)
        else:
            yield from _never_stepped(run, optimizer)


def _most(sites: dict[Site | None, int]) -> Site | None:
    return max(sites, key=lambda site: sites[site], default=None)


def _stale(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    windows = len(optimizer.backs_per_step)
    if optimizer.stale >= 3 and optimizer.stale >= 0.8 * (windows - 1):
        site = run.backward_site
        for note in run.record.noted("zero-other"):
            if note.count >= 3 and note.first["key"] == optimizer.key and not _serves(run, note.site):
                yield report(
                    "SB148",
                    f"zero_grad() is called here, but it clears something else than what {optimizer.kind} steps: "
                    f"gradients accumulate over all steps ({optimizer.stale} of the {windows - 1} steps "
                    "that were looked at used old gradients)",
                    note.site,
                    "Call zero_grad() of the optimizer that steps, before backward().",
                    steps_looked_at=windows, stale=optimizer.stale,
                )  # fmt: skip
                return
        yield report(
            "SB101",
            f"zero_grad() is missing: gradients accumulate over all steps ({optimizer.stale} of "
            f"the {windows - 1} steps that were looked at still held the gradients of the steps before)",
            site,
            "Call optimizer.zero_grad() before loss.backward().",
            "Every step then uses the sum of all gradients so far, not the one of its batch.",
            steps_looked_at=windows, stale=optimizer.stale,
        )  # fmt: skip
    elif optimizer.leaked and max(optimizer.leaked.values()) >= 3:
        site = _most(dict(optimizer.leaked))
        yield report(
            "SB101",
            f"gradients of another loss leak into {optimizer.kind}: they were made by the backward() here, a different "
            f"optimizer stepped, and zero_grad() is missing before the next backward()",
            site,
            "Call zero_grad() of this optimizer right before its own backward(), or detach what the other loss uses.",
            times=max(optimizer.leaked.values()),
        )


def _attacked(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    """The gradient of an attack on the inputs is still in the parameters when the update is made."""
    site = _most(dict(optimizer.attacked))
    if site is None or optimizer.attacked[site] < 2 or run.record.grad_calls:
        return
    if optimizer.attacked[site] < 0.5 * min(len(optimizer.backs_per_step), WALKED):
        return
    cleared = [s for s in optimizer.zero_sites if s is not None and s.file == site.file]
    yield report(
        "SB101",
        f"the gradient of the attack stays in the update: the backward() in {site.function}() (line {site.line}), made "
        "for the gradient of the input, also fills p.grad of the parameters, and zero_grad() comes before it instead "
        "of after it", cleared[0] if cleared else site,
        "Call zero_grad() after the attack, right before the backward() of the training loss, or use "
        "torch.autograd.grad(loss, x) for the attack.", times=optimizer.attacked[site],
    )  # fmt: skip


def _serves(run: Run, site: Site | None) -> bool:
    return any(site in o.zero_sites and o.steps for o in run.record.optimizers.values())


def _erased(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    if optimizer.erased >= 2 and optimizer.erased >= 0.7 * optimizer.judged:
        yield report(
            "SB105",
            f"zero_grad() runs between backward() and step(): in {optimizer.erased} of the {optimizer.judged} steps "
            f"that were looked at the gradient was erased (all zero or None) before it was used",
            optimizer.erased_by,
            "Use the order zero_grad(), backward(), step().",
            "The optimizer then never sees a gradient and the weights do not learn.",
            erased=optimizer.erased,
        )


def _zero(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    windows = len(optimizer.backs_per_step)
    if windows >= 5 and optimizer.empty >= 0.9 * windows and not optimizer.erased and optimizer.grad_seen:
        flat = ("round", "floor", "ceil", "sign", "argmax", "heaviside")
        yield report(
            "SB237",
            f"every gradient is exactly zero in {optimizer.empty} of the {windows} steps that were looked at: an "
            "operation without gradient (round, argmax, a comparison) stands between the model and the loss",
            last_call(run.backward_site, flat), "Use a smooth operation in the loss and round only for reporting.",
            steps_looked_at=windows,
        )  # fmt: skip


def _repeated(optimizer: OptimizerFact) -> Iterator[Finding]:
    if optimizer.repeated >= 3 and optimizer.repeated >= 0.3 * optimizer.judged:
        site = list(optimizer.step_sites)[-1]
        yield report(
            "SB127",
            f"the optimizer steps twice on one gradient: {optimizer.repeated} steps had no backward() since the step "
            "before",
            site,
            "Call step() once after each backward().",
            repeated=optimizer.repeated,
        )


def _no_backward(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    if run.record.num_backwards or run.record.grad_calls or optimizer.steps < 2:
        return
    if optimizer.judged and optimizer.empty >= optimizer.judged:
        yield report(
            "SB102",
            f"backward() is never called: {optimizer.steps} optimizer steps ran and no parameter ever had a gradient "
            "(grad is None)",
            _most(dict(optimizer.step_sites)),
            "Call loss.backward(), with its parentheses, before optimizer.step().",
            "The weights never change.",
            steps=optimizer.steps,
        )


def _never_stepped(run: Run, optimizer: OptimizerFact) -> Iterator[Finding]:
    if not run.record.finished or run.record.num_backwards < 3:
        return
    mine = {id(p): p for p in optimizer.params}
    if not any(run.record.leaf_counts.get(key, 0) >= 3 for key in mine) or mine.keys() & run.trained_ids:
        return
    for root in run.record.roots.values():
        for name, parameter in root.module.named_parameters():
            start = root.start.get(name)
            if id(parameter) in mine and start is not None and not torch.equal(start, parameter.detach()):
                return
    yield report(
        "SB104",
        f"optimizer.step() is never called: backward() ran {run.record.num_backwards} times and the weights of this "
        f"{optimizer.kind} never change",
        run.backward_site or optimizer.site,
        "Call optimizer.step(), with its parentheses, after loss.backward().",
        backwards=run.record.num_backwards,
    )

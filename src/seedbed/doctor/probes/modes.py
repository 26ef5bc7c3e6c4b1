"""Evaluation in training mode, training in evaluation mode, evaluation with gradients."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from seedbed.doctor.finding import Finding
from seedbed.doctor.observe.facts import ForwardFact, RootFact
from seedbed.doctor.observe.site import Site
from seedbed.doctor.observe.source import start_of_pass
from seedbed.doctor.probes.view import Run, report

WORDS = ("val", "test", "eval", "valid", "dev", "predict", "accuracy", "score", "infer")


def probe(run: Run) -> Iterator[Finding]:
    """Report modes and gradient recording that do not fit what the pass is for."""
    yield from _evaluation_in_training_mode(run)
    yield from _training_in_eval_mode(run)
    yield from _gradients_in_evaluation(run)
    yield from _frozen_statistics(run)
    yield from _functional_norm(run)
    yield from _unit_batches(run)
    for note in run.record.noted("functional-dropout"):
        yield report(
            "SB316", f"F.dropout stays on in evaluation: it ran with p={note.first['rate']} while the model was "
            "in eval "
            "mode", note.site, "Pass training=self.training, or use nn.Dropout.", **note.first,
        )  # fmt: skip


def _unit_batches(run: Run) -> Iterator[Finding]:
    units = run.record.noted("unit-batch")
    if (
        not units
        or units[0].count < 5
        or run.record.noted("norm-batch")
        or not any(not f.training for f in run.evaluations)
    ):
        return
    yield report(
        "SB540", f"{units[0].first['kind']} trains with batch size 1: each of {units[0].count} batches normalises one "
        "sample by itself, while evaluation uses running averages of such single samples", units[0].site,
        "Use larger batches, or GroupNorm (LayerNorm), which does not depend on the batch.", passes=units[0].count,
    )  # fmt: skip


def _functional_norm(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("functional-norm"):
        yield report(
            "SB326", "F.batch_norm(training=True) stays in training mode: in evaluation it uses and updates the "
            "batch's own "
            "statistics", note.site, "Pass training=self.training, or use nn.BatchNorm.", **note.first,
        )  # fmt: skip


def _by_site(facts: list[ForwardFact]) -> dict[tuple[int, Site], list[ForwardFact]]:
    groups: dict[tuple[int, Site], list[ForwardFact]] = {}
    for fact in facts:
        if fact.site is not None:
            groups.setdefault((fact.root, fact.site), []).append(fact)
    return groups


def _training_lines(run: Run) -> list[Site | None]:
    return [run.backward_site, run.step_site]


def _evaluation_in_training_mode(run: Run) -> Iterator[Finding]:
    wrong = [f for f in run.evaluations if f.active]
    for (root, site), facts in _by_site(wrong).items():
        if _is_sampling(facts):
            continue
        kinds = " and ".join(sorted({k for f in facts for k in f.active}))
        layers = kinds.replace("batchnorm", "BatchNorm")
        yield report(
            "SB301",
            f"model.eval() is missing: {len(facts)} evaluation passes of {run.root_name(root)} ran in training mode, "
            f"with {layers} active",
            start_of_pass(site, _training_lines(run)),
            "Call model.eval() before the evaluation and model.train() after it.",
            "The numbers are random or depend on the batch, and BatchNorm learns from the evaluation data.",
            passes=len(facts), layers=kinds,
        )  # fmt: skip
        return


def _is_sampling(facts: list[ForwardFact]) -> bool:
    """Say whether one batch passes again and again between two steps: dropout is then sampled on purpose."""
    times: dict[tuple[int, tuple[int, ...]], int] = {}
    for fact in facts:
        if fact.pointer:
            key = (fact.step, fact.rows or fact.pointer)
            times[key] = times.get(key, 0) + 1
    return any(count >= 4 for count in times.values())


def _has_modes(root: RootFact) -> bool:
    return any(isinstance(m, _BatchNorm) or (isinstance(m, _DropoutNd) and m.p > 0) for m in root.module.modules())


def _training_in_eval_mode(run: Run) -> Iterator[Finding]:
    for key in run.trained_roots:
        root = run.record.roots[key]
        reached = [f for f in run.training_forwards if f.root == key]
        if not _has_modes(root) or not reached:
            continue
        wrong = [f for f in reached if not f.training and not f.active]
        before = [f for f in reached if f.training]
        never = not before and len(wrong) >= 10 and root.module not in run.recorder.copies.loaded
        turned = before and wrong and before[0].number < wrong[0].number and reached[-1] in wrong and len(wrong) >= 2
        if never or turned:
            since = f"from step {wrong[0].step} on" if turned else "from the first step on"
            yield report(
                "SB302",
                f"model.train() is missing: training goes on in eval mode {since} ({len(wrong)} training passes with "
                "dropout or BatchNorm switched off)",
                wrong[0].site, "Call model.train() at the start of every training epoch.", passes=len(wrong),
            )  # fmt: skip


def _gradients_in_evaluation(run: Run) -> Iterator[Finding]:
    wrong = [f for f in run.evaluations if f.grad and f.recorded]
    for (root, site), facts in _by_site(wrong).items():
        named = any(w in site.function.lower() or w in facts[0].text.lower() for w in WORDS)
        evaluating = all(not f.training for f in facts)
        if len(facts) < 2 or not (evaluating or named) or run.record.grad_calls:
            continue
        yield report(
            "SB303",
            f"torch.no_grad() is missing: {len(facts)} evaluation passes of {run.root_name(root)} recorded gradients "
            "that nobody uses",
            start_of_pass(site, _training_lines(run)), "Put the evaluation under torch.no_grad().",
            "It costs memory and time, and a kept output keeps its whole graph.", passes=len(facts),
        )  # fmt: skip
        return


def trained_here(run: Run, root: RootFact) -> bool:
    """Say whether an optimizer steps any parameter of a called module."""
    return any(id(p) in run.trained_ids for p in root.module.parameters())


def _moved(root: RootFact) -> bool:
    named = dict(root.module.named_parameters())
    return any(n in named and not torch.equal(named[n].detach(), t) for n, t in root.start.items())


def _average_moved(root: RootFact) -> bool:
    """Say whether weights without gradient have moved all the same."""
    frozen = [(n, p) for n, p in root.module.named_parameters() if not p.requires_grad and n in root.start]
    return any(not torch.equal(p.detach(), root.start[n]) for n, p in frozen)


def _frozen_statistics(run: Run) -> Iterator[Finding]:
    for note in run.record.noted("frozen-norm-moves"):
        root = run.record.roots.get(note.first["root"] or 0)
        if root is None or note.count < 2:
            continue
        if not trained_here(run, root) and root.start and _moved(root):
            continue  # a momentum copy: its weights do move
        if _average_moved(root):
            continue  # a momentum copy inside a model that trains: BYOL, mean teacher
        frozen = [p for p in root.module.parameters() if not p.requires_grad]
        trained = [p for p in root.module.parameters() if id(p) in run.trained_ids and p.requires_grad]
        used = any(f.reached for f in run.record.forwards if f.root == root.key)
        if frozen and (trained or used or not any(f.grad for f in run.record.forwards if f.root == root.key)):
            yield report(
                "SB513", "a frozen network still updates its BatchNorm statistics: its weights have "
                "requires_grad=False, but it is in training mode", note.site,
                "Call eval() on the frozen part after model.train().", passes=note.count,
            )  # fmt: skip
            return

"""Probes of the model on one batch before the first update: on a copy, under forked random generators.

What is looked at: is the first loss what chance gives, does the output depend on the input, do samples of a batch
influence each other, does every trained parameter get a gradient, are units dead, do activations explode or vanish.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from seedbed.batch import Batch, first_rows, has_rows, leaves, map_tensors
from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.jobs.facts import Facts, report
from seedbed.evaluate import evaluation_mode
from seedbed.objectives.classification import Classification
from seedbed.objectives.language import LanguageModeling
from seedbed.state import Objective

MOST_ROWS = 32  # of the batch
FEWEST_ROWS = 8  # with fewer a unit may be zero for all by chance
MOST_WORK = 100_000_000  # weights times numbers in the inputs: about a tenth of a second on one core


@dataclass
class Bench:
    """Copies of model and objective, one batch, and what the passes over it showed."""

    model: nn.Module
    objective: Objective
    batch: Batch
    autocast: Callable[[], AbstractContextManager[Any]]
    trained: dict[str, nn.Parameter]
    rectified: list[tuple[int, float]]
    layers: list[tuple[str, float, float]]
    loss: float = math.nan
    outputs: Any = None

    @cached_property
    def answers(self) -> list[Tensor]:
        """The outputs for the batch."""
        return self.output(self.batch)

    def output(self, batch: Batch) -> list[Tensor]:
        """The model's outputs for a batch in eval mode, those with one row per sample."""
        with evaluation_mode(self.model), self.autocast():
            outputs = self.objective(self.model, batch).outputs
        return [leaf.float() for leaf in leaves(outputs) if leaf.ndim and len(leaf) == batch.num_samples]


class _Rectifiers(TorchFunctionMode):
    """Notes the share of units that are zero everywhere, for every ReLU that is called, as a module or a function."""

    def __init__(self, into: list[tuple[int, float]]) -> None:
        super().__init__()
        self.into = into

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in {"relu", "relu_"} and isinstance(result, Tensor) and result.ndim >= 2:
            dims = [d for d in range(result.ndim) if d != (1 if result.ndim in {2, 4, 5} else result.ndim - 1)]
            alive = (result.detach() > 0).float().amax(dims)
            self.into.append((alive.numel(), 1 - float(alive.mean())))
        return result


def make_bench(facts: Facts) -> Bench | None:
    """Copy the model, and go forward and backward once; None where that cannot be done."""
    job = facts.training.job
    state = job.state
    if facts.is_large or any(is_lazy(p) for p in state.model.parameters()):
        return None
    batches, _ = job.batches.take(state.cursor, 1)
    try:
        model, objective = copy.deepcopy((state.model, state.objective))
    except Exception:  # a model that cannot be copied is not looked at
        return None
    names = {id(p): name for name, p in state.model.named_parameters()}
    stepped = {names.get(id(p)) for o in state.optimizers.values() for g in o.param_groups for p in g["params"]}
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad and name in stepped}
    batch = rows(batches[0], state.model) or batches[0]
    bench = Bench(model, objective, batch, state.autocast, trained, [], [])
    frozen = {id(module) for module in state.frozen}
    quiet = {name for name, module in state.model.named_modules() if id(module) in frozen}
    model.train()
    for name, module in model.named_modules():
        if name in quiet:
            module.eval()
    hooks = [m.register_forward_hook(_measure(name, bench.layers)) for name, m in model.named_modules() if _weighted(m)]
    model.zero_grad()
    with _Rectifiers(bench.rectified), state.autocast():
        outcome = objective(model, bench.batch)
    for hook in hooks:
        hook.remove()
    bench.loss, bench.outputs = float(outcome.loss.detach()), outcome.outputs
    if outcome.loss.requires_grad:
        outcome.loss.backward()
    return bench


def _weighted(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)


def _measure(name: str, into: list[tuple[str, float, float]]) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and inputs and isinstance(inputs[0], Tensor) and output.numel() > 1:
            x, y = inputs[0].detach().float(), output.detach().float()
            into.append((name, float(x.square().mean().sqrt()), float(y.square().mean().sqrt())))

    return hook


def chance(facts: Facts, bench: Bench) -> Iterator[Finding]:
    """The first loss is far from that of a guess, log C for C classes."""
    if not math.isfinite(bench.loss):
        yield report(
            "SB901", "objective", f"the loss of the first batch is {bench.loss}",
            why="the training would stop at its first update",
            fix="Look for NaN in the data, a log or a division of zero, or numbers that are far too large",
            severity=Severity.WARNING, loss=str(bench.loss),
        )  # fmt: skip
        return
    guess = guessed_loss(bench)
    if guess is None:
        return
    fresh = facts.config.init.checkpoint is None and not facts.config.model.type.startswith("python:")
    if bench.loss > 4 * guess and bench.loss > guess + 3:
        yield report(
            "SB904", "model", f"the first loss is {bench.loss:.3g}; guessing gives {guess:.3g}",
            why="the model begins sure of wrong answers: scores are far too large, which first has to be unlearned",
            fix="Normalise the inputs (data.args.normalize), or look at how the last layer is initialised",
            loss=bench.loss, chance=guess,
        )  # fmt: skip
    elif fresh and bench.loss < guess / 3:
        yield report(
            "SB904", "model", f"the first loss is {bench.loss:.3g}, before any training; guessing gives {guess:.3g}",
            why="an untrained model can't be right: is the answer among the inputs, or the batch one class?",
            fix="Look at what the inputs hold", severity=Severity.HINT, loss=bench.loss, chance=guess,
        )  # fmt: skip


def guessed_loss(bench: Bench) -> float | None:
    """The loss of equal scores, log C; None for objectives where there is no such number."""
    outputs = bench.outputs
    if not isinstance(outputs, Tensor) or outputs.ndim < 2:
        return None
    if isinstance(bench.objective, LanguageModeling):
        return math.log(outputs.size(-1))
    if isinstance(bench.objective, Classification) and bench.objective.loss in {"cross_entropy", "nll"}:
        return math.log(max(outputs.size(1), 2))
    return None


def class_count(facts: Facts, bench: Bench) -> Iterator[Finding]:
    """More outputs than classes."""
    classes = facts.info.get("num_classes")
    if isinstance(bench.objective, Classification) and isinstance(bench.outputs, Tensor) and isinstance(classes, int):
        width = bench.outputs.size(1) if bench.outputs.ndim >= 2 else 0
        if width > classes > 0:
            yield report(
                "SB218", "model.args", f"the model has {width} outputs for {classes} classes",
                why="the surplus outputs are classes that never occur", fix=f"Give the model {classes} outputs",
                outputs=width, classes=classes,
            )  # fmt: skip


def ignored_input(facts: Facts, bench: Bench) -> Iterator[Finding]:
    """The output is the same for every input, also with other weights."""
    batch = bench.batch
    if not has_rows(batch) or not differ(leaves(batch.inputs)) or not bench.answers or differ(bench.answers):
        return
    saved = {name: p.detach().clone() for name, p in bench.model.named_parameters()}
    with torch.no_grad():  # a last layer of zeros gives equal outputs too, and is no mistake
        for parameter in bench.model.parameters():
            if parameter.is_floating_point():
                parameter.add_(torch.randn_like(parameter) * 0.1)
        ignored = not differ(bench.output(batch))
        for name, parameter in bench.model.named_parameters():
            parameter.copy_(saved[name])
    has_layers = any(_weighted(module) for module in bench.model.modules())  # else a constant may be what is meant
    if ignored:
        yield report(
            "SB520", "model", f"the outputs for {batch.num_samples} different inputs are all the same",
            why="the model can only learn one answer for everything",
            fix="Follow the input through forward(): somewhere it is overwritten, multiplied by zero or not used",
            severity=Severity.ERROR if has_layers else Severity.WARNING, samples=batch.num_samples,
        )  # fmt: skip


def interaction(facts: Facts, bench: Bench) -> Iterator[Finding]:
    """In eval mode the output for a sample changes with the others in its batch."""
    batch, n = bench.batch, bench.batch.num_samples
    if n < 4 or not has_rows(batch):
        return
    other = [n - 1, *range(1, n)]  # the first sample is replaced by the last
    pick = torch.tensor(other)
    changed = replace(
        batch,
        inputs=map_tensors(lambda t: t[pick.to(t.device)] if t.ndim and len(t) == n else t, batch.inputs),
        targets=map_tensors(lambda t: t[pick.to(t.device)] if t.ndim and len(t) == n else t, batch.targets),
    )
    first, second = bench.answers, bench.output(changed)
    if len(first) != len(second) or any(a.shape != b.shape for a, b in zip(first, second, strict=True)):
        return
    for number, (a, b) in enumerate(zip(first, second, strict=True)):
        size, moved = float(a[1:].abs().max()) + 1e-6, float((a - b)[1:].abs().max())
        if moved > 1e-3 * size and moved > 10 * float((a - bench.output(batch)[number])[1:].abs().max()):
            yield report(
                "SB522", "model", "in eval mode the output for a sample depends on the other samples of its batch",
                why="the same sample gets another answer in another batch; often a softmax or mean over dim 0",
                fix="Look for operations over the batch dimension in forward()", severity=Severity.WARNING,
                change=moved / size,
            )  # fmt: skip
            return


def gradients(facts: Facts, bench: Bench) -> Iterator[Finding]:
    """Parameters that an optimizer steps but that get no gradient."""
    missing = [name for name, p in bench.trained.items() if p.grad is None]
    if not missing:
        return
    everything = len(missing) == len(bench.trained)
    shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    yield report(
        "SB147", missing[0],
        "no parameter gets a gradient" if everything else f"{shown}: in the optimizer, but without a gradient",
        why="the loss does not depend on them" if everything else "the loss does not depend on it, so it never changes",
        fix="Use it in forward(), remove it, or freeze it", severity=Severity.ERROR if everything else None,
        without=len(missing), trained=len(bench.trained),
    )  # fmt: skip


def dead_units(facts: Facts, bench: Bench) -> Iterator[Finding]:
    """Almost all units of a ReLU are zero for every sample."""
    dead = [(number, units, share) for number, (units, share) in enumerate(bench.rectified) if units >= 8]
    worst = max(dead, key=lambda entry: entry[2], default=None)
    if worst is not None and worst[2] > 0.9 and bench.batch.num_samples >= FEWEST_ROWS:
        number, units, share = worst
        yield report(
            "SB519", f"ReLU {number + 1} of {len(bench.rectified)}",
            f"{share:.0%} of the {units} units of a ReLU are zero for the whole batch",
            why="where a unit is always zero its weights get no gradient",
            fix="Normalise the inputs, use a smaller bias or another initialisation", share=share, units=units,
        )  # fmt: skip


def growth(facts: Facts, bench: Bench) -> Iterator[Finding]:
    """Activations that explode or vanish on their way through the untrained model."""
    if len(bench.layers) < 2:
        return
    scale = max(bench.layers[0][1], 1e-12)
    for name, _, after in bench.layers[:-1]:
        if 0 < after < 1e-5 * min(scale, 1.0) or after > 1e3 * max(scale, 1.0):
            word = "explode" if after > 1 else "vanish"
            yield report(
                "SB806", name, f"activations {word}: {after:.2g} after {name}, {scale:.2g} at the input",
                why="gradients do the same on their way back, so some layers don't train and others jump",
                fix='Set init.scheme to "kaiming", or add normalisation layers', after=after, before=scale,
            )  # fmt: skip
            return


def rows(batch: Batch, model: nn.Module) -> Batch | None:
    """The first samples of a batch, fewer for a larger model; None where that cannot be said."""
    if not has_rows(batch):
        return None
    work = sum(p.numel() for p in model.parameters()) * sum(t[0].numel() for t in leaves(batch.inputs))
    k = min(batch.num_samples, MOST_ROWS, max(MOST_WORK // max(work, 1), FEWEST_ROWS))
    return first_rows(batch, k)


def differ(tensors: list[Tensor]) -> bool:
    """Whether any row differs from the first by more than rounding."""
    for tensor in tensors:
        values = tensor.float()
        if float((values - values[:1]).abs().max()) > 1e-6 * (float(values.abs().max()) + 1e-12):
            return True
    return False


PROBES = (chance, class_count, ignored_input, interaction, gradients, dead_units, growth)

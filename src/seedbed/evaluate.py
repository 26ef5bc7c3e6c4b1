"""One pass over held-out data: eval mode, no gradients, exact over samples, and nothing left changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from seedbed.batch import Batch
from seedbed.seeding import forked_rng
from seedbed.state import Objective, RunningMean, TrainState


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode and no gradients inside; every module's own mode is restored after."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training


def evaluate(
    model: nn.Module,
    objective: Objective,
    batches: Iterable[Batch],
    *,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
    poll: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """The loss and the objective's metrics over all samples of ``batches``.

    The global random generators are left as they were found, so evaluating never changes the training.

    Args:
        poll: Called after every batch; may raise to end the pass (a stop request).

    Returns:
        "loss" and each metric by name: numbers, or nested lists for a confusion matrix.
    """
    loss, metrics = RunningMean(), objective.metrics()
    with forked_rng(), evaluation_mode(model):
        for batch in batches:
            with autocast():
                outcome = objective(model, batch)
            loss.add(outcome.loss.detach(), objective.weight(batch))
            for metric in metrics.values():
                metric.update(outcome.outputs, batch)
            poll()
    return {"loss": loss.mean(), **{name: metric.compute() for name, metric in metrics.items()}}


def chosen_weights(state: TrainState, choice: str) -> tuple[nn.Module, str]:
    """The model that ``choice`` ("raw", "ema" or "auto") means, and which one that is."""
    if choice == "raw" or state.ema is None:
        return state.model, "raw"
    return state.ema.module, "ema"

"""The floor of a config of the user's own: its updates and nothing else, on batches that were cut beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from seedbed.batch import Batch, leaves
from seedbed.build import Training
from seedbed.errors import ConfigError
from seedbed.fast import is_plain

MOST_BATCHES, MOST_BYTES = 64, 256 << 20


def bare_updates(training: Training, tick: Callable[[], None] = lambda: None) -> Callable[[], int]:
    """A function that makes as many updates as the training would and returns their number.

    Forward, backward and the optimizers' own steps, with the training's own model, objective, number format and
    layout. No order, no fetching, no schedule, no clipping, no average of weights, no metrics, no check of the loss,
    nothing written. The batches are the first of the first epoch, given again and again; ``tick`` is called after each.

    Raises:
        ConfigError: There is no such floor for this config; says why.
    """
    job, state = training.job, training.job.state
    if not is_plain(job.train_step) or training.config.trainer.train_step is not None:
        raise ConfigError("no floor: the config has an update of its own (trainer.train_step), which is all there is")
    if state.scaler is not None:
        raise ConfigError("no floor: fp16 needs a loss scaler, which is more than the bare update; bf16 has a floor")
    if job.total_steps is None:
        raise ConfigError("no floor: the data do not say how long an epoch is; set trainer.steps")
    training.data.fit(lambda: None)
    groups, total = cut(training, job.total_steps), job.total_steps
    optimizers = list(state.optimizers.values())

    def run() -> int:
        state.train_mode()
        for number in range(total):
            batches = groups[number % len(groups)]
            for optimizer in optimizers:
                optimizer.zero_grad()
            for batch in batches:
                with state.autocast():
                    loss = state.objective(state.model, batch).loss
                (loss if len(batches) == 1 else loss / len(batches)).backward()
            for optimizer in optimizers:
                optimizer.step()
            tick()
        if state.device.type == "cuda":
            torch.cuda.synchronize()
        return total

    return run


def cut(training: Training, total: int) -> list[list[Batch]]:
    """The batches of the first updates, as many as fit into ``MOST_BYTES``; at least one."""
    job, found, size = training.job, list[list[Batch]](), 0
    cursor = job.state.cursor
    while len(found) < min(total, MOST_BATCHES) and size < MOST_BYTES and cursor.epoch == job.state.cursor.epoch:
        batches, cursor = job.batches.take(cursor, job.accumulate)
        found.append(batches)
        size += sum(num_bytes(batch) for batch in batches)
    return found


def num_bytes(batch: Batch) -> int:
    """What a batch holds."""
    tensors: list[Any] = leaves((batch.inputs, batch.targets))
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

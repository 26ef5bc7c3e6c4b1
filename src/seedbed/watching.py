"""One update under the microscope: digests of everything that goes in, happens and comes out, in the order of cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import xxhash
from torch import nn

from seedbed.batch import Batch
from seedbed.loop import steps
from seedbed.seeding import capture_rng
from seedbed.state import Job, StepRecord, TrainState

Digests = dict[str, str]  # what → digest, in the order of cause


def digest_tree(tree: Any) -> str:
    """xxh3-128 over all tensors and plain values in nested dicts, lists and tuples."""
    state = xxhash.xxh3_128()

    def feed(value: Any) -> None:
        if isinstance(value, torch.Tensor):
            data = value.detach().cpu().contiguous()
            state.update(f"{data.dtype}{tuple(data.shape)}".encode())
            if data.numel():
                state.update(data.reshape(-1).view(torch.uint8).numpy().tobytes())
        elif isinstance(value, dict):
            for key in value:
                state.update(repr(key).encode())
                feed(value[key])
        elif isinstance(value, list | tuple):
            for item in value:
                feed(item)
        else:
            state.update(repr(value).encode())

    feed(tree)
    return state.hexdigest()


@contextmanager
def recorded_activations(model: nn.Module, into: Digests) -> Iterator[None]:
    """Digest every leaf module's output, in the order of execution."""
    calls: dict[str, int] = {}

    def watch(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            calls[name] = calls.get(name, 0) + 1
            suffix = "" if calls[name] == 1 else f" (call {calls[name]})"
            into[f"activation {name}{suffix}"] = digest_tree(output)

        return hook

    hooks = [
        module.register_forward_hook(watch(name or "model"))
        for name, module in model.named_modules()
        if not list(module.children())
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def watched_steps(job: Job) -> Iterator[tuple[StepRecord, Digests]]:
    """The updates of a job, each with its digests. Slow; changes no number."""
    plain = job.train_step
    found: Digests = {}

    def step(state: TrainState, batches: Sequence[Batch]) -> StepRecord:
        found.clear()
        found["sample ids"] = digest_tree([batch.indices.tolist() for batch in batches])
        found["input bytes"] = digest_tree([[batch.inputs, batch.targets] for batch in batches])
        found["RNG"] = digest_tree(capture_rng())
        for name, tensor in state.model.state_dict().items():
            found[f"weights before {name}"] = digest_tree(tensor)
        with recorded_activations(state.model, found):
            record = plain(state, batches)
        found["loss"] = digest_tree(record.loss)
        for name, parameter in state.model.named_parameters():
            found[f"gradient {name}"] = digest_tree(parameter.grad)
        for label, optimizer in state.optimizers.items():
            found[f"optimizer {label}"] = digest_tree(optimizer.state_dict())
        for name, tensor in state.model.state_dict().items():
            found[f"weights {name}"] = digest_tree(tensor)
        return record

    job.train_step = step
    try:
        for record in steps(job):
            yield record, dict(found)
    finally:
        job.train_step = plain


def first_difference(a: Digests, b: Digests) -> str | None:
    """The first entry, in the order of cause, that differs or that only one side has."""
    for name in a:
        if name not in b or a[name] != b[name]:
            return name
    return next((name for name in b if name not in a), None)

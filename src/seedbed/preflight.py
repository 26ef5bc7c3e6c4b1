"""Two probes before the first update: is an operation non-deterministic, does a data set depend on the order of calls?

Neither changes the training: random generators, buffers, gradients and the cursor are left as they were found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
import xxhash

from seedbed.batch import Batch, first_rows, has_rows, map_tensors
from seedbed.fast import is_plain
from seedbed.seeding import capture_rng, forked_rng, numpy_generator, restore_rng
from seedbed.state import Job

NUM_SAMPLES = 6
TWIN_ROWS = 4


@dataclass(frozen=True)
class Probe:
    """What a probe found: a code of the doctor's table, one sentence, and what to do."""

    code: str
    title: str
    evidence: str
    fix: str


class Fetcher(Protocol):
    """Reads single samples of a data set, as a training in ``epoch`` does."""

    def read_sample(self, index: int, epoch: int) -> Any: ...


def twin_step(job: Job) -> Probe | None:
    """Go forward and backward twice from the same state; gradients that differ name a non-deterministic operation.

    A few samples of the first batch are enough for that, where the model takes so few. Left out for a custom update,
    whose backward is its own business.
    """
    if not is_plain(job.train_step):
        return None
    state = job.state
    saved_rng = capture_rng()
    buffers = {name: buffer.clone() for name, buffer in state.model.named_buffers()}
    (batch,), _ = job.batches.take(state.cursor, 1)

    def go(batch: Batch) -> dict[str, bytes]:
        restore_rng(saved_rng)
        state.model.zero_grad()
        try:
            with state.autocast():
                state.objective(state.model, batch).loss.backward()
            return {name: digest(p.grad) for name, p in state.model.named_parameters() if p.grad is not None}
        finally:
            for name, buffer in state.model.named_buffers():
                buffer.data.copy_(buffers[name])

    try:
        state.train_mode()
        try:
            few = first_rows(batch, TWIN_ROWS) if has_rows(batch) else batch
            gradients = [go(few), go(few)]
        except Exception:  # a model that wants whole batches; what else is wrong it says of one
            gradients = [go(batch), go(batch)]
    finally:
        restore_rng(saved_rng)
        state.model.zero_grad()
    different = [name for name in gradients[0] if gradients[0][name] != gradients[1].get(name)]
    if not different:
        return None
    return Probe(
        "SB716",
        "an operation of the model is not deterministic",
        f"the same update made twice from the same state gave other gradients for {', '.join(different[:3])}"
        + (f" and {len(different) - 3} more" if len(different) > 3 else ""),
        "The run cannot be reproduced bit for bit. Look for random numbers that don't come from torch's, numpy's or "
        "Python's global generators, and for state that a forward pass leaves behind",
    )


def digest(tensor: torch.Tensor) -> bytes:
    """xxh3-128 of a tensor's bytes."""
    data = tensor.detach().cpu().contiguous().reshape(-1)
    return xxhash.xxh3_128_digest(data.view(torch.uint8).numpy().tobytes())


def shuffled_order(fetcher: Fetcher, ids: npt.NDArray[np.int64], seed: int) -> Probe | None:
    """Read some samples twice, in two orders; one that differs names a data set that is no function of its index.

    Args:
        fetcher: Reads the samples.
        ids: Numbers of the training samples, shape (N,).
        seed: Root seed.
    """
    chosen = (
        numpy_generator(seed, "probe", "order").choice(ids, size=min(NUM_SAMPLES, len(ids)), replace=False).tolist()
    )
    with forked_rng():
        first = {index: digest_sample(fetcher.read_sample(index, 0)) for index in chosen}
        second = {index: digest_sample(fetcher.read_sample(index, 0)) for index in reversed(chosen)}
    different = sorted(index for index in first if first[index] != second[index])
    if not different:
        return None
    return Probe(
        "SB715",
        "the data set's samples depend on the order in which they are read",
        f"sample {', '.join(map(str, different[:4]))} read twice gave other values",
        "The run cannot be reproduced bit for bit with workers or after a resume. Make __getitem__ a function of the "
        "index alone; random numbers may come from random, numpy.random or torch, which are seeded for every sample",
    )


def digest_sample(item: Any) -> bytes:
    """xxh3-128 over all tensors and values of one sample."""
    state = xxhash.xxh3_128()

    def feed(tensor: torch.Tensor) -> torch.Tensor:
        state.update(digest(tensor))
        return tensor

    rest = map_tensors(feed, item)
    if not isinstance(rest, torch.Tensor):
        state.update(repr(rest).encode())
    return state.digest()

"""The digest chain of a run: what every update saw and gave, and the weights now and then."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xxhash

from seedbed.state import StepRecord, read_losses
from seedbed.tracking.trace_file import TraceFile

LEAF_SECONDS = 2.5e-6  # what digests of weights may cost per update, on average
BYTES_PER_SECOND = 8e9  # xxh3-128 on one core; measured 10 GB/s
TENSOR_SECONDS = 1.5e-6  # reaching one tensor's bytes


def leaf_period(tensors: Mapping[str, torch.Tensor]) -> int:
    """Updates between two digests of the weights: a power of two, a pure function of the weights' sizes."""
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    cost = size / BYTES_PER_SECOND + TENSOR_SECONDS * len(tensors)
    period = 1
    while period * LEAF_SECONDS < cost:
        period *= 2
    return period


def view_bytes(tensor: torch.Tensor) -> memoryview:
    """A tensor's bytes in row-major order; no copy where they lie so in the host's memory."""
    data: memoryview = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data
    return data


def digest_ids(indices: Sequence[npt.NDArray[np.int64]]) -> int:
    """xxh3-64 over the sample numbers of an update."""
    if len(indices) == 1:
        return xxhash.xxh3_64_intdigest(indices[0].tobytes())
    digest = xxhash.xxh3_64()
    for numbers in indices:
        digest.update(numbers.tobytes())
    return digest.intdigest()


def float_bytes(value: float) -> bytes:
    """The nearest float32, infinity beyond its range."""
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", math.copysign(math.inf, value))


class Trace:
    """Follows the updates of a run and writes their chain. ``state`` belongs into the checkpoint.

    The chain is behind the updates until somebody calls ``settle``, which reads the losses that live on an accelerator
    together.
    """

    def __init__(self, folder: Path, tensors: Mapping[str, torch.Tensor]) -> None:
        self.period = leaf_period(tensors)
        self.file = TraceFile(folder, list(tensors), self.period)
        self.follow(tensors)
        self.chain = b"\0" * 16
        self.num_steps = self.num_leaves = 0
        self._waiting: list[tuple[StepRecord, bytes | None]] = []
        self._on_host = next(iter(self.tensors.values())).device.type == "cpu" if self.tensors else True

    def follow(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Digest these tensors from now on: the same weights, wherever they lie."""
        self.tensors = dict(tensors)
        # where the weights lie in the host's memory as they are digested, their bytes are found once
        in_place = all(tensor.device.type == "cpu" and tensor.is_contiguous() for tensor in self.tensors.values())
        self._bytes = [view_bytes(tensor) for tensor in self.tensors.values()] if in_place else None

    def start(self, state: Mapping[str, Any] | None) -> None:
        """Begin, or go on after a checkpoint that holds ``state``."""
        self._waiting.clear()
        if state is not None:
            self.chain = bytes.fromhex(state["chain"])
            self.num_steps, self.num_leaves = int(state["steps"]), int(state["leaves"])
        else:
            self.chain, self.num_steps, self.num_leaves = b"\0" * 16, 0, 0
        self.file.close()
        self.file.open(self.num_steps, self.num_leaves)

    def add(self, record: StepRecord) -> None:
        """Take an update in, and the weights as they are now where they are due; ``settle`` does the rest."""
        self._waiting.append((record, self.digest_weights() if record.step % self.period == 0 else None))

    def settle(self) -> None:
        """Let the chain grow by the updates that wait: together they cost less than one by one."""
        waiting, self._waiting = self._waiting, []
        read_losses([record for record, _ in waiting])
        chain, rows, leaves = self.chain, list[bytes](), list[bytes]()
        for record, weights in waiting:
            step, ids = record.step.to_bytes(8, "little"), digest_ids(record.indices).to_bytes(8, "little")
            loss = float_bytes(math.nan if record.value is None else record.value)
            chain = xxhash.xxh3_128_digest(b"".join((chain, step, loss, ids, weights or b"")))
            rows += step, chain, loss, ids
            if weights is not None:
                leaves += step, weights
        self.chain = chain
        self.num_steps += len(waiting)
        self.num_leaves += len(leaves) // 2
        self.file.add(b"".join(rows), b"".join(leaves))

    def close(self) -> None:
        """Hand the rest to the system, if it takes it; losses that wait on an accelerator are left there."""
        if self._on_host:
            self.settle()
        self.file.close()

    def digest_weights(self) -> bytes:
        """One xxh3-64 per tensor, in the order of their names in the model."""
        if self._bytes is None:
            digests = [xxhash.xxh3_64_intdigest(view_bytes(tensor)) for tensor in self.tensors.values()]
        else:
            digests = [xxhash.xxh3_64_intdigest(data) for data in self._bytes]
        return struct.pack(f"<{len(digests)}Q", *digests)

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold to go on with the chain."""
        self.settle()
        return {"chain": self.chain.hex(), "steps": self.num_steps, "leaves": self.num_leaves}

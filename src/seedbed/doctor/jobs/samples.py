"""Probes of the data in memory: duplicates over the splits, NaN, scale. Reads, never writes; at most so many rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xxhash
from torch import Tensor

from seedbed.batch import leaves
from seedbed.data.batches import overlaps
from seedbed.data.samples import TensorSamples
from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.jobs.facts import Facts, report

Rows = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.uint64]

MOST_ROWS = 20_000  # of the training split, whose rows are digested
MOST_HELD_OUT = 2_000  # of the other splits
MOST_BYTES = 32 << 20
SAMPLE_ROWS = 1_000


def duplicates(facts: Facts) -> Iterator[Finding]:
    """Held-out samples that are also among the training samples."""
    train = facts.in_memory
    if train is None or facts.config.trainer.overfit_batches is not None:
        return
    parts = {name: getattr(getattr(facts.training.data, name), "samples", None) for name in ("val", "test")}
    held_out = [(name, part) for name, part in parts.items() if isinstance(part, TensorSamples)]
    if not held_out or any(overlaps(leaf) for leaf in leaves(train.inputs)):
        return
    ours = some_rows(train, MOST_ROWS)
    known, share_read = Known(train, ours), len(ours) / max(len(train), 1)
    repeated = known.num_repeated() / max(len(ours), 1)
    for name, part in held_out:
        theirs = some_rows(part, MOST_HELD_OUT)
        shared = known.num_shared(part, theirs)
        share = shared / max(len(theirs), 1) / max(share_read, 1e-9)
        # where the training split repeats itself as much, samples are few and simple, and repeat over the splits too
        if shared >= 2 and share > 0.01 and share > 3 * repeated:
            yield report(
                "SB406", "data.args", f"{shared} of {len(theirs)} {name} samples are training samples as well",
                why="they are remembered, not predicted, so the result looks better than it is",
                fix="Remove duplicates before the data are split, or split by group", severity=Severity.WARNING,
                shared=shared, looked_at=len(theirs), repeated_in_training=repeated,
            )  # fmt: skip


class Known:
    """Rows to look others up in. Only rows that agree in a few of their values are compared whole, by their digests."""

    def __init__(self, samples: TensorSamples, rows: Rows) -> None:
        self.samples, self.rows = samples, rows
        self.keys = keys(samples, rows)

    def num_repeated(self) -> int:
        """How many of the rows are like an earlier one."""
        ordered = np.sort(self.keys)
        found = digests(self.samples, self.rows[among(self.keys, ordered[1:][ordered[1:] == ordered[:-1]])])
        return len(found) - len(set(found))

    def num_shared(self, samples: TensorSamples, rows: Rows) -> int:
        """How many other rows are like one of these."""
        others = keys(samples, rows)
        known = set(digests(self.samples, self.rows[among(self.keys, np.sort(others))]))
        return sum(digest in known for digest in digests(samples, rows[among(others, np.sort(self.keys))]))


def among(numbers: Numbers, ordered: Numbers) -> npt.NDArray[np.bool_]:
    """Which numbers occur in others that are in ascending order; ``np.isin`` would load numpy's masked arrays."""
    if not len(ordered):
        return np.zeros(len(numbers), np.bool_)
    found: npt.NDArray[np.bool_] = ordered.take(np.searchsorted(ordered, numbers), mode="clip") == numbers
    return found


def some_rows(samples: TensorSamples, limit: int) -> Rows:
    """Rows of the split, at most ``limit`` and ``MOST_BYTES``, evenly spread where there are more."""
    width = sum(t[0].numel() * t.element_size() for t in leaves(samples.inputs) if len(t))
    limit = max(min(limit, MOST_BYTES // max(width, 1)), 1)
    rows = samples.rows
    return rows if len(rows) <= limit else rows[np.linspace(0, len(rows) - 1, limit).astype(np.int64)]


def keys(samples: TensorSamples, rows: Rows) -> Numbers:
    """A number for each row from a few of its values, shape (N,): equal for equal rows, for others seldom."""
    numbers = np.zeros(len(rows), np.uint64)
    draw = np.random.default_rng(0)
    for tensor in leaves(samples.inputs):
        flat = tensor.detach().reshape(len(tensor), -1)
        columns = torch.from_numpy(np.linspace(0, max(flat.shape[1] - 1, 0), min(24, flat.shape[1])).astype(np.int64))
        values = flat[torch.from_numpy(rows).unsqueeze(1), columns]
        for column in bytes_of(values).reshape(len(rows), -1).view(f"u{min(values.element_size(), 8)}").T:
            numbers = numbers * np.uint64(draw.integers(1, 1 << 62) * 2 + 1) + column.astype(np.uint64)
    return numbers


def digests(samples: TensorSamples, rows: Rows) -> list[int]:
    """xxh3-64 of the inputs of rows."""
    if not len(rows):
        return []
    tensors = leaves(samples.inputs)
    parts = [bytes_of(tensor[torch.from_numpy(rows)]) for tensor in tensors]
    joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    return [xxhash.xxh3_64_intdigest(row) for row in np.ascontiguousarray(joined)]


def bytes_of(tensor: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The bytes of each row, shape (N, bytes)."""
    flat = tensor.detach().cpu().contiguous().reshape(len(tensor), -1)
    array: np.ndarray[Any, np.dtype[np.uint8]] = flat.view(torch.uint8).numpy()
    return array


def not_finite(facts: Facts) -> Iterator[Finding]:
    """NaN or infinity among inputs or targets."""
    samples = facts.in_memory
    if samples is None:
        return
    for what, tree in (("inputs", samples.inputs), ("targets", samples.targets)):
        for leaf in leaves(tree):
            if not leaf.is_floating_point() or leaf.numel() * leaf.element_size() > 4 * MOST_BYTES:
                continue
            if math.isfinite(float(leaf.sum())):
                continue  # one NaN makes the sum NaN
            rows = leaf[torch.from_numpy(samples.rows)].reshape(len(samples.rows), -1)
            bad = (~torch.isfinite(rows)).any(1).nonzero().flatten()
            if len(bad):
                first = samples.ids[int(bad[0])]
                yield report(
                    "SB809", "data", f"{len(bad)} of {len(rows)} training samples have NaN or infinity in their {what}",
                    why="one of them makes the loss, and then every weight, NaN",
                    fix=f"Look at sample {first}; fill or drop such samples before training",
                    samples=len(bad), first=int(first),
                )  # fmt: skip


def scale(facts: Facts) -> Iterator[Finding]:
    """Inputs or targets that are far from the scale of a network's first weights."""
    samples, data = facts.in_memory, facts.training.data
    if samples is None or len(samples) < 8:
        return
    rows = np.linspace(0, len(samples) - 1, min(len(samples), SAMPLE_ROWS)).astype(np.int64)
    inputs, targets = samples.gather(torch.from_numpy(samples.rows[rows]))
    pipeline = getattr(data.train, "pipeline", None)
    if pipeline is None:
        return
    x = pipeline.finish_inputs(inputs, None, None)
    x = x.get("x") if isinstance(x, dict) else x
    if isinstance(x, Tensor) and x.is_floating_point():
        yield from _inputs(x)
    y = pipeline.finish_targets(targets)
    if isinstance(y, Tensor) and y.is_floating_point() and facts.info.get("task") != "classification":
        yield from _targets(y)


def _inputs(x: Tensor) -> Iterator[Finding]:
    std, mean = (float(v) for v in torch.std_mean(x.double()))
    spread = x.double().flatten(1).std(0) if x.ndim == 2 else None
    largest = 0.0 if spread is None else float(spread.max())
    if not math.isfinite(std):
        return
    far = max(abs(mean), std, largest)
    if far > 4 or (0 < std < 1e-3):
        yield report(
            "SB433", "data.args.normalize", f"inputs have mean {mean:.3g} and deviation {std:.3g}"
            + (f"; one feature has deviation {largest:.3g}" if largest > 4 * std else ""),
            why="first layers are made for numbers near 0..1: larger ones saturate or swamp the rest",
            fix='Set data.args.normalize to "zscore"', severity=Severity.WARNING if far > 20 or std < 1e-3 else
            Severity.HINT, mean=mean, std=std, largest_feature_std=largest,
        )  # fmt: skip


def _targets(y: Tensor) -> Iterator[Finding]:
    std, mean = (float(v) for v in torch.std_mean(y.double()))
    if not math.isfinite(std) or std == 0:
        return
    ratio = abs(mean) / std
    far = max(abs(mean), std)
    if far > 30 or std < 1e-3 or ratio > 30:
        yield report(
            "SB805", "data.args.normalize_targets", f"targets have mean {mean:.4g} and deviation {std:.4g}",
            why="a network begins with outputs near 0, so it first learns the mean for many updates, with a huge loss",
            fix='Set data.args.normalize_targets to "zscore"; metrics are still reported in your unit',
            severity=Severity.WARNING if far > 300 or std < 1e-4 or ratio > 100 else Severity.HINT,
            mean=mean, std=std,
        )  # fmt: skip


PROBES = (duplicates, not_finite, scale)

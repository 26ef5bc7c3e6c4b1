"""Rows of batches as short digests and flat numbers, so that samples can be recognised again."""

from __future__ import annotations

from typing import Any

import torch
import xxhash
from torch import Tensor

MAX_ROWS = 512
MAX_FEATURES = 4096


def row_hashes(batch: Tensor, known: dict[Any, Any]) -> tuple[int, ...]:
    """Return one digest per sample of a batch (N, …); long samples are thinned, large batches cut.

    Samples that are too simple to be told apart (few numbers, all integers) give no digest; ``known`` remembers that
    per width and type.
    """
    rows = batch.detach()[:MAX_ROWS]
    if rows.ndim == 0 or rows.is_sparse or rows.numel() == 0:
        return ()
    flat = rows.reshape(rows.shape[0], -1)
    if flat.shape[1] > MAX_FEATURES:
        flat = flat[:, :: flat.shape[1] // MAX_FEATURES + 1]
    key = (flat.shape[1], flat.dtype)
    for head in known.pop(("heads", *key), ()):
        rich, times = known.get(key, (False, 0))
        known[key] = (rich or is_rich(head), times + 1)
    if key not in known or known[key][1] < 3:
        rich, times = known.get(key, (False, 0))
        known[key] = (rich or is_rich(flat), times + 1)
    if not known[key][0]:
        return ()
    data = flat.to("cpu").contiguous()
    if data.dtype == torch.bfloat16:
        data = data.float()
    array = data.numpy()
    return tuple(xxhash.xxh3_64_intdigest(row.tobytes()) for row in array)


def remember_head(flat: Tensor, known: dict[Any, Any]) -> None:
    """Keep the first rows (N, F) of a kind: they decide, when digests are first asked for, whether these can tell."""
    if flat.shape[1] > MAX_FEATURES:
        flat = flat[:, :: flat.shape[1] // MAX_FEATURES + 1]
    key = (flat.shape[1], flat.dtype)
    if key not in known:
        heads = known.setdefault(("heads", *key), [])
        if len(heads) < 3:
            heads.append(flat[:32])


def is_rich(flat: Tensor) -> bool:
    """Say whether equal rows (N, F) would be a surprise: real numbers, or many different integers."""
    head = flat[:32]
    if flat.is_floating_point():
        fractional = (head != head.round()).float().mean()
        if float(fractional) > 0.2:
            return bool(torch.unique(head).numel() > max(4, head.shape[0] // 2))
    return bool(flat.shape[1] >= 12 and torch.unique(head).numel() >= 4)


def flat_rows(batch: Tensor) -> Tensor | None:
    """Return the rows of a batch as float64 (N, F), or ``None`` when they are too wide or not numbers."""
    if batch.ndim == 0 or not (batch.is_floating_point() or batch.dtype == torch.uint8):
        return None
    flat = batch.detach().reshape(batch.shape[0], -1)
    if flat.shape[1] > MAX_FEATURES or flat.shape[1] == 0:
        return None
    return flat.to("cpu", torch.float64)

"""Shapes: does a view only regroup the axes, or mix them as only a permute should? Where is the padding?"""

from __future__ import annotations

from itertools import pairwise
from math import prod

from torch import Tensor


def _boundaries(shape: tuple[int, ...]) -> list[int]:
    out, total = [], 1
    for size in shape:
        total *= size
        out.append(total)
    return out


def mixes_axes(before: tuple[int, ...], after: tuple[int, ...], batch: int = 0) -> str:
    """Return why ``view(before → after)`` mixes values of different axes, or ``""`` when it only regroups them.

    Args:
        before: Shape of the tensor.
        after: Shape of the view.
        batch: Number of samples in the batch, 0 when unknown.
    """
    old = tuple(size for size in before if size != 1)
    new = tuple(size for size in after if size != 1)
    if old == new or prod(old) != prod(new) or len(old) < 2 or not new:
        return ""
    if len(old) == len(new) and sorted(old) == sorted(new):
        return "permuted"
    if _split_heads(old, new) or _split_heads(new, old):
        return "heads"
    if batch > 1 and old[0] == batch and new[0] != batch and len(new) >= 2:
        if new[0] % batch and batch % new[0]:
            return "batch"
        if new[0] < batch and len(old) == 2:
            return ""
    if batch > 1 and len(old) >= 3 and old[1] == batch and old[0] != batch and new[0] == batch:
        return "batch"
    if len(old) >= 3 and len(new) == 2 and new[1] == old[1] != old[-1] and new[0] == prod(old) // old[1]:
        return "channels"
    edges = sorted(set(_boundaries(old)) | set(_boundaries(new)))
    if any(later % earlier for earlier, later in pairwise(edges)):
        return "axes"
    return ""


def _split_heads(flat: tuple[int, ...], split: tuple[int, ...]) -> bool:
    """(B, T, H·D) seen as (B, H, T, D): the time axis lands behind the heads without a transpose."""
    if len(flat) != 3 or len(split) != 4:
        return False
    batch, time, width = flat
    return split[0] == batch and split[2] == time and split[1] != time and split[1] * split[3] == width


def trailing_padding(ids: Tensor, pad: int | None = None) -> Tensor | None:
    """Return the mask (B, T) of the run of equal ids at the end of the rows, or ``None`` when there is none."""
    if ids.ndim != 2 or ids.shape[1] < 2:
        return None
    if pad is None:
        pad = int(ids[:, -1].mode().values)
    same = ids == pad
    run = same.flip(1).cumprod(1).flip(1).bool()
    if not bool((run.sum(1) >= 2).any()) or bool((same & ~run).any()) or bool(run.all()):
        return None
    return run

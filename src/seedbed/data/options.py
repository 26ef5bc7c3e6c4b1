"""How data become batches: the options that every source has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

SamplerName: TypeAlias = Literal["shuffled", "sequential", "weighted", "class_balanced", "length_bucketed"]
SAMPLERS = ("shuffled", "sequential", "weighted", "class_balanced", "length_bucketed")


@dataclass(frozen=True, kw_only=True)
class LoaderOptions:
    """How data become batches. The same options for every source; None leaves it to the source or the default."""

    batch_size: int | None = None
    """Samples per training batch; 32 if neither this nor the data say."""
    eval_batch_size: int | None = None
    """Samples per evaluation batch; four times batch_size for data in memory, else batch_size."""
    val: float | int | None = None
    """Validation split taken from the training data: a fraction (0.1) or a number of samples; none if absent."""
    test: float | int | None = None
    """Test split taken from the training data, likewise."""
    split_by: Literal["random", "stratified", "group", "time"] = "random"
    """How these are taken; `group` and `time` need split_column."""
    split_column: str | None = None
    """Column (or attribute of the data set) with each sample's group or time."""
    split_seed: int | None = None
    """Seed of the split, to keep it the same under other training seeds; the training's seed if absent."""
    sampler: SamplerName | Callable[[int, int, np.random.Generator], Any] | None = None
    """Order of an epoch: shuffled (default), sequential, weighted, class_balanced, length_bucketed, or a function
    `(epoch, n, rng) -> indices`."""
    weights: str | Sequence[float] | None = None
    """Weights of the weighted sampler: one number per training sample, or the name of a column."""
    samples_per_epoch: int | None = None
    """Draws per epoch of the weighted and class_balanced samplers; as many as there are samples if absent."""
    normalize: str | dict[str, Any] | None = None
    """zscore, minmax, minmax01, robust, or {kind, per: feature|channel|global}, or {mean, std}; fitted on the training
    split only."""
    normalize_targets: str | dict[str, Any] | None = None
    """The same for the targets of a regression; the objective must invert it for metrics."""
    transforms: Sequence[str | dict[str, Any] | Callable[..., Any]] = ()
    """Random transforms of whole training batches: names, {type, args}, or functions `(x, rng) -> x`."""
    sample_transforms: Sequence[Callable[[Any, np.random.Generator], Any]] = ()
    """Functions `(x, rng) -> x` on each training sample of a map-style data set, before collating."""
    collate: Literal["default", "padded"] | Callable[[list[Any]], Any] | None = None
    """How items become a batch: default, padded (first dimension, with a mask), or a function of the list of items."""
    num_workers: int | None = None
    """Worker processes for map-style data sets; 0 reads in the main process. Never changes the numbers."""
    prefetch: int = 2
    """Batches that each worker reads ahead."""
    keep_items: bool = True
    """Keep the items of a map-style data set in memory after they were read once, where they are read in the main
    process, draw no random numbers, give the same bits again, and take at most 256 MB. Never changes the numbers."""
    resident: bool | None = None
    """Keep data in memory on the training device; if absent, where they take less than 40 % of what is free there."""
    drop_last: bool | None = None
    """Leave out the last training batch if it is short."""
    limit: int | None = None
    """Use only the first so many training samples."""
    batches_per_epoch: int | None = None
    """What counts as an epoch, if not one pass over the data."""

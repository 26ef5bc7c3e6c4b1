"""What a data set function returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from seedbed.data.samples import Samples

Encode: TypeAlias = Callable[
    [Samples, Samples | None, Samples | None], tuple[Samples, Samples | None, Samples | None, dict[str, Any]]
]


@dataclass(frozen=True, kw_only=True)
class LoaderHints:
    """Loader options that come with the data, from a torch ``DataLoader``; options that are set win over them."""

    batch_size: int | None = None
    eval_batch_size: int | None = None
    collate: Callable[[list[Any]], Any] | None = None
    eval_collate: Callable[[list[Any]], Any] | None = None
    sampler: str | None = None
    weights: Sequence[float] | None = None
    num_samples: int | None = None
    batches: Callable[[int], Sequence[Sequence[int]]] | None = None
    drop_last: bool | None = None
    num_workers: int | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Data with the splits that they come with.

    ``info`` has what is known about them: ``task`` ("classification", "regression", "language", "unknown"),
    ``num_classes``, ``class_names``, ``feature_names``, ``target_name``, ``input_shape`` (of one sample), ….
    """

    name: str
    train: Samples
    val: Samples | None = None
    test: Samples | None = None
    info: dict[str, Any] = field(default_factory=dict)
    hints: LoaderHints = field(default_factory=LoaderHints)
    encode: Encode | None = None
    """Makes the final samples once the training split is known: (train, val, test) -> (train, val, test, info)."""

"""The loader that pytorch-template's data loaders extend."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any, cast

import numpy as np
from torch.utils.data import DataLoader, Dataset, SubsetRandomSampler, default_collate


class BaseDataLoader(DataLoader[Any]):
    """A data loader that can hold back a part of its data set for validation.

    Args:
        dataset: Map-style data set.
        batch_size: Samples in a batch.
        shuffle: Whether training order is random; a held-back part makes it random in any case.
        validation_split: Fraction (float) or number (int) of samples to hold back; 0 for none.
        num_workers: Loader processes.
        collate_fn: Samples to batch.

    Raises:
        ValueError: The held-back part is negative or leaves nothing to train on.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        batch_size: int,
        shuffle: bool,
        validation_split: float,
        num_workers: int,
        collate_fn: Callable[[list[Any]], Any] = default_collate,
    ) -> None:
        self.validation_split = validation_split
        self.shuffle = shuffle
        self.n_samples = len(cast(Sized, dataset))
        train, held_back = split_indices(self.n_samples, validation_split)
        self.valid_sampler = SubsetRandomSampler(held_back) if held_back else None
        self.init_kwargs: dict[str, Any] = {
            "dataset": dataset,
            "batch_size": batch_size,
            "collate_fn": collate_fn,
            "num_workers": num_workers,
        }
        order: dict[str, Any] = {"sampler": SubsetRandomSampler(train)} if held_back else {"shuffle": shuffle}
        if held_back:
            self.shuffle = False
            self.n_samples = len(train)
        super().__init__(**self.init_kwargs, **order)

    def split_validation(self) -> DataLoader[Any] | None:
        """A loader over the held-back part, None if there is none."""
        if self.valid_sampler is None:
            return None
        return DataLoader(sampler=self.valid_sampler, **self.init_kwargs)


def split_indices(num_samples: int, split: float) -> tuple[list[int], list[int]]:
    """Indices to train on and to hold back: the template's split, without touching NumPy's global generator."""
    if split == 0:
        return list(range(num_samples)), []
    count = split if isinstance(split, int) else int(num_samples * split)
    if not 0 < count < num_samples:
        raise ValueError(f"validation_split {split} of {num_samples} samples leaves {count} for validation")
    order = np.arange(num_samples)
    np.random.RandomState(0).shuffle(order)
    return order[count:].tolist(), order[:count].tolist()

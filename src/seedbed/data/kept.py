"""Items of a map-style data set, kept in memory once they were read, so that later passes gather them in batches.

An item may be kept if it is a function of its number. Reading it must not move a global random generator, and reading
it again must give the same bits: the first items that are taken from memory are read again, and afterwards one of
every eighth batch, the first of a pass among them, before the batch is given. So a data set that somebody changes
between two epochs is noticed at once. What has random numbers of its own, or changes single items now and then, is
noticed when such an item is read again; it cannot be reproduced in any case (SB715).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seedbed.batch import leaves, map_tensors, same_bits

Indices = npt.NDArray[np.int64]
MOST_BYTES = 256 << 20
PROOF = 64  # items that must have been the same when they were read again, before one of some batches is enough
EVERY = 8  # batches


class KeptItems:
    """Rows of stacked items, by the items' numbers.

    Args:
        num_items: Items of the data set.
        num_samples: How many of them will be read.
        name: Of the data set, for what is told.
        most_bytes: More than that is not kept.

    ``remark`` is a sentence about what was decided, for the log.
    """

    def __init__(self, num_items: int, num_samples: int, name: str, most_bytes: int = MOST_BYTES) -> None:
        self.name, self.num_samples, self.most_bytes = name, num_samples, most_bytes
        self.num_items, self.given_up = num_items, False
        self.rows: Indices = np.zeros(0, dtype=np.int64)  # row of each item of the data set, -1 where it was not read
        self.count = self.proved = 0
        self.structure: Any = None
        self.tensors: list[Tensor] = []
        self.remark: str | None = None

    def give_up(self, reason: str) -> None:
        """Keep nothing from now on."""
        if not self.given_up and self.count:
            self.remark = f"the items of {self.name} are read anew in every pass: {reason}"
        self.given_up, self.rows, self.tensors = True, self.rows[:0], []

    def add(self, ids: Indices, inputs: Any, targets: Any) -> None:
        """Take in a batch that was read, tensors with a row for each of the items ``ids``."""
        if self.given_up:
            return
        found, structure = leaves((inputs, targets)), structure_of((inputs, targets))
        reason = self._allocate(found, structure) if self.structure is None else self._misfit(found, structure)
        if reason is not None:
            self.give_up(reason)
            return
        new = np.flatnonzero(self.rows[ids] < 0)
        new = new[np.unique(ids[new], return_index=True)[1]]  # a sampler may take an item twice
        if not len(new):
            return
        places = np.arange(self.count, self.count + len(new))
        self.rows[ids[new]] = places
        chosen = torch.from_numpy(new)
        for kept, tensor in zip(self.tensors, found, strict=True):
            kept[self.count : self.count + len(new)] = tensor.index_select(0, chosen)
        self.count += len(new)
        if self.count == self.num_samples:
            size = sum(tensor.nbytes for tensor in self.tensors) / 1e6
            self.remark = (
                f"the {self.count} items of {self.name} are kept in memory ({size:.1f} MB), because reading them draws "
                "no random numbers; data.args.keep_items=false reads them anew in every pass"
            )

    def _allocate(self, found: list[Tensor], structure: Any) -> str | None:
        """Take memory for all items, of which the system gives what is written; or say why not."""
        if not found or not is_plain(structure) or any(tensor.ndim == 0 for tensor in found):
            return "they hold something else than tensors"
        if 8 * self.num_items + self.num_samples * sum(tensor[:1].nbytes for tensor in found) > self.most_bytes:
            return "they are too large to be kept"
        self.structure, self.rows = structure, np.full(self.num_items, -1, dtype=np.int64)
        self.tensors = [torch.empty((self.num_samples, *tensor.shape[1:]), dtype=tensor.dtype) for tensor in found]
        return None

    def _misfit(self, found: list[Tensor], structure: Any) -> str | None:
        """Why a batch cannot be rows of what there is."""
        same = structure == self.structure and len(found) == len(self.tensors)
        if same and all(
            a.shape[1:] == b.shape[1:] and a.dtype == b.dtype for a, b in zip(found, self.tensors, strict=True)
        ):
            return None
        return "they are not all of one shape and type"

    def batch(self, ids: Indices) -> tuple[Any, Any] | None:
        """Inputs and targets of these items, if all of them are here."""
        if not self.count or self.given_up:
            return None
        rows = self.rows[ids]
        if (rows < 0).any():
            return None
        places = torch.from_numpy(rows)
        gathered = iter([tensor.index_select(0, places) for tensor in self.tensors])
        return fill(self.structure, gathered)  # type: ignore[no-any-return]

    def doubtful(self, ids: Indices, number: int) -> Indices:
        """Which items of batch ``number`` are to be read again before it is given."""
        if self.proved < PROOF:
            return ids
        place = number // EVERY % len(ids)
        return ids[place : place + 1] if number % EVERY == 0 else ids[:0]

    def agrees(self, ids: Indices, inputs: Any, targets: Any) -> bool:
        """Whether items that were read again are what is kept, bit for bit."""
        found = leaves((inputs, targets))
        if self._misfit(found, structure_of((inputs, targets))) is not None:
            return False
        places = torch.from_numpy(self.rows[ids])
        if not all(
            same_bits(kept.index_select(0, places), tensor) for kept, tensor in zip(self.tensors, found, strict=True)
        ):
            return False
        self.proved += len(ids)
        return True


def structure_of(tree: Any) -> Any:
    """Nested dicts, lists and tuples with the class ``Tensor`` for each tensor."""
    return map_tensors(lambda tensor: Tensor, tree)


def is_plain(structure: Any) -> bool:
    """Whether there is nothing but tensors and None in a structure."""
    if isinstance(structure, dict):
        return all(map(is_plain, structure.values()))
    if isinstance(structure, list | tuple):
        return all(map(is_plain, structure))
    return structure is Tensor or structure is None


def fill(structure: Any, tensors: Any) -> Any:
    """The structure with the next of ``tensors`` wherever one was."""
    if isinstance(structure, dict):
        return {key: fill(value, tensors) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(fill(value, tensors) for value in structure)
    return next(tensors) if structure is Tensor else structure

"""The members' next batches as one stacked batch: by one gather an epoch where all data lie in memory, else by member.

Shapes: n member, B sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from seedbed.batch import Batch, Cursor
from seedbed.data.batches import Gathers, TrainBatches, num_bytes
from seedbed.state import Batches

LIMIT = 256 << 20  # bytes up to which the members' data are copied into one tensor


class Window(NamedTuple):
    """What one update is made from: ``single[i][k]`` is member i's batch k, ``stacked[k]`` is batch k of them all."""

    single: list[list[Batch]]
    stacked: list[Batch]


class Feed:
    """Reads the data of members that are at the same place.

    Args:
        sources: Each member's training batches.
    """

    def __init__(self, sources: Sequence[Batches]) -> None:
        self.sources = list(sources)
        self.epoch: int | None = None
        self.found: list[Gathers] = []
        self.data: tuple[Tensor, Tensor] | None = None
        self.ordered: tuple[Tensor, ...] = ()  # the epoch's inputs and targets in the members' orders, (n, N, …)
        self.sizes: list[int] = []

    def take(self, cursor: Cursor, count: int) -> tuple[Window, Cursor]:
        """The next ``count`` batches (fewer at the end of the epoch) of every member, and the cursor after them."""
        if cursor.epoch != self.epoch:
            self.epoch = cursor.epoch
            self.prepare(cursor.epoch)
        if self.data is None:
            taken = [source.take(cursor, count) for source in self.sources]
            single = [batches for batches, _ in taken]
            stacked = [stack_batches([its[k] for its in single]) for k in range(len(single[0]))]
            return Window(single, stacked), taken[0][1]
        stop = min(cursor.batch + count, len(self.sizes))
        parts = [self.gather(number) for number in range(cursor.batch, stop)]
        window = Window(
            [list(its) for its in zip(*(single for single, _ in parts), strict=True)], [b for _, b in parts]
        )
        return window, Cursor(cursor.epoch, stop) if stop < len(self.sizes) else Cursor(cursor.epoch + 1)

    def gather(self, number: int) -> tuple[list[Batch], Batch]:
        """Batch ``number`` of the epoch: each member's, and the stacked one; views of the epoch's data."""
        assert self.data is not None
        start, size = sum(self.sizes[:number]), self.sizes[number]
        inputs, targets = (tensor.narrow(1, start, size) for tensor in self.ordered)
        ids = [found.ids[number] for found in self.found]
        single = [Batch(x, y, its) for x, y, its in zip(inputs.unbind(), targets.unbind(), ids, strict=True)]
        return single, Batch(inputs, targets, ids[0])

    def prepare(self, epoch: int) -> None:
        """Lay out an epoch: the members' data in one tensor, in the order in which they are taken."""
        before, self.found = self.found, []
        for source in self.sources:
            found = source.gathers(epoch) if isinstance(source, TrainBatches) else None
            if found is None or num_bytes((found.inputs, found.targets)) * len(self.sources) > LIMIT:
                self.data = None
                return
            self.found.append(found)
        same = len(before) == len(self.found) and all(
            a.inputs is b.inputs for a, b in zip(before, self.found, strict=True)
        )
        if not same or self.data is None:
            self.data = torch.cat([one.inputs for one in self.found]), torch.cat([one.targets for one in self.found])
        self.sizes = [len(rows) for rows in self.found[0].rows]
        first, orders = 0, []
        for one in self.found:
            orders.append(torch.cat(one.rows) + first)
            first += len(one.inputs)
        order = torch.cat(orders)
        n, size = len(orders), len(orders[0])
        self.ordered = tuple(tensor.index_select(0, order).view(n, size, *tensor.shape[1:]) for tensor in self.data)


def stack_batches(batches: Sequence[Batch]) -> Batch:
    """One batch for all members; its sample numbers are those of the first."""
    inputs, targets = [batch.inputs for batch in batches], [batch.targets for batch in batches]
    return Batch(stack_trees(inputs), stack_trees(targets), batches[0].indices)


def stack_trees(trees: Sequence[Any]) -> Any:
    """Nested tensors of all members, stacked leaf by leaf."""
    if isinstance(trees[0], Tensor):
        return torch.stack(list(trees))
    return pytree.tree_map(lambda *leaves: stack_trees(leaves) if isinstance(leaves[0], Tensor) else leaves[0], *trees)

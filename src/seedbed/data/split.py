"""Splits: who trains and who validates. Pure functions of the facts and a seed, to sorted index arrays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from seedbed.data.order import Indices, permutation
from seedbed.errors import ConfigError, DataError
from seedbed.seeding import stream_key

SplitBy: TypeAlias = Literal["random", "stratified", "group", "time"]


def split_sizes(n: int, parts: Sequence[float | int], names: Sequence[str] = ("val", "test")) -> list[int]:
    """How many samples each part gets: an int is a count, a float below 1 a fraction (rounded, at least one).

    Raises:
        ConfigError: A part is negative or a fraction of 1 or more.
        DataError: Nothing would be left to train on.
    """
    sizes = []
    for name, part in zip(names, parts, strict=False):
        if isinstance(part, bool) or not isinstance(part, int | float) or not 0 <= part < float("inf"):
            raise ConfigError(f"{name}={part!r}; give a number of samples (100) or a fraction (0.1)")
        if isinstance(part, float) and part >= 1 and part != int(part):
            raise ConfigError(f"{name}={part}; a fraction must be below 1, and a number of samples must be whole")
        whole = isinstance(part, int) or part >= 1
        sizes.append(int(part) if whole else max(round(n * part), 1 if part > 0 else 0))
    fractions = sum(part for part in parts if isinstance(part, float) and part < 1)
    if sum(sizes) >= n or fractions >= 1:
        asked = ", ".join(f"{name}={part}" for name, part in zip(names, parts, strict=False))
        raise DataError(f"{asked} of {n} samples leaves none to train on; make the split smaller")
    return sizes


def split_random(n: int, sizes: Sequence[int], *, seed: int) -> list[Indices]:
    """Parts of the given sizes drawn at random; the rest comes first: ``[train, part 1, part 2, …]``."""
    order = permutation(n, stream_key(seed, "split"))
    return _cut(order, sizes)


def split_stratified(labels: npt.ArrayLike, sizes: Sequence[int], *, seed: int) -> list[Indices]:
    """Like ``split_random``, with each class in the same proportion in every part (to within one sample).

    The samples of each class are shuffled and spread evenly along a line from 0 to 1; the parts are cut off it.
    """
    array = np.asarray(labels)
    n = len(array)
    _, classes, counts = np.unique(array, return_inverse=True, return_counts=True)
    shuffled = permutation(n, stream_key(seed, "split"))
    by_class = shuffled[np.argsort(classes[shuffled], kind="stable")]
    starts = np.cumsum(counts) - counts
    rank = np.arange(n) - np.repeat(starts, counts)
    places = (rank + 0.5) / np.repeat(counts, counts)
    # ties between classes are broken at random, not in favour of the first class
    tie = permutation(n, stream_key(seed, "split", "ties"))
    return _cut(by_class[np.lexsort((tie, places))], sizes)


def split_groups(groups: npt.ArrayLike, sizes: Sequence[int], *, seed: int) -> list[Indices]:
    """No group in two parts: whole groups are dealt, in random order, until each part has at least its size.

    Raises:
        DataError: There are too few groups.
    """
    names, members = np.unique(np.asarray(groups), return_inverse=True)
    order = permutation(len(names), stream_key(seed, "split", "groups"))
    counts = np.bincount(members, minlength=len(names))
    part_of_group = np.zeros(len(names), dtype=np.int64)
    place = 0
    for part, size in enumerate(sizes, start=1):
        taken = 0
        while taken < size and place < len(names):
            part_of_group[order[place]] = part
            taken += int(counts[order[place]])
            place += 1
    if place >= len(names):
        raise DataError(
            f"splitting by group leaves no group to train on: {len(names)} groups for parts of {list(sizes)} samples; "
            "make the parts smaller"
        )
    parts = part_of_group[members]
    return [np.flatnonzero(parts == part).astype(np.int64) for part in range(len(sizes) + 1)]


def split_time(times: npt.ArrayLike, sizes: Sequence[int]) -> list[Indices]:
    """The latest samples are the last part, those before them the part before it, …; equal times are not separated.

    A part may therefore be smaller than asked for by the samples that share its first moment with the part before.
    """
    array = np.asarray(times)
    n = len(array)
    order = np.argsort(array, kind="stable").astype(np.int64)
    ordered = array[order]
    bounds = [n]
    for size in reversed(sizes):
        bound = max(bounds[-1] - size, 0)
        while 0 < bound < bounds[-1] and ordered[bound] == ordered[bound - 1]:
            bound += 1
        bounds.append(bound)
    bounds.append(0)
    parts = [np.sort(order[start:stop]) for stop, start in itertools.pairwise(bounds)]
    return parts[::-1]


def split_indices(
    n: int,
    parts: Sequence[float | int],
    *,
    by: str = "random",
    facts: npt.NDArray[Any] | None = None,
    seed: int,
    names: Sequence[str] = ("val", "test"),
) -> list[Indices]:
    """``[train, part 1, …]`` by any of the ways; ``facts`` are the labels, groups or times.

    Raises:
        ConfigError: An unknown way, or a size that is not one.
        DataError: The parts don't fit the data.
    """
    sizes = split_sizes(n, parts, names)
    if by == "random":
        return split_random(n, sizes, seed=seed)
    if facts is None or by not in {"stratified", "group", "time"}:
        raise ConfigError(f"split_by={by!r}; choose random, stratified, group or time (the last two need a column)")
    if by == "stratified":
        return split_stratified(facts, sizes, seed=seed)
    result = split_groups(facts, sizes, seed=seed) if by == "group" else split_time(facts, sizes)
    for name, size, part in zip(("train", *names), (1, *sizes), result, strict=False):
        if size and not len(part):
            raise DataError(
                f"splitting {n} samples by {by} leaves {name} empty; its column has too few distinct values"
            )
    return result


def _cut(order: Indices, sizes: Sequence[int]) -> list[Indices]:
    """Parts from the front of ``order``, each sorted; the rest first."""
    edges = np.cumsum(sizes)
    *taken, rest = np.split(order, edges)
    return [np.sort(rest), *(np.sort(part) for part in taken)]

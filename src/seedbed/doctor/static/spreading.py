"""How the work is done: over several processes where that pays, and without garbage collection in between."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

R = TypeVar("R")

# Below this much code, in bytes, a second process costs more than it saves: forked, and started anew.
_FORKED, _STARTED = 200_000, 1_500_000
_BATCH = 60_000  # bytes of small groups that a process gets at a time
_GARBAGE = 1_000_000  # objects


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(work: Callable[[Sequence[Path]], R], groups: Sequence[Sequence[Path]], processes: int) -> Iterator[R]:
    """Yield ``work(group)`` for every group, in order, from ``processes`` processes where there is enough to do."""
    forks = sys.platform == "linux"
    sizes = [sum(_size(p) for p in group) for group in groups]
    if processes < 2 or len(groups) < 2 or sum(sizes) < (_FORKED if forks else _STARTED):
        yield from map(work, groups)
        return
    import multiprocessing

    batches = _batches(sizes)
    context = multiprocessing.get_context("fork" if forks else "spawn")
    done: dict[int, R] = {}
    with context.Pool(min(processes, len(batches))) as pool:
        jobs = [(work, [(number, groups[number]) for number in batch]) for batch in batches]
        for results in pool.imap_unordered(_several, jobs):
            done.update(results)
    for number in range(len(groups)):
        yield done[number]


def _several(
    job: tuple[Callable[[Sequence[Path]], R], list[tuple[int, Sequence[Path]]]],
) -> list[tuple[int, R]]:
    work, groups = job
    return [(number, work(group)) for number, group in groups]


def _batches(sizes: Sequence[int]) -> list[list[int]]:
    """Numbers of groups, the largest first and alone, small ones together."""
    found: list[list[int]] = []
    room = 0
    for number in sorted(range(len(sizes)), key=lambda n: -sizes[n]):
        if sizes[number] > room or not found:
            found.append([])
            room = _BATCH
        found[-1].append(number)
        room -= sizes[number]
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@contextmanager
def no_collection() -> Iterator[None]:
    """Inside, cycles are not collected: a reader makes millions of objects and keeps nearly all of them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def tidy() -> None:
    """Collect what the last program left behind, when it is much."""
    if gc.get_count()[0] > _GARBAGE:
        gc.collect(0)


def forget() -> None:
    """Collect what a group of files left behind: its files refer to each other, so they do not go by themselves.

    All of it is young: nothing was collected while the group was read. Rules and modules are not looked at again.
    """
    gc.collect(1)

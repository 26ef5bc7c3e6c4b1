"""Growth of training: what an update, a checkpoint and the start of a run take as something gets larger."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedbed.bench.services import replaced, without
from seedbed.fitting import Adam, fit
from seedbed.session import Session
from seedbed.state import StepRecord

INPUTS, CLASSES = 64, 10
Point = tuple[float, dict[str, float]]


class Watch:
    """When each update was done, and what the process held at some of them."""

    def __init__(self, at: Sequence[int] = (), look: Callable[[], dict[str, float]] = dict) -> None:
        self.began = time.perf_counter()
        self.times: list[float] = []
        self.at, self.look = set(at), look
        self.seen: dict[int, dict[str, float]] = {}

    def tick(self) -> None:
        """An update is done."""
        self.times.append(time.perf_counter())
        if len(self.times) in self.at:
            self.seen[len(self.times)] = self.look()

    def step_us(self, first: int = 0, last: int | None = None) -> float:
        """The median time of the updates between two of them, in microseconds; a middle that no disturbance moves."""
        times = self.times[first:last]
        return 1e6 * median(b - a for a, b in pairwise(times))

    def start_ms(self) -> float:
        """Milliseconds until the first update was done."""
        return 1e3 * (self.times[0] - self.began)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Tick after every update of seedbed inside."""
    note = Session.note

    def note_and_tick(session: Session, record: StepRecord) -> None:
        note(session, record)
        watch.tick()

    with replaced(Session, "note", note_and_tick):
        yield


def mlp(parameters: int) -> nn.Module:
    """About so many weights: two hidden layers of equal width."""
    linear = INPUTS + CLASSES
    width = max(1, round((-linear + math.sqrt(linear**2 + 4 * parameters)) / 2))
    return nn.Sequential(
        nn.Linear(INPUTS, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, CLASSES)
    )


def random_data(count: int) -> tuple[Tensor, Tensor]:
    """Inputs and classes."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(count, INPUTS, generator=generator)
    return inputs, torch.randint(0, CLASSES, (count,), generator=generator)


def train_watched(
    model: nn.Module, data: Any, folder: Path, watch: Watch, *, batch_size: int, steps: int, **settings: Any
) -> None:
    """A run of so many updates with seedbed's default settings, one epoch long, ticking."""
    with watched(watch):
        fit(
            model,
            {"train": data},
            optimizer=Adam(),
            batch_size=batch_size,
            epochs=None,
            steps=steps,
            steps_per_epoch=steps,
            monitor="off",
            console="silent",
            out=folder / f"run-{time.monotonic_ns()}",
            **settings,
        )


def bare(model: nn.Module, data: tuple[Tensor, Tensor], *, batch_size: int, steps: int) -> Watch:
    """The same number of updates and nothing else."""
    watch, threads = Watch(), torch.get_num_threads()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    inputs, targets = data[0][:batch_size].clone(), data[1][:batch_size].clone()
    torch.set_num_threads(1)  # what seedbed chooses for most of these
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
        watch.tick()
    torch.set_num_threads(threads)
    return watch


def num_steps(work: float) -> int:
    """Updates to measure: as many as fit into about a second, between 6 and 400."""
    return int(min(400, max(6, 2e9 / max(work, 1))))


def by_parameters(sizes: Sequence[int], folder: Path) -> list[Point]:
    """Microseconds of an update, seedbed's and bare; without checkpoints, whose growth is a curve of its own."""
    data, points = random_data(3200), []
    for size in sizes:
        steps = num_steps(size * 32 * 6)
        watch = Watch()
        with without(["checkpoints"]):
            train_watched(mlp(size), data, folder, watch, batch_size=32, steps=steps, threads=1)
        floor = bare(mlp(size), data, batch_size=32, steps=steps)
        points.append((float(size), {"seedbed, µs": watch.step_us(1), "floor, µs": floor.step_us(1)}))
    return points


def by_batch(sizes: Sequence[int], folder: Path) -> list[Point]:
    """Microseconds of an update, seedbed's and bare."""
    data, points = random_data(max(8192, sizes[-1])), []
    for size in sizes:
        watch = Watch()
        train_watched(mlp(8832), data, folder, watch, batch_size=size, steps=300, threads=1)
        floor = bare(mlp(8832), data, batch_size=size, steps=300)
        points.append((float(size), {"seedbed, µs": watch.step_us(1), "floor, µs": floor.step_us(1)}))
    return points


def by_checkpoint(sizes: Sequence[int], folder: Path) -> list[Point]:
    """Milliseconds of one checkpoint, the median of three, and the bytes it takes for each weight."""
    data, points = random_data(128), []
    save = Session.save
    for size in sizes:
        taken: list[float] = []

        def timed(session: Session, *args: Any, taken: list[float] = taken) -> None:
            began = time.perf_counter()
            save(session, *args)
            taken.append(time.perf_counter() - began)

        model = mlp(size)
        run = folder / f"checkpoint-{size}"
        with replaced(Session, "save", timed):
            fit(model, data, batch_size=32, epochs=3, monitor="off", console="silent", out=run, optimizer=Adam())
        files = [path.stat().st_size for path in newest(run / "checkpoints").iterdir()]
        weights = sum(p.numel() for p in model.parameters())
        points.append((float(size), {"checkpoint, ms": 1e3 * median(taken), "bytes a weight": sum(files) / weights}))
    return points


def newest(folder: Path) -> Path:
    """The checkpoint of the last step."""
    return max(path for path in folder.iterdir() if path.is_dir())


def by_data(sizes: Sequence[int], folder: Path) -> list[Point]:
    """An update, the start of a run and the memory of the process's own, over memory-mapped samples."""
    points = []
    for size in sizes:
        path = folder / "x.npy"
        rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(size, 16))
        for first in range(0, size, 1 << 20):
            rows[first : first + (1 << 20)] = np.linspace(-1, 1, 16, dtype=np.float32)
        rows.flush()
        del rows
        inputs = np.load(path, mmap_mode="c")
        targets = np.zeros(size, dtype=np.int64)
        targets[::2] = 1
        model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2))
        before, peak = own_memory(), Watch(at=[200], look=lambda: {"memory": own_memory()})
        train_watched(model, (inputs, targets), folder, peak, batch_size=min(128, size), steps=200, threads=1)
        memory = max(peak.seen[200]["memory"] - before, 0.0) / 1e6
        points.append((float(size), {"step, µs": peak.step_us(1), "start, ms": peak.start_ms(), "memory, MB": memory}))
        del inputs
        path.unlink()
    return points


def by_length(sizes: Sequence[int], folder: Path) -> list[Point]:
    """One run: what an update took since the size before, the memory of the process's own, bytes a step on the disk."""
    data = random_data(3200)
    run = folder / "length"

    def look() -> dict[str, float]:
        files = {"log": "events.jsonl", "digests": "trace.bin"}
        sizes = {name: (run / file).stat().st_size for name, file in files.items()}
        return {"memory": own_memory() / 1e6, **sizes}

    watch = Watch(at=sizes, look=look)
    with watched(watch):
        fit(
            mlp(8832), data, batch_size=32, epochs=None, steps=sizes[-1], monitor="off", console="silent", out=run,
            optimizer=Adam(), threads=1, checkpoint={"every_epochs": max(1, sizes[-1] // 400)},
        )  # fmt: skip
    points, before = [], 0
    for size in sizes:
        seen = watch.seen[size]
        each = {f"{name}, B": seen[name] / size for name in ("log", "digests")}
        points.append((float(size), {"step, µs": watch.step_us(before, size), "memory, MB": seen["memory"], **each}))
        before = size
    return points


def own_memory() -> float:
    """Bytes that only this process has, files mapped into it not counted; 0 where the system does not say."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024.0
    except OSError:
        pass
    return 0.0

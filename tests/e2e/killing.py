"""Strike a training in a chosen phase, let it go on by the same command, compare it with one that was left alone."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seedbed import loop, run
from seedbed.build import Training
from seedbed.checkpoint import saver
from seedbed.data.loader import Data
from seedbed.disk import Disk
from seedbed.result import Options
from seedbed.rundir import RunDir
from seedbed.session import Session
from seedbed.stopping import Stopper
from seedbed.verify import Verification, compare, process_context

HOW = ("kill", "term", "interrupt twice")
DISK = ("create", "write", "fsync", "close", "read", "names", "mkdir", "rename", "unlink", "rmdir", "sync_folder")

DATA = '''
import random
import numpy as np
import torch
from torch.utils.data import Dataset


class Noisy(Dataset):
    """Digits whose items draw from all three global generators."""

    def __init__(self, size=120):
        rng = np.random.default_rng(0)
        self.x = torch.from_numpy(rng.normal(size=(size, 8)).astype("float32"))
        self.targets = torch.from_numpy(rng.integers(0, 3, size))

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        noise = random.random() + float(np.random.rand()) + torch.rand(8)
        return self.x[index] + 0.1 * noise, self.targets[index]


class Counted(torch.utils.data.IterableDataset):
    """A stream that can say where it is."""

    def __init__(self, size=90):
        self.size, self.position = size, 0

    def __iter__(self):
        while self.position < self.size:
            self.position += 1
            value = torch.rand(8) + self.position % 3
            yield value, self.position % 3
        self.position = 0

    def state_dict(self):
        return {"position": self.position}

    def load_state_dict(self, state):
        self.position = state["position"]
'''


def make_config(kind: str, workers: int = 0) -> dict[str, Any]:
    """A small training with everything in its state that a state can hold."""
    config: dict[str, Any] = {
        "name": "struck",
        "seed": 5,
        "model": {"type": "MLP", "args": {"in_features": 8, "hidden": [16], "out_features": 3, "dropout": 0.2}},
        "data": {
            "type": "Noisy",
            "args": {"batch_size": 8, "val": 24, "normalize": "zscore", "num_workers": workers},
        },
        "objective": {"type": "Classification", "args": {"metrics": ["accuracy"]}},
        "optimizer": {"type": "AdamW", "args": {"lr": 0.01}},
        "lr_scheduler": {"type": "cosine", "args": {"warmup_steps": 3}},
        "ema": {"decay": 0.9, "power": 0.75},
        "trainer": {"epochs": 12, "accumulate": 2, "clip_norm": 1.0},
        "evaluate": {"train_metrics": True},
        "checkpoint": {"every_steps": 3, "keep_last": 2},
        "tracking": {"log_every": 2},
    }
    if kind == "plateau":
        config["lr_scheduler"] = {"type": "plateau", "args": {"patience": 0, "factor": 0.5, "mode": "max"}}
        config["trainer"] |= {"precision": "fp16", "monitor": "max val_loss", "early_stop": 5}
        config["data"]["args"] |= {"sampler": "class_balanced"}
    elif kind == "steps":
        config["evaluate"] |= {"every_steps": 4, "every_epochs": None}
        config["trainer"] |= {"precision": "bf16"}
        config["optimizer"] = {"type": "SGD", "args": {"lr": 0.05, "momentum": 0.9}}
    elif kind == "stream":
        config["data"] = {"type": "Counted", "args": {"batch_size": 8}}
        config["trainer"] |= {"steps": 80, "epochs": None, "monitor": "min loss"}
    else:
        assert kind == "full", kind
    return config


KINDS = ("full", "plateau", "steps", "stream")


def write_project(folder: Path, config: dict[str, Any]) -> Path:
    """The config and its data set, on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.py").write_text(DATA)
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


@dataclass(frozen=True)
class Blow:
    """Strike (``how``) when ``phase`` is reached for the ``number``-th time in a process."""

    how: str
    phase: str
    number: int


def strike(how: str) -> None:
    """Kill this process, or ask it to stop, or ask twice."""
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "term":
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def arm(blow: Blow) -> None:
    """Make this process strike itself."""
    seen = [0]
    inside = [blow.phase not in {"saving", "pruning"}]

    def count() -> None:
        if inside[0]:
            seen[0] += 1
            if seen[0] == blow.number:
                strike(blow.how)

    def wrap(owner: Any, name: str, when: str = "before") -> None:
        plain = owner.__dict__[name]

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if when == "before":
                count()
            result = plain(*args, **kwargs)
            if when == "after":
                count()
            return result

        setattr(owner, name, wrapped)

    def enter(owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            inside[0] = True
            try:
                return plain(*args, **kwargs)
            finally:
                inside[0] = False

        setattr(owner, name, wrapped)

    def wrap_all(name: str) -> None:
        for module in [module for key, module in sys.modules.items() if key.startswith("seedbed.")]:
            if module.__dict__.get(name) is getattr(loop, name):
                originals.append(module)
        for module in originals:
            wrap(module, name)

    originals: list[Any] = []
    places: dict[str, Callable[[], object]] = {
        "mid-step": lambda: wrap_all("clip_gradients"),
        "accumulating": lambda: wrap(torch.Tensor, "backward", "after"),
        "optimizing": lambda: wrap_all("count"),
        "evaluating": lambda: wrap(Stopper, "check"),
        "saving": lambda: (enter(saver, "save"), [wrap(Disk, name) for name in DISK]),
        "pruning": lambda: (enter(saver, "prune"), [wrap(Disk, name) for name in ("unlink", "rmdir", "rename")]),
        "epoch boundary": lambda: wrap(Training, "set_epoch"),
        "logging": lambda: wrap(Session, "write", "after"),
        "right after resume": lambda: wrap(Session, "catch_up"),
        "fitting": lambda: wrap(Data, "fit"),
        "finishing": lambda: wrap(run, "finish"),
    }
    places[blow.phase]()


PHASES = {  # with the largest number at which a process of these trainings still gets there
    "mid-step": 6,
    "accumulating": 12,
    "optimizing": 6,
    "evaluating": 5,
    "saving": 60,
    "pruning": 8,
    "epoch boundary": 3,
    "logging": 20,
    "right after resume": 1,
    "fitting": 1,
    "finishing": 1,
}


def child(config: Path, out: Path, blow: Blow | None) -> None:
    """One start of the command, in a process of its own."""
    multiprocessing.set_start_method(None, force=True)  # loader workers start as in a process of one's own
    if blow is not None:
        arm(blow)
    run.train(config, (), Options(out=out, console="silent", probe=False))


def start(config: Path, out: Path, blow: Blow | None) -> int:
    """The exit code of one start; negative for a signal."""
    process = process_context().Process(target=child, args=(config, out, blow))
    process.start()
    process.join(120)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"{blow} in {out}: the process hangs")
    assert process.exitcode is not None
    return int(process.exitcode)


def is_finished(out: Path) -> bool:
    """Whether a run has come to its end."""
    events = (out / "events.jsonl").read_bytes().splitlines() if (out / "events.jsonl").is_file() else []
    return bool(events) and b'"event": "end"' in events[-1]


def draw(rng: random.Random, count: int, how: tuple[str, ...] = HOW) -> list[Blow]:
    """Blows at random: every phase in turn, in a random order; the first and last are those that come once."""
    often = [phase for phase in PHASES if phase not in {"fitting", "finishing"}]
    blocks = [rng.sample(often, len(often)) for _ in range(count // len(often) + 1)]
    flat = ["fitting", *[phase for block in blocks for phase in block][: count - 2], "finishing"]
    return [Blow(rng.choice(how), phase, rng.randint(1, PHASES[phase])) for phase in flat]


def suffer(config: Path, straight: Path, out: Path, blows: list[Blow]) -> tuple[Verification, int]:
    """Start, be struck, start again …; the comparison with the straight run, and how many blows ended a process."""
    hit = 0
    for blow in blows:
        code = start(config, out, blow)
        if (blow.how == "kill" and code == -signal.SIGKILL) or (blow.how == "interrupt twice" and code == 130):
            hit += 1
        else:
            assert code == 0, f"{blow}: exit code {code}"
            if is_finished(out):
                break
            hit += 1
    assert start(config, out, None) == 0
    return compare(RunDir(straight), RunDir(out), [], 0, ()), hit

"""MNIST to a goal: seconds of training until the test images are recognised well enough, validation not counted."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch

from seedbed.bench.gpu.cases import Case, Split, easy_images, mnist
from seedbed.bench.gpu.stopwatch import Stopwatch
from seedbed.bench.gpu.trainers import autocast, optimizer_of, placed, settings_of
from seedbed.errors import TrainingError
from seedbed.fitting import fit
from seedbed.numerics import pinned_numerics
from seedbed.rundir import RunDir, decode_number, read_events


def held_out(case: Case) -> Split:
    """The images that the goal is about."""
    found = None if case.goal < 0.9 else mnist("test")
    return found if found is not None else easy_images(128)


def missed(case: Case, best: float) -> TrainingError:
    """The error of a training that did not reach the goal."""
    return TrainingError(f"the goal of {case.goal:.0%} was not reached in {case.epochs} epochs: {best:.2%}")


def bare_to_goal(case: Case, device: torch.device) -> float:
    """A loop by hand with everything on the device."""
    with pinned_numerics(device, deterministic=True):
        model = placed(case, device)
        (x, y), (xv, yv) = ([part.to(device) for part in split] for split in (case.make_data(), held_out(case)))
        optimizer, watch = optimizer_of(case, model), Stopwatch(0, 0, device)
        steps = -(-len(x) // case.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, case.lr, total_steps=steps * case.epochs)
        seconds, best = 0.0, 0.0
        for _ in range(case.epochs):
            model.train()
            began = watch.now()
            for rows in torch.randperm(len(x), device=device).split(case.batch_size):
                optimizer.zero_grad()
                with autocast(case, device):
                    loss = case.loss(model(x[rows]), y[rows])
                loss.backward()
                optimizer.step()
                schedule.step()
            seconds += watch.now() - began
            model.eval()
            with torch.no_grad(), autocast(case, device):
                parts = zip(xv.split(2000), yv.split(2000), strict=True)
                hits = sum(int((model(x_part).argmax(-1) == y_part).sum()) for x_part, y_part in parts)
            best = max(best, hits / len(yv))
            if best >= case.goal:
                return seconds
    raise missed(case, best)


def ours_to_goal(case: Case, device: torch.device, **trainer: Any) -> float:
    """Seedbed, with a checkpoint an epoch; each epoch's training seconds are in its log."""
    torch.manual_seed(0)
    data = {"train": case.make_data(), "val": held_out(case)}
    options: dict[str, Any] = {**settings_of(case, device, epochs=case.epochs, **trainer), "loss": "cross_entropy"}
    with tempfile.TemporaryDirectory() as folder:
        fit(
            case.make_model(), data, out=f"{folder}/run", metrics=["accuracy"],
            lr_scheduler="one_cycle", **options,
        )  # fmt: skip
        seconds, best = 0.0, 0.0
        for event in read_events(RunDir(Path(folder) / "run").events):
            if event["event"] == "epoch":
                seconds += float(event["seconds"])
                best = max(best, decode_number(event["metrics"]["val_accuracy"]))
                if best >= case.goal:
                    return seconds
    raise missed(case, best)

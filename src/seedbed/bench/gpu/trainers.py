"""The ways to train a case: bare, seedbed in its forms, and other trainers. Each returns the seconds of one step."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from seedbed.bench.gpu.cases import Case
from seedbed.bench.gpu.stopwatch import Stopwatch
from seedbed.bench.services import replaced, without
from seedbed.config.schema import Trainer
from seedbed.fitting import AdamW, fit
from seedbed.numerics import pinned_numerics
from seedbed.session import Session
from seedbed.state import StepRecord

Run = Callable[[Case, torch.device], float]


def placed(case: Case, device: torch.device) -> nn.Module:
    """A fresh model where it trains."""
    torch.manual_seed(0)
    model = case.make_model().to(device)
    return model.to(memory_format=torch.channels_last) if case.channels_last else model  # type: ignore[call-overload]


def autocast(case: Case, device: torch.device) -> AbstractContextManager[Any]:
    """The case's number format."""
    return nullcontext() if case.precision == "fp32" else torch.autocast(device.type, dtype=torch.bfloat16)


def optimizer_of(case: Case, model: nn.Module) -> torch.optim.Optimizer:
    """Fused AdamW."""
    return torch.optim.AdamW(model.parameters(), lr=case.lr, fused=True)


def cut(case: Case, device: torch.device, most: int = 8) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The first batches, on the device, laid out as the model wants them."""
    inputs, targets = case.make_data()
    pairs = list(zip(inputs.split(case.batch_size), targets.split(case.batch_size), strict=True))[:most]
    layout = torch.channels_last if case.channels_last else torch.preserve_format
    return [(x.to(device, memory_format=layout), y.to(device)) for x, y in pairs if len(x) == case.batch_size]


def updates(case: Case, device: torch.device, forward: Callable[..., Any], model: nn.Module) -> float:
    """Bare updates on batches that lie on the device."""
    batches, optimizer = cut(case, device), optimizer_of(case, model)
    watch = Stopwatch(case.warm, case.steps, device)
    model.train()
    for number in range(watch.total):
        x, y = batches[number % len(batches)]
        optimizer.zero_grad()
        with autocast(case, device):
            loss = case.loss(forward(x), y)
        loss.backward()
        optimizer.step()
        watch.tick()
    return watch.seconds_per_step()


def bare(case: Case, device: torch.device) -> float:
    """The floor with the same numerics: nothing but updates, deterministic algorithms as in seedbed."""
    with pinned_numerics(device, deterministic=True):
        model = placed(case, device)
        return updates(case, device, model, model)


def bare_free(case: Case, device: torch.device) -> float:
    """The floor with any numerics: any algorithm, TF32, autotuned, and the model compiled."""
    with pinned_numerics(device, deterministic=False):
        torch.set_float32_matmul_precision("high")
        model = placed(case, device)
        forward = torch.compile(model) if device.type == "cuda" else model
        return updates(case, device, forward, model)


def settings_of(case: Case, device: torch.device, **trainer: Any) -> dict[str, Any]:
    """What seedbed is told about a case."""
    known = {key: value for key, value in trainer.items() if key in Trainer.model_fields}
    return {
        "loss": case.loss,
        "optimizer": AdamW(lr=case.lr),
        "batch_size": case.batch_size,
        "console": "silent",
        "monitor": "off",
        "trainer": {
            "device": device.type,
            "precision": case.precision,
            "channels_last": case.channels_last,
            **known,
        },
    }


def ours(case: Case, device: torch.device, **trainer: Any) -> float:
    """Seedbed with its default services; no checkpoint is written at the end, which would time a disk."""
    watch = Stopwatch(case.warm, case.steps, device)
    note = Session.note

    def note_and_tick(session: Session, record: StepRecord) -> None:
        note(session, record)
        watch.tick()

    torch.manual_seed(0)
    data = case.make_data()
    length = {"epochs": None, "steps": watch.total, "steps_per_epoch": watch.total}
    with tempfile.TemporaryDirectory() as folder, without(["checkpoints"]), replaced(Session, "note", note_and_tick):
        fit(case.make_model(), {"train": data}, out=f"{folder}/run", **settings_of(case, device, **length, **trainer))
    return watch.seconds_per_step()


def ours_auto(case: Case, device: torch.device) -> float:
    """Seedbed choosing number format, layout and compilation by itself."""
    return ours(case, device, speed="auto")


def ours_captured(case: Case, device: torch.device) -> float:
    """Seedbed with its update captured as a CUDA graph."""
    return ours(case, device, cuda_graphs=True)

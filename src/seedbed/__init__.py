"""Seedbed: PyTorch training that is reproducible bit for bit, checked, never lost and fast.

The public names are listed here by hand and imported when they are first used, so that ``import seedbed`` (and with
it ``seedbed --help``) loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedbed.batch import Batch as Batch
    from seedbed.checkpoint.own_loop import load as load
    from seedbed.checkpoint.own_loop import save as save
    from seedbed.doctor.watch import watch as watch
    from seedbed.errors import SeedbedError as SeedbedError
    from seedbed.fitting import SGD as SGD
    from seedbed.fitting import Adam as Adam
    from seedbed.fitting import AdamW as AdamW
    from seedbed.fitting import fit as fit
    from seedbed.layout import inspect as inspect
    from seedbed.loop import Step as Step
    from seedbed.optim.ema import EMA as EMA
    from seedbed.run import train as train
    from seedbed.seeding import seed_everything as seed_everything

_HOME = {
    "Adam": "seedbed.fitting",
    "AdamW": "seedbed.fitting",
    "Batch": "seedbed.batch",
    "EMA": "seedbed.optim.ema",
    "SGD": "seedbed.fitting",
    "SeedbedError": "seedbed.errors",
    "Step": "seedbed.loop",
    "fit": "seedbed.fitting",
    "inspect": "seedbed.layout",
    "load": "seedbed.checkpoint.own_loop",
    "save": "seedbed.checkpoint.own_loop",
    "seed_everything": "seedbed.seeding",
    "train": "seedbed.run",
    "watch": "seedbed.doctor.watch",
}

__all__ = [
    "EMA",
    "SGD",
    "Adam",
    "AdamW",
    "Batch",
    "SeedbedError",
    "Step",
    "fit",
    "inspect",
    "load",
    "save",
    "seed_everything",
    "train",
    "watch",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'seedbed' has no attribute {name!r}; it has {', '.join(__all__)}")
    import importlib

    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value

"""Leave out one item of the saved state at a time: a resumed run must then end otherwise, or the item is not needed."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from killing import make_config, write_project

from seedbed.checkpoint.store import load_newest
from seedbed.result import Options, Result
from seedbed.run import train
from seedbed.rundir import RunDir
from seedbed.session import Session
from seedbed.state import TrainState
from seedbed.verify import compare

STOP_AT = 40  # in the middle of an epoch, between two saves, after a reduction of the rate
Saved = dict[str, Any]
Spoil = Callable[[Saved, Saved], None]  # (what was saved, the state before the first update)


def drop(*names: str) -> Spoil:
    """Put the initial value in place of the saved one."""

    def spoil(saved: Saved, fresh: Saved) -> None:
        for name in names:
            inside, outside = saved, fresh
            *path, last = name.split(".")
            for key in path:
                inside, outside = inside[key], outside[key]
            assert inside[last] is not None, name
            inside[last] = outside[last]

    return spoil


def parts_of(name: str) -> Spoil:
    def spoil(saved: Saved, fresh: Saved) -> None:
        names = [key for key in saved if key.startswith(name)]
        assert names, name
        drop(*names)(saved, fresh)

    return spoil


ITEMS: dict[str, tuple[str, Spoil]] = {
    "model": ("plateau", drop("model")),
    "normalizer": ("plateau", drop("normalizer")),
    "optimizer": ("plateau", parts_of("optimizer/")),
    "schedule": ("plateau", parts_of("schedule/")),
    "scaler": ("plateau", drop("scaler")),
    "ema": ("full", drop("ema")),
    "epoch_loss": ("full", drop("epoch_loss")),
    "epoch_metric": ("full", parts_of("epoch_metric/")),
    "counters.step": ("full", drop("counters.step")),
    "counters.samples": ("full", drop("counters.samples")),
    "cursor.epoch": ("full", drop("counters.epoch")),
    "cursor.batch": ("full", drop("counters.batch")),
    "cursor.position": ("stream", drop("counters.position")),
    "progress": ("plateau", drop("progress")),
    "memory.trace": ("full", lambda saved, fresh: saved["memory"]["trace"].update(chain="00" * 16)),
    "memory.events": ("full", lambda saved, fresh: saved["memory"].update(events=saved["memory"]["events"] - 700)),
    "rng": ("full", drop("rng")),
}


def test_every_item_of_the_state_is_on_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    plain = TrainState.state_dict

    def state_dict(self: TrainState) -> Saved:
        state = plain(self)
        seen.update(name.partition("/")[0] for name in state)
        return state

    monkeypatch.setattr(TrainState, "state_dict", state_dict)
    for kind in ("plateau", "full"):
        run_of(tmp_path / kind, kind, stop_after=7)
    # without state by themselves: an objective that learns nothing
    assert seen - {"objective", "counters", "memory"} == {
        name.partition(".")[0] for name in ITEMS if not name.startswith(("counters", "cursor", "memory"))
    }


def run_of(folder: Path, kind: str, stop_after: int | None = None) -> Result:
    config = make_config(kind)
    config["checkpoint"] = {"every_steps": STOP_AT if kind != "plateau" else 16, "keep_last": 1}
    config["trainer"]["monitor"] = {"plateau": "max val_loss", "full": "off", "stream": "off"}[kind]
    path = write_project(folder / "project", config)
    options = Options(out=folder / "run", console="silent", probe=False, stop_after=stop_after)
    return train(path, (), options)


def counters_at_the_end(run: Path) -> Saved:
    found = load_newest(run / "checkpoints")
    assert found is not None
    counters: Saved = found[0]["counters"]
    return counters


@pytest.fixture(autouse=True)
def eager_scaler(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss scaler that changes its scale within these few updates."""
    monkeypatch.setattr(torch.amp, "GradScaler", functools.partial(torch.amp.GradScaler, growth_interval=4))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.mark.slow
@pytest.mark.parametrize("item", ["nothing", *ITEMS])
def test_a_state_without_this_item_is_noticed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, item: str
) -> None:
    kind, spoil = ITEMS.get(item, ("full", lambda saved, fresh: None))
    straight = root / kind / "run"
    if not straight.exists():
        run_of(root / kind, kind)
    run_of(tmp_path, kind, stop_after=(STOP_AT if kind != "plateau" else 16) + 1)
    plain = Session.restore

    def restore(self: Session, saved: Saved) -> None:
        fresh = copy.deepcopy(self.state.state_dict())
        spoil(saved, fresh)
        plain(self, saved)

    monkeypatch.setattr(Session, "restore", restore)
    noticed = False
    try:
        run_of(tmp_path, kind)
    except Exception:
        noticed = True
    else:
        noticed = compare(RunDir(straight), RunDir(tmp_path / "run"), [], 0, ()).verdict == "DIVERGED"
        noticed |= counters_at_the_end(straight) != counters_at_the_end(tmp_path / "run")
    assert noticed == (item != "nothing")

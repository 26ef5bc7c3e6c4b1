"""Weights & Biases offline, read back from its files."""

from __future__ import annotations

import json
import random
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from wandb.proto import wandb_internal_pb2

from seedbed.tracking.wandb import WandB

BLOCK, HEADER = 32768, 7


def records(folder: Path) -> Iterator[Any]:
    """The records of an offline run: a LevelDB log after a header of seven bytes."""
    (path,) = folder.glob("offline-run-*/*.wandb")
    data, position, whole = path.read_bytes(), HEADER, b""
    while position + HEADER <= len(data):
        if BLOCK - position % BLOCK < HEADER:
            position += BLOCK - position % BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", data, position)
        whole += data[position + HEADER : position + HEADER + length]
        position += HEADER + length
        if kind in (1, 4):  # full, last
            record = wandb_internal_pb2.Record()
            record.ParseFromString(whole)
            whole = b""
            yield record


def finished(folder: Path) -> list[Any]:
    """All records of a run; its service, a process of its own, may still be writing them for a moment."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = list(records(folder))
        if found and found[-1].WhichOneof("record_type") == "exit":
            return found
        time.sleep(0.1)
    raise AssertionError(f"{folder} has no complete run")


def items(entries: Any) -> dict[str, Any]:
    return {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in entries}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)


@pytest.mark.slow
def test_an_offline_run_reads_back(tmp_path: Path, events: list[dict[str, Any]]) -> None:
    folder = tmp_path / "wandb"
    tracker = WandB(folder, {"optimizer": {"args": {"lr": 0.01}}}, project="p", name="digits")
    state = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()
    for event in events:
        tracker.write(event)
    tracker.media("histogram", "weights/x", torch.tensor([1.0, 2.0, float("nan")]), 20)
    tracker.media("image", "picture", np.zeros((8, 8, 3), dtype=np.uint8), 20)
    tracker.media("text", "config", "<a> & b", 20)
    tracker.media("mesh", "ignored", {}, 20)
    tracker.close()
    assert random.getstate() == state[0]
    assert torch.equal(torch.get_rng_state(), state[1])
    assert (np.random.get_state()[1] == state[2]).all()

    found = finished(folder)
    (run,) = [record.run for record in found if record.WhichOneof("record_type") == "run"]
    assert (run.project, run.display_name) == ("p", "digits")
    assert items(run.config.update)["optimizer"] == {"args": {"lr": 0.01}}
    history = [items(r.history.item) for r in found if r.WhichOneof("record_type") == "history"]
    merged: dict[str, list[Any]] = {}
    for row in history:
        for key, value in row.items():
            merged.setdefault(key, []).append((row["_step"], value))
    assert merged["train/loss"][0] == (5, 2.25)
    assert merged["val/accuracy"] == [(10, 0.9)]
    assert merged["epoch/loss"] == [(10, 1.0), (20, 0.5)]
    assert merged["test/accuracy"] == [(20, 0.95)]
    assert merged["weights/x/_type"] == [(20, "histogram")]
    assert sum(merged["weights/x/values"][0][1]) == 2
    assert list(folder.rglob("picture_*.png"))
    assert not any("confusion" in key for key in merged)
    summary: dict[str, Any] = {}
    for record in found:
        if record.WhichOneof("record_type") == "summary":
            summary |= items(record.summary.update)
    assert summary["test_accuracy"] == 0.95
    assert summary["status"] == "finished"


def test_what_fails_in_the_thread_is_raised_by_the_next_call(tmp_path: Path) -> None:
    (tmp_path / "wandb").write_text("a file where the folder should be")
    tracker = WandB(tmp_path / "wandb")
    tracker._thread.join(60)
    with pytest.raises(FileExistsError):
        tracker.write({"event": "step", "step": 1, "loss": 1.0})
    tracker.close()

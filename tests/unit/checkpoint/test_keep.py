"""Which checkpoints stay: a law over any sequence of saves, and the exceptions one by one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.checkpoint.keep import prune, remove_leftovers
from seedbed.checkpoint.store import Checkpoint, list_checkpoints, load_newest, read_manifest, save

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def make_state(step: int) -> dict[str, Any]:
    return {"model": {"w": torch.tensor(float(step))}, "counters": {"step": step}}


def save_step(root: Path, step: int, **info: Any) -> Checkpoint:
    return save(root, make_state(step), step, info)


def steps_in(root: Path) -> list[int]:
    return [read_manifest(path)["step"] for path in list_checkpoints(root)]


saves = st.lists(
    st.tuples(
        st.sampled_from(["on", "on", "on", "back", "again"]),
        st.booleans(),  # is the best
        st.booleans(),  # ends an epoch
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(saves=saves, keep_last=st.integers(1, 3), every=st.none() | st.integers(1, 2))
def test_the_newest_and_the_best_stay_and_no_more_than_asked_for(
    saves: list[tuple[str, bool, bool]], keep_last: int, every: int | None
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        root, step, best, ends = Path(folder), 0, None, {}
        for move, is_best, ends_epoch in saves:
            step = {"on": step + 1, "again": max(step, 1), "back": max(1, step - 2)}[move]
            ends = {other: epoch for other, epoch in ends.items() if other < step}
            if ends_epoch:
                ends[step] = len(ends) + 1
            if best is not None and best >= step:
                best = None
            best = step if is_best else best
            newest = save_step(root, step, ends_epoch=ends_epoch, epoch=len(ends))
            prune(newest, keep_last=keep_last, best_step=best, keep_every_epochs=every)

            found = load_newest(root)
            assert found is not None
            assert found[0]["counters"]["step"] == found[1].step == step
            kept = steps_in(root)
            assert len(set(kept)) == len(kept)
            assert best is None or best in kept
            epochs = {step for step, epoch in ends.items() if every and epoch % every == 0}
            assert epochs <= set(kept)
            assert len(kept) <= keep_last + (best is not None) + len(epochs)
            assert all(name.startswith("step-") for name in os.listdir(root))


def test_even_keeping_none_keeps_the_newest(tmp_path: Path) -> None:
    save_step(tmp_path, 1)
    newest = save_step(tmp_path, 2)
    assert [path.name for path in prune(newest, keep_last=0, best_step=None)] == ["step-00000001"]
    assert steps_in(tmp_path) == [2]


def test_a_damaged_checkpoint_goes_with_the_others(tmp_path: Path) -> None:
    (save_step(tmp_path, 1, ends_epoch=True, epoch=1).path / "MANIFEST.json").write_text("{}")
    prune(save_step(tmp_path, 2), keep_last=1, best_step=None, keep_every_epochs=1)
    assert steps_in(tmp_path) == [2]


def test_a_step_of_a_lineage_that_was_given_up_goes(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save_step(tmp_path, step)
    newest = save_step(tmp_path, 2)
    assert newest.path.name == "step-00000002-2"
    prune(newest, keep_last=3, best_step=None)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-00000001", "step-00000002-2"]


def test_what_stands_in_a_checkpoints_place_is_removed_whatever_it_is(tmp_path: Path) -> None:
    precious = tmp_path / "elsewhere"
    precious.mkdir()
    root = tmp_path / "checkpoints"
    root.mkdir()
    (root / "step-00000001").write_text("a file")
    (root / "step-00000002").symlink_to(precious)
    (root / "step-00000003" / "inner").mkdir(parents=True)
    prune(save_step(root, 4), keep_last=1, best_step=None)
    assert os.listdir(root) == ["step-00000004"]
    assert precious.exists()


def test_only_leftovers_of_our_own_are_removed(tmp_path: Path) -> None:
    for name in (".step-00000001.tmp", ".step-00000001-2.old", ".git", ".step.tmp", "notes.tmp"):
        (tmp_path / name).mkdir()
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".git", ".step.tmp", "notes.tmp"]
    remove_leftovers(tmp_path / "missing")

"""Items that are functions of their number are read once; whatever else they are, the bits are those of reading."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import seedbed as sb
from seedbed.batch import Cursor, leaves
from seedbed.data.kept import PROOF, KeptItems
from seedbed.data.loader import Data, prepare
from seedbed.data.options import LoaderOptions
from seedbed.data.randomness import global_states, moved_since
from seedbed.data.samples import DatasetSamples
from seedbed.data.source import Source
from seedbed.errors import DataError
from seedbed.rundir import RunDir, read_events
from seedbed.seeding import stream_key, stream_keys

N = 50


class Items:
    """Items of a table, and how often each was read."""

    def __init__(self, change: Callable[[int, Tensor], Tensor] = lambda index, x: x) -> None:
        self.table = torch.randn(N, 3, generator=torch.Generator().manual_seed(5))
        self.change, self.reads = change, 0

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        self.reads += 1
        return self.change(index, self.table[index].clone()), index % 4


def data_of(dataset: Any, **options: Any) -> Data:
    return prepare(Source(name="s", train=DatasetSamples(dataset)), LoaderOptions(batch_size=8, **options), seed=3)


def passes(data: Data, epochs: int, between: Callable[[int], None] = lambda epoch: None) -> list[list[Tensor]]:
    """All tensors of all batches of some epochs."""
    cursor, found = Cursor(), []
    while cursor.epoch < epochs:
        if cursor.batch == 0:
            between(cursor.epoch)
        (batch,), cursor = data.train.take(cursor, 1)
        found.append([*leaves(batch.inputs), *leaves(batch.targets), torch.from_numpy(batch.indices)])
    return found


def same(a: list[list[Tensor]], b: list[list[Tensor]]) -> bool:
    return len(a) == len(b) and all(
        torch.equal(x, y) for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True)
    )


def draw_python(index: int, x: Tensor) -> Tensor:
    return x + random.random()


def draw_numpy(index: int, x: Tensor) -> Tensor:
    return x + float(np.random.randn())


def draw_torch(index: int, x: Tensor) -> Tensor:
    return x + torch.rand(3)


def draw_seldom(index: int, x: Tensor) -> Tensor:
    return x + torch.rand(3) if index == 17 else x


def test_items_are_read_once_and_some_again_for_proof() -> None:
    kept, anew = Items(), Items()
    assert same(passes(data_of(kept), 6), passes(data_of(anew, keep_items=False), 6))
    assert anew.reads == 6 * N
    assert kept.reads < N + PROOF + 8 + 6


@pytest.mark.parametrize("change", [draw_python, draw_numpy, draw_torch, draw_seldom])
def test_items_with_random_numbers_are_read_anew_under_their_seed(change: Any) -> None:
    here = passes(data_of(Items(change)), 3)
    assert same(here, passes(data_of(Items(change), keep_items=False), 3))
    data = data_of(Items(change), num_workers=2)
    try:
        assert same(here, passes(data, 3))
    finally:
        data.train.close()
    first, second, _ = torch.cat([inputs for inputs, *_ in here]).view(3, N, 3)
    assert not torch.equal(first.sum(), second.sum())


def test_reading_moves_no_global_generator() -> None:
    for change in (lambda index, x: x, draw_python, draw_torch):
        before = global_states()
        passes(data_of(Items(change)), 2)
        assert not moved_since(before)


def test_reading_that_is_cut_short_moves_no_global_generator() -> None:
    def cut(index: int, x: Tensor) -> Tensor:
        random.random(), np.random.rand(), torch.rand(1)
        raise KeyboardInterrupt

    data, before = data_of(Items(cut)), global_states()
    with pytest.raises(KeyboardInterrupt):
        data.train.take(Cursor(), 1)
    assert not moved_since(before)


def test_a_data_set_that_is_changed_between_epochs_is_read_anew() -> None:
    def run(**options: Any) -> list[list[Tensor]]:
        dataset = Items()

        def change(epoch: int) -> None:
            if epoch == 3:
                dataset.table = dataset.table * 2

        return passes(data_of(dataset, **options), 5, change)

    assert same(run(), run(keep_items=False))


def test_a_data_set_that_begins_to_draw_is_read_under_its_seeds() -> None:
    def run(**options: Any) -> list[list[Tensor]]:
        dataset = Items()
        return passes(
            data_of(dataset, **options), 5, lambda epoch: setattr(dataset, "change", draw_numpy) if epoch == 4 else None
        )

    assert same(run(), run(keep_items=False))


def test_random_numbers_of_its_own_are_noticed() -> None:
    own = np.random.default_rng(0)
    dataset = Items(lambda index, x: x + own.random())
    data = data_of(dataset)
    passes(data, 3)
    assert dataset.reads > 3 * N
    assert "not the same whenever they are read" in (data.remark() or "")


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"collate": "padded"}, lambda index, x: x[: 1 + index % 3]),
        ({"collate": lambda items: (torch.stack([x for x, _ in items]), torch.zeros(len(items)))}, lambda index, x: x),
        ({"sample_transforms": [lambda x, rng: x + float(rng.random())]}, lambda index, x: x),
    ],
)
def test_what_depends_on_more_than_the_item_is_not_kept(options: Any, change: Any) -> None:
    dataset = Items(change)
    passes(data_of(dataset, **options), 3)
    assert dataset.reads >= 3 * N


def test_items_with_texts_and_items_that_are_too_large_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Texts(Items):
        def __getitem__(self, index: int) -> Any:
            x, y = super().__getitem__(index)
            return {"x": x, "text": str(index), "y": y}

    dataset = Texts()
    passes(data_of(dataset), 3)
    assert dataset.reads == 3 * N
    kept = KeptItems(N, N, "s", most_bytes=900)
    kept.add(np.arange(8), torch.zeros(8, 3), None)
    assert kept.batch(np.arange(8)) is None


def test_an_item_of_another_shape_is_the_same_error_with_and_without() -> None:
    messages = []
    for keep in (True, False):
        dataset = Items(lambda index, x: x[:2] if index == 9 else x)
        with pytest.raises(DataError) as error:
            passes(data_of(dataset, keep_items=keep), 2)
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert "shape" in messages[0]


def test_an_item_that_cannot_be_read_names_itself() -> None:
    def fail(index: int, x: Tensor) -> Tensor:
        if index == 9:
            raise ValueError("no such file")
        return x

    with pytest.raises(DataError, match="sample 9 failed with ValueError: no such file"):
        passes(data_of(Items(fail)), 1)


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_kept_rows_are_the_items_in_whatever_order_they_come(batches: list[list[int]]) -> None:
    table = torch.randn(10, 2)
    kept = KeptItems(10, 10, "s")
    seen: set[int] = set()
    for numbers in batches:
        ids = np.asarray(numbers)
        found = kept.batch(ids)
        assert (found is not None) == (set(numbers) <= seen)
        if found is not None:
            assert torch.equal(found[0]["a"], table[ids])
            assert torch.equal(found[0]["b"][0], table[ids] > 0)
            assert found[1] is None
        kept.add(ids, {"a": table[ids], "b": (table[ids] > 0,)}, None)
        seen |= set(numbers)


@given(st.integers(0, 2**63), st.integers(-1, 1000), st.integers(0, 2**40))
def test_keys_of_many_streams_are_those_of_each(seed: int, epoch: int, number: int) -> None:
    assert stream_keys(seed, "sample", epoch)(number) == stream_key(seed, "sample", epoch, number)


def test_the_log_says_what_is_kept(tmp_path: Path) -> None:
    options: Any = {"epochs": 2, "batch_size": 8, "console": "silent", "out": tmp_path / "run"}
    sb.fit(nn.Linear(3, 4), Items(), optimizer=sb.SGD(lr=0.1), **options)
    notes = [event["text"] for event in read_events(RunDir(tmp_path / "run").events) if event["event"] == "note"]
    assert any("the 50 items of data are kept in memory" in text for text in notes)

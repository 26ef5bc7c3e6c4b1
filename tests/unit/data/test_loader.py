"""The contract of training batches over samplers and kinds of samples."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset

from seedbed.batch import Batch, Cursor
from seedbed.data.batches import TrainBatches
from seedbed.data.loader import Data, prepare
from seedbed.data.options import LoaderOptions
from seedbed.data.samples import DatasetSamples, IterableSamples, TensorSamples, digest
from seedbed.data.source import Source
from seedbed.errors import ConfigError, DataError

N = 53


class NoisyItems(Dataset[Any]):
    """A user's data set that draws from all three global generators."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        noise = random.random() + np.random.rand() + torch.rand(3)
        return index + noise, index % 4


class Counter(IterableDataset[Any]):
    """An iterable data set that says where it is."""

    def __init__(self, n: int = N) -> None:
        self.n, self.start = n, 0

    def __iter__(self) -> Iterator[Any]:
        while self.start < self.n:
            self.start += 1
            yield self.start - 1 + torch.rand(2), self.start % 3
        self.start = 0

    def state_dict(self) -> dict[str, Any]:
        return {"start": self.start}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.start = state["start"]


def crop_noise(x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    return x + float(rng.normal())


def tensor_source() -> Source:
    x = torch.arange(N * 3, dtype=torch.float32).reshape(N, 3)
    return Source(name="tensors", train=TensorSamples(x, torch.arange(N) % 4))


def image_source() -> Source:
    x = torch.arange(N * 16).remainder(256).to(torch.uint8).reshape(N, 1, 4, 4)
    return Source(name="images", train=TensorSamples(x, torch.arange(N) % 4))


def dataset_source() -> Source:
    return Source(name="items", train=DatasetSamples(NoisyItems()))


def iterable_source() -> Source:
    return Source(name="stream", train=IterableSamples(Counter()))


CASES: dict[str, tuple[Any, LoaderOptions]] = {
    "tensors shuffled": (tensor_source, LoaderOptions(batch_size=8)),
    "tensors normalised": (tensor_source, LoaderOptions(batch_size=8, normalize="zscore", val=0.2)),
    "tensors sequential": (tensor_source, LoaderOptions(batch_size=8, sampler="sequential", drop_last=True)),
    "tensors balanced": (tensor_source, LoaderOptions(batch_size=8, sampler="class_balanced")),
    "tensors weighted": (tensor_source, LoaderOptions(batch_size=8, sampler="weighted", weights=[1.0] * N)),
    "tensors own epoch": (tensor_source, LoaderOptions(batch_size=8, batches_per_epoch=5)),
    "tensors custom": (tensor_source, LoaderOptions(batch_size=8, sampler=lambda e, n, rng: rng.permutation(n)[:20])),
    "images augmented": (
        image_source,
        LoaderOptions(
            batch_size=8,
            transforms=["horizontal_flip", {"type": "random_crop", "args": {"padding": 1}}, "gaussian_noise"],
        ),
    ),
    "images normalised": (image_source, LoaderOptions(batch_size=8, normalize={"mean": [0.5], "std": [0.25]})),
    "items": (dataset_source, LoaderOptions(batch_size=8)),
    "items transformed": (dataset_source, LoaderOptions(batch_size=8, sample_transforms=[crop_noise])),
    "stream": (iterable_source, LoaderOptions(batch_size=8)),
}
MAP_STYLE = [name for name in CASES if name != "stream"]


def make(name: str, seed: int = 1, **changes: Any) -> Data:
    from dataclasses import replace

    source, options = CASES[name]
    data = prepare(source(), replace(options, **changes), seed=seed)
    data.fit()
    return data


def read(data: Data, cursor: Cursor, num_batches: int, count: int = 1) -> tuple[list[Batch], list[Cursor]]:
    batches: list[Batch] = []
    cursors = [cursor]
    while len(batches) < num_batches:
        taken, cursor = data.train.take(cursor, count)
        batches += taken
        cursors.append(cursor)
    return batches, cursors


def same(a: Batch, b: Batch) -> bool:
    return (
        torch.equal(a.inputs, b.inputs) and torch.equal(a.targets, b.targets) and np.array_equal(a.indices, b.indices)
    )


@pytest.mark.parametrize("name", CASES)
def test_restarting_at_any_cursor_gives_the_uninterrupted_stream(name: str) -> None:
    straight, cursors = read(make(name), Cursor(), 20)
    for start in (0, 1, 3, 6, 7, 8, 13):
        again, _ = read(make(name), cursors[start], 5)
        assert all(same(a, b) for a, b in zip(again, straight[start:], strict=False)), start


@pytest.mark.parametrize("name", CASES)
def test_going_back_and_forth_in_one_object_gives_the_same_bits(name: str) -> None:
    data = make(name)
    straight, cursors = read(data, Cursor(), 20)
    for start in (13, 2, 9, 0):
        again, _ = read(data, cursors[start], 3)
        assert all(same(a, b) for a, b in zip(again, straight[start:], strict=False)), start


@pytest.mark.parametrize("name", CASES)
def test_taking_several_at_once_is_taking_them_one_by_one(name: str) -> None:
    one_by_one, _ = read(make(name), Cursor(), 12)
    threes, _ = read(make(name), Cursor(), 12, count=3)
    assert all(same(a, b) for a, b in zip(one_by_one, threes, strict=False))


@pytest.mark.parametrize("name", CASES)
def test_the_global_generators_are_left_alone(name: str) -> None:
    data = make(name)
    before = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()
    read(data, Cursor(), 9)
    if data.val is not None:
        list(data.val)
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert torch.equal(torch.get_rng_state(), before[2])


@pytest.mark.parametrize("name", CASES)
def test_the_state_of_the_global_generators_has_no_influence(name: str) -> None:
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    first, _ = read(make(name), Cursor(), 8)
    torch.manual_seed(2)
    random.seed(2)
    np.random.seed(2)
    second, _ = read(make(name), Cursor(), 8)
    assert all(same(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("name", ["tensors shuffled", "images augmented", "items"])
def test_each_epoch_has_each_sample_once(name: str) -> None:
    data = make(name)
    for epoch in range(3):
        batches, after = data.train.take(Cursor(epoch), 100)
        assert sorted(np.concatenate([batch.indices for batch in batches])) == list(range(N))
        assert after == Cursor(epoch + 1)
        assert [batch.num_samples for batch in batches] == [8] * 6 + [5]


@pytest.mark.parametrize("name", ["items", "items transformed"])
def test_workers_change_no_bit(name: str) -> None:
    here, cursors = read(make(name), Cursor(), 10)
    data = make(name, num_workers=2)
    try:
        elsewhere, _ = read(data, Cursor(), 10)
        jumped, _ = read(data, cursors[3], 2)
    finally:
        data.close()
    assert all(same(a, b) for a, b in zip(here, elsewhere, strict=True))
    assert all(same(a, b) for a, b in zip(jumped, here[3:], strict=False))


def test_a_sample_is_augmented_the_same_in_a_batch_of_any_size() -> None:
    small, _ = read(make("images augmented", batch_size=4), Cursor(), 3)
    large, _ = read(make("images augmented", batch_size=12), Cursor(), 1)
    assert torch.equal(torch.cat([batch.inputs for batch in small]), large[0].inputs)


@pytest.mark.parametrize("name", ["images augmented", "items", "items transformed"])
def test_epochs_augment_differently(name: str) -> None:
    data = make(name, sampler="sequential")
    (first,), _ = data.train.take(Cursor(0), 1)
    (second,), _ = data.train.take(Cursor(1), 1)
    assert np.array_equal(first.indices, second.indices)
    assert not torch.equal(first.inputs, second.inputs)


def test_evaluation_in_between_changes_nothing() -> None:
    plain, _ = read(make("tensors normalised"), Cursor(), 8)
    data = make("tensors normalised")
    cursor, batches = Cursor(), []
    for _ in range(8):
        taken, cursor = data.train.take(cursor, 1)
        batches += taken
        assert data.val is not None
        list(data.val)
    assert all(same(a, b) for a, b in zip(plain, batches, strict=True))


def test_evaluation_reads_every_sample_once_without_augmentation() -> None:
    data = make("images augmented", val=13, eval_batch_size=5)
    assert data.val is not None
    first, second = list(data.val), list(data.val)
    assert [batch.num_samples for batch in first] == [5, 5, 3]
    assert all(same(a, b) for a, b in zip(first, second, strict=True))
    source = image_source().train
    assert isinstance(source, TensorSamples)
    ids = np.concatenate([batch.indices for batch in first])
    assert torch.equal(torch.cat([batch.inputs for batch in first]), source.inputs[ids].float() / 255)


def test_finishing_the_whole_split_at_once_gives_the_bits_of_finishing_each_batch(monkeypatch: Any) -> None:
    whole, _ = read(make("tensors normalised"), Cursor(), 8)
    monkeypatch.setattr("seedbed.data.placement.COPY_LIMIT", 0)
    single, _ = read(make("tensors normalised"), Cursor(), 8)
    assert all(same(a, b) for a, b in zip(whole, single, strict=True))


def test_loaded_statistics_replace_fitted_ones_even_after_batches_were_taken() -> None:
    data, other = make("tensors normalised"), make("tensors normalised", seed=5)
    (before,), _ = data.train.take(Cursor(), 1)
    assert data.normalizer is not None
    assert other.normalizer is not None
    data.normalizer.load_state_dict(other.normalizer.state_dict())
    (after,), _ = data.train.take(Cursor(), 1)
    assert not torch.equal(before.inputs, after.inputs)


def test_a_failing_sample_is_named() -> None:
    class Broken(NoisyItems):
        def __getitem__(self, index: int) -> Any:
            if index == 17:
                raise ValueError("bad pixel")
            return super().__getitem__(index)

    for num_workers in (0, 2):
        source = Source(name="broken", train=DatasetSamples(Broken()))
        data = prepare(source, LoaderOptions(batch_size=8, num_workers=num_workers), seed=0)
        with pytest.raises(DataError, match="Broken: sample 17 failed with ValueError: bad pixel"):
            read(data, Cursor(), 7)
        data.close()


def test_a_stream_that_cannot_say_its_position_trains_but_does_not_resume() -> None:
    class Plain(IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            yield from ((torch.tensor([float(i)]), i) for i in range(20))

    data = prepare(Source(name="plain", train=IterableSamples(Plain())), LoaderOptions(batch_size=8), seed=0)
    assert not data.train.can_resume
    batches, cursors = read(data, Cursor(), 3)
    assert cursors[-1] == Cursor(1)
    assert [batch.num_samples for batch in batches] == [8, 8, 4]
    with pytest.raises(DataError, match="state_dict"):
        data.train.take(Cursor(0, 1), 1)


def test_a_stream_whose_length_is_a_multiple_of_the_batch_ends_its_epoch() -> None:
    data = prepare(Source(name="s", train=IterableSamples(Counter(16))), LoaderOptions(batch_size=8), seed=0)
    _, cursors = read(data, Cursor(), 4)
    assert [(cursor.epoch, cursor.batch) for cursor in cursors] == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]


def test_a_cursor_beyond_the_epoch_is_refused() -> None:
    with pytest.raises(DataError, match="batch 99 of epoch 0"):
        make("tensors shuffled").train.take(Cursor(0, 99), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": True}, "batch_size is True"),
        ({"sampler": "random"}, "choose one of shuffled"),
        ({"collate": "pad"}, "choose default or padded"),
        ({"split_by": "group", "val": 0.1}, "split_column"),
        ({"sampler": "weighted"}, "go together"),
        ({"num_workers": -1}, "num_workers"),
        ({"normalize": "zcore"}, "normalize is 'zcore'"),
        ({"normalize": {"kind": "zscore", "by": "x"}}, "unknown key 'by'"),
        ({"transforms": ["flip"]}, "unknown transform 'flip'"),
        ({"transforms": [{"type": "cutout", "args": {"width": 3}}]}, "transform cutout"),
        ({"val": -1}, "val=-1"),
        ({"collate": "padded"}, "leave out collate"),
        ({"sample_transforms": [crop_noise]}, "leave out sample_transforms; use transforms"),
        ({"samples_per_epoch": 9}, "did you mean limit"),
        ({"val": 1.5}, "val=1.5"),
    ],
)
def test_a_wrong_option_is_a_clear_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        prepare(tensor_source(), LoaderOptions(**options), seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"val": 2000}, "val=2000 of 53 samples"),
        ({"val": 0.5, "test": 0.5}, "leaves none to train on"),
        ({"split_by": "group", "split_column": "who", "val": 0.1}, "no column 'who'"),
        ({"batch_size": 64, "drop_last": True}, "make no batch of 64"),
    ],
)
def test_options_that_do_not_fit_the_data_are_a_clear_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        prepare(tensor_source(), LoaderOptions(**options), seed=0)


class ShuffledStream(IterableDataset[Any]):
    """Shuffles with a generator of its own, which goes on from epoch to epoch; at the end it stays at its end."""

    def __init__(self) -> None:
        self.rng, self.order, self.place = random.Random(5), list[int](), 0

    def __iter__(self) -> Iterator[Any]:
        if self.place >= len(self.order):
            self.order, self.place = self.rng.sample(range(N), N), 0
        while self.place < N:
            self.place += 1
            yield torch.tensor([float(self.order[self.place - 1])])

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self.rng.getstate(), "order": self.order, "place": self.place}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rng.setstate(state["rng"])
        self.order, self.place = state["order"], state["place"]


class EndsOnce(Counter):
    """Like Counter, but after loading the end it gives an empty epoch first."""

    def __iter__(self) -> Iterator[Any]:
        start, self.start = self.start, 0
        for index in range(start, self.n):
            self.start = index + 1
            yield torch.tensor([float(index)])


@pytest.mark.parametrize("dataset", [ShuffledStream, EndsOnce, Counter])
def test_a_stream_resumes_inside_and_between_epochs(dataset: Any) -> None:
    def fresh() -> Data:
        return prepare(Source(name="s", train=IterableSamples(dataset())), LoaderOptions(batch_size=8), seed=0)

    straight, cursors = read(fresh(), Cursor(), 21)
    assert sorted({(cursor.epoch, cursor.batch) for cursor in cursors})[7] == (1, 0)
    for start in range(15):
        again, _ = read(fresh(), cursors[start], 4)
        wanted = straight[start : start + 4]
        assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(again, wanted, strict=False)), start


def test_the_own_order_of_a_stream_goes_on_over_epochs() -> None:
    data = prepare(Source(name="s", train=IterableSamples(ShuffledStream())), LoaderOptions(batch_size=8), seed=0)
    batches, _ = read(data, Cursor(), 14)
    assert not torch.equal(batches[0].inputs, batches[7].inputs)


def test_a_stream_evaluates_again_and_again() -> None:
    source = Source(name="s", train=IterableSamples(Counter()), val=IterableSamples(Counter(20)))
    data = prepare(source, LoaderOptions(batch_size=8), seed=0)
    assert data.val is not None
    first, second = list(data.val), list(data.val)
    assert [batch.num_samples for batch in first] == [8, 8, 4]
    assert all(same(a, b) for a, b in zip(first, second, strict=True))


def test_a_worker_that_dies_is_a_clear_error() -> None:
    import os

    class Deadly(NoisyItems):
        def __getitem__(self, index: int) -> Any:
            os._exit(3)

    source = Source(name="deadly", train=DatasetSamples(Deadly()))
    data = prepare(source, LoaderOptions(batch_size=8, num_workers=1), seed=0)
    with pytest.raises(DataError, match="Deadly: a loader worker died"):
        data.train.take(Cursor(), 1)
    data.close()


def test_looking_at_items_leaves_the_global_generators_alone() -> None:
    samples = DatasetSamples(NoisyItems())
    before = random.getstate(), torch.get_rng_state()
    assert samples.labels().tolist() == [index % 4 for index in range(N)]
    assert digest(samples) == digest(samples)
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


@pytest.mark.parametrize(
    "options",
    [
        {"sampler": "shuffled"},
        {"limit": 5},
        {"batches_per_epoch": 3},
        {"sample_transforms": [crop_noise]},
        {"num_workers": 2},
    ],
)
def test_options_that_a_stream_cannot_follow_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"leave out {next(iter(options))}"):
        prepare(iterable_source(), LoaderOptions(**options), seed=0)


@pytest.mark.parametrize("name", ["tensors shuffled", "images augmented", "tensors normalised"])
def test_a_set_too_large_for_a_table_has_the_same_batches(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_table, _ = read(make(name), Cursor(), 15)
    monkeypatch.setattr("seedbed.data.batches.TABLE_LIMIT", 10)
    monkeypatch.setattr("seedbed.data.samplers.TABLE_LIMIT", 10)
    without, _ = read(make(name), Cursor(), 15)
    assert all(same(a, b) for a, b in zip(with_table, without, strict=True))


def test_padded_batches_are_normalised_and_carry_their_mask() -> None:
    class Sequences(Dataset[Any]):
        def __len__(self) -> int:
            return 10

        def __getitem__(self, index: int) -> Any:
            return torch.full((index + 1, 2), float(index)), index

    options = LoaderOptions(
        batch_size=5, collate="padded", sampler="length_bucketed", normalize={"mean": 1.0, "std": 2.0}
    )
    data = prepare(Source(name="s", train=DatasetSamples(Sequences())), options, seed=0)
    batches, _ = data.train.take(Cursor(), 2)
    for batch in batches:
        lengths = batch.targets + 1
        assert torch.equal(batch.inputs["mask"].sum(1), lengths)
        assert torch.equal(batch.inputs["x"][:, 0, 0], (batch.targets - 1) / 2)
        assert lengths.max() - lengths.min() == 4


@pytest.mark.parametrize("name", ["images augmented", "items transformed", "tensors normalised"])
def test_the_training_split_can_be_read_in_order_without_augmentation(name: str) -> None:
    data = make(name)
    assert isinstance(data.train, TrainBatches)
    first, second = list(data.train.in_order(10)), list(data.train.in_order(10))
    assert np.array_equal(np.concatenate([batch.indices for batch in first]), data.train.samples.ids)
    assert all(same(a, b) for a, b in zip(first, second, strict=True))

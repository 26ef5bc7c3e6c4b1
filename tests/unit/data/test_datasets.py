"""The built-in sources: digits, MNIST-1D, text, tables, bicycles, image folders, arrays, and adaptors."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from seedbed.batch import Cursor
from seedbed.data.datasets.adapt import from_dataloader, from_dataset, from_tensors
from seedbed.data.datasets.arrays import Arrays
from seedbed.data.datasets.bikes import Bikes
from seedbed.data.datasets.digits import Digits
from seedbed.data.datasets.images import ImageFolder
from seedbed.data.datasets.mnist import MNIST, FashionMNIST
from seedbed.data.datasets.mnist1d import MNIST1D
from seedbed.data.datasets.planted import Planted
from seedbed.data.datasets.table import Table, read_rows
from seedbed.data.datasets.text import Text
from seedbed.data.loader import prepare
from seedbed.data.options import LoaderOptions
from seedbed.data.samples import DatasetSamples, IterableSamples, TensorSamples, digest
from seedbed.data.source import Source
from seedbed.errors import ConfigError, DataError

SOURCES = [Digits, MNIST, FashionMNIST, MNIST1D, Text, Table, Bikes, ImageFolder, Arrays, Planted]


@pytest.mark.parametrize("source", SOURCES)
def test_no_argument_of_a_source_is_also_a_loader_option(source: Any) -> None:
    names = set(inspect.signature(source).parameters)
    assert not names & set(LoaderOptions.__dataclass_fields__)


def test_digits_are_the_real_ones_with_a_fixed_stratified_test_split() -> None:
    from sklearn.datasets import load_digits

    source = Digits()
    assert isinstance(source.train, TensorSamples)
    assert isinstance(source.test, TensorSamples)
    assert (len(source.train), len(source.test)) == (1437, 360)
    assert sorted([*source.train.ids, *source.test.ids]) == list(range(1797))
    assert set(np.bincount(source.test.labels())) <= {34, 35, 36, 37, 38}
    expected = load_digits()
    assert torch.equal(source.train.inputs[:, 0], torch.from_numpy(expected.images).float() / 16)
    assert np.array_equal(source.train.targets.numpy(), expected.target)
    assert source.test.ids[:5].tolist() == Digits().test.ids[:5].tolist()  # type: ignore[union-attr]


@pytest.mark.slow
def test_mnist1d_is_deterministic_and_has_the_shape_of_the_paper() -> None:
    source = MNIST1D()
    assert isinstance(source.train, TensorSamples)
    assert source.test is not None
    assert (len(source.train), len(source.test)) == (4000, 1000)
    assert source.train.inputs.shape == (5000, 40)
    assert abs(float(source.train.inputs.mean())) < 1e-5
    assert abs(float(source.train.inputs.std()) - 1) < 1e-3
    assert np.bincount(source.train.targets).tolist() == [500] * 10
    assert torch.equal(source.train.inputs, MNIST1D().train.inputs)  # type: ignore[union-attr]
    assert not torch.equal(source.train.inputs, MNIST1D(generation_seed=1).train.inputs)  # type: ignore[union-attr]


def test_mnist1d_has_the_statistics_of_its_ingredients() -> None:
    from scipy.ndimage import gaussian_filter1d

    from seedbed.data.datasets.mnist1d import _smooth

    noise = np.random.default_rng(0).normal(size=(3, 72))
    assert np.allclose(_smooth(noise), gaussian_filter1d(noise, 2, axis=1), atol=1e-12)


@pytest.mark.slow
def test_mnist1d_is_hard_for_a_linear_model() -> None:
    from sklearn.linear_model import LogisticRegression

    source = MNIST1D()
    assert isinstance(source.train, TensorSamples)
    assert isinstance(source.test, TensorSamples)
    x, y = source.train.inputs.numpy(), source.train.targets.numpy()
    model = LogisticRegression(max_iter=200).fit(x[source.train.rows], y[source.train.rows])
    score = model.score(x[source.test.rows], y[source.test.rows])
    assert 0.22 < score < 0.42  # the paper has 32 %


@pytest.mark.parametrize("arguments", [{"num_samples": 15}, {"num_samples": 0}, {"length": 1}])
def test_mnist1d_refuses_impossible_sizes(arguments: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        MNIST1D(**arguments)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_text_windows_predict_the_next_character_and_stay_in_their_part(tmp_path: Path) -> None:
    text = "the cat sat on the mat — " * 20
    path = write(tmp_path / "t.txt", text)
    source = Text(path=path, context=7, stride=1, val_share=0.2, test_share=0.1)
    vocabulary = source.info["vocabulary"]
    assert vocabulary == sorted(set(text))
    bounds = {"train": (0, round(len(text) * 0.7)), "val": (round(len(text) * 0.7), round(len(text) * 0.9))}
    bounds["test"] = (bounds["val"][1], len(text))
    for name, (low, high) in bounds.items():
        samples = getattr(source, name)
        for row in range(len(samples)):
            start = int(samples.ids[row])
            assert low <= start
            assert start + 8 <= high
            assert "".join(vocabulary[c] for c in samples.inputs[row]) == text[start : start + 7]
            assert "".join(vocabulary[c] for c in samples.targets[row]) == text[start + 1 : start + 8]
    data = prepare(source, LoaderOptions(batch_size=4), seed=0)
    (batch,), _ = data.train.take(Cursor(), 1)
    assert torch.equal(batch.inputs[:, 1:], batch.targets[:, :-1])


def test_overlapping_text_windows_take_no_memory(tmp_path: Path) -> None:
    source = Text(path=write(tmp_path / "t.txt", "abc" * 5000), context=100, stride=1)
    assert isinstance(source.train, TensorSamples)
    assert source.train.inputs.untyped_storage().nbytes() == 15000 * 8


@pytest.mark.parametrize(
    ("arguments", "content", "message"),
    [
        ({"context": 0}, "abc", "context is 0"),
        ({"val_share": 1.0}, "abc", "leave something"),
        ({"context": 50}, "abc", "has no window of 50"),
        ({}, "", "is empty"),
        ({"encoding": "utf-9"}, "abc", "utf-9"),
    ],
)
def test_text_says_what_is_wrong(tmp_path: Path, arguments: dict[str, Any], content: str, message: str) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        Text(path=write(tmp_path / "t.txt", content), **arguments)


def test_text_that_is_not_utf8_or_not_there_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes("é".encode("latin-1"))
    with pytest.raises(DataError, match="latin-1"):
        Text(path=str(tmp_path / "t.txt"))
    with pytest.raises(DataError, match="No such file"):
        Text(path=str(tmp_path / "none.txt"))


CSV = """city,size,rooms,when,price
Bonn,50.5,2,2020-01-03,100
Ulm,80,3,2020-01-01,200
Bonn,65,2,2020-01-02,150
Kiel,120,4,2020-01-04,300
"""


def test_a_table_becomes_features_learned_from_the_training_rows_only(tmp_path: Path) -> None:
    source = Table(path=write(tmp_path / "t.csv", CSV), target="price", task="regression", time_column="when")
    data = prepare(source, LoaderOptions(val=1, split_by="time", split_column="when", batch_size=9), seed=0)
    assert data.info["feature_names"] == ["city=Bonn", "city=Ulm", "size", "rooms"]
    (batch,), _ = data.train.take(Cursor(), 1)
    rows = {int(i): (x.tolist(), float(y)) for i, x, y in zip(batch.indices, batch.inputs, batch.targets, strict=True)}
    assert rows == {0: ([1, 0, 50.5, 2], 100), 1: ([0, 1, 80, 3], 200), 2: ([1, 0, 65, 2], 150)}
    assert data.val is not None
    (unseen,) = list(data.val)
    assert unseen.indices.tolist() == [3]
    assert unseen.inputs.tolist() == [[0, 0, 120, 4]]


def test_a_new_file_is_encoded_as_the_training_rows_were(tmp_path: Path) -> None:
    source = Table(path=write(tmp_path / "t.csv", CSV), target="price", drop=["when"], categorical=["rooms"])
    data = prepare(source, LoaderOptions(batch_size=9, sampler="sequential"), seed=0)
    (batch,), _ = data.train.take(Cursor(), 1)
    new = write(tmp_path / "new.csv", "rooms;city;size\n4.0;Kiel;120\n9;Rom;1\n")
    rows = read_rows(new, data.info["encoding"])
    assert torch.equal(rows[0], batch.inputs[3])
    assert rows[1].tolist() == [0, 0, 0, 1, 0, 0, 0]


def test_ordinal_categories_are_numbers_and_unseen_ones_are_minus_one(tmp_path: Path) -> None:
    source = Table(path=write(tmp_path / "t.csv", CSV), target="price", drop=["when"], encode="ordinal")
    data = prepare(source, LoaderOptions(batch_size=9, sampler="sequential"), seed=0)
    (batch,), _ = data.train.take(Cursor(), 1)
    assert batch.inputs[:, 0].tolist() == [0, 2, 0, 1]


@pytest.mark.parametrize(("policy", "expected"), [("mean", [1.0, 2.0, 3.0]), ("drop", [1.0, 3.0])])
def test_missing_values_follow_the_policy(tmp_path: Path, policy: Any, expected: list[float]) -> None:
    path = write(tmp_path / "t.csv", "a,y\n1,0.5\n,0.25\n3,1.75\n")
    data = prepare(
        Table(path=path, target="y", missing=policy, task="regression"), LoaderOptions(sampler="sequential"), seed=0
    )
    (batch,), _ = data.train.take(Cursor(), 1)
    assert batch.inputs[:, 0].tolist() == expected


def test_a_text_target_is_classes(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,kind\n1,dog\n2,cat\n3,dog\n")
    data = prepare(Table(path=path, target="kind"), LoaderOptions(sampler="sequential"), seed=0)
    assert (data.info["num_classes"], data.info["class_names"]) == (2, ["cat", "dog"])
    (batch,), _ = data.train.take(Cursor(), 1)
    assert batch.targets.tolist() == [1, 0, 1]


def test_parquet_gives_the_same_as_csv(tmp_path: Path) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    path = write(tmp_path / "t.csv", CSV)
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(path), tmp_path / "t.parquet")
    digests = []
    for file in (path, str(tmp_path / "t.parquet")):
        source = Table(path=file, target="price", drop=["when"], task="regression")
        digests.append(digest(prepare(source, LoaderOptions(), seed=0).train.samples))
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("a,y\n1,2\n3\n", {}, "line 3: 1 fields, but the header has 2"),
        ("a,y\n", {}, "no rows"),
        ("", {}, "no header"),
        ("a,a\n1,2\n", {}, "must be there and differ"),
        ("a,y\n1,2\n,3\n", {}, "row 2, column 'a': the value is missing"),
        ("a,y\n1,\n2,3\n", {"missing": "mean"}, "row 1, column 'y'"),
        ("a,y\n,1\n", {"missing": "drop"}, "leaves none"),
        ("a,z\n1,2\n", {}, "no column 'y'; it has: a, z"),
        ("a,y\n1,2\n3,x\n", {"task": "regression"}, "row 2, column 'y': 'x' is not a number"),
        ("a,y\n1,2\n", {"features": ["y"]}, "not the target"),
        ("a,t,y\n1,soon,2\n", {"time_column": "t"}, "'soon' is not a date"),
        ("a,y\n1,2\n", {"encode": "hash"}, "choose one of onehot, ordinal"),
        ("a,y\n1,2\n", {"missing": "zero"}, "choose one of error, mean, drop"),
        ('a,y\n1,"2\n', {}, "not a CSV file"),
    ],
)
def test_a_table_says_what_is_wrong_and_where(
    tmp_path: Path, content: str, arguments: dict[str, Any], message: str
) -> None:
    path = write(tmp_path / "t.csv", content)
    with pytest.raises((DataError, ConfigError), match=message):
        Table(path=path, **{"target": "y", **arguments})


BIKES = (
    "dteday,season,hr,holiday,weekday,workingday,weathersit,temp,atemp,hum,windspeed,casual,registered,cnt\n"
    + "".join(
        f"2011-01-{day:02d},spring,{hour},No,,Yes,{'Clear' if hour != '12pm' else ''},9,9,50,10,1,2,{day * 100 + i}\n"
        for i, hour in enumerate(["11pm", "12am", "12pm", "1am"])
        for day in range(9, 0, -1)
    )
)


def test_bikes_are_sorted_by_time_and_split_by_it(tmp_path: Path) -> None:
    source = Bikes(path=write(tmp_path / "b.csv", BIKES), val_days=2, test_days=3)
    assert isinstance(source.train, TensorSamples)
    assert isinstance(source.val, TensorSamples)
    assert isinstance(source.test, TensorSamples)
    assert (len(source.train), len(source.val), len(source.test)) == (16, 8, 12)
    times = [part.columns["time"] for part in (source.train, source.val, source.test)]
    assert all(np.all(np.diff(part) > 0) for part in times)
    assert times[0].max() < times[1].min()
    assert times[1].max() < times[2].min()
    names = source.info["feature_names"]
    assert not {"casual", "registered", "cnt"} & set(names)
    assert "weather=unknown" in names
    # the hours of the first day, in order: midnight, one, noon, eleven at night
    assert (source.train.targets[source.train.rows[:4]] * 100).round().tolist() == [101, 103, 102, 100]


@pytest.mark.skipif("SEEDBED_DATA" not in os.environ, reason="SEEDBED_DATA is not set")
def test_real_bikes_have_their_known_sum() -> None:
    source = Bikes()
    assert isinstance(source.train, TensorSamples)
    assert round(float(source.train.targets.double().sum() * 100)) == 3292679
    assert sum(len(part) for part in (source.train, source.val, source.test)) == 17379  # type: ignore[arg-type, misc]
    assert torch.isfinite(source.train.inputs).all()
    assert source.train.inputs.abs().max() < 3


def test_bikes_without_the_file_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEEDBED_DATA", raising=False)
    with pytest.raises(DataError, match=r"data\.args\.path"):
        Bikes()


def make_images(folder: Path, sizes: list[tuple[int, int]]) -> None:
    for label, name in enumerate(["cat", "dog"]):
        (folder / name).mkdir(parents=True)
        for number, size in enumerate(sizes):
            Image.new("RGB", size, (label * 100, 50, 255)).save(folder / name / f"{number}.png")


@pytest.mark.parametrize("in_memory", [False, True])
def test_an_image_folder_gives_floats_channels_first(tmp_path: Path, in_memory: bool) -> None:
    make_images(tmp_path / "train", [(6, 4), (6, 4)])
    make_images(tmp_path / "val", [(6, 4)])
    source = ImageFolder(root=str(tmp_path), in_memory=in_memory)
    data = prepare(source, LoaderOptions(sampler="sequential"), seed=0)
    (batch,), _ = data.train.take(Cursor(), 1)
    assert batch.inputs.shape == (4, 3, 4, 6)
    assert batch.targets.tolist() == [0, 0, 1, 1]
    assert torch.allclose(batch.inputs[2, :, 0, 0], torch.tensor([100 / 255, 50 / 255, 1.0]))
    assert data.val is not None
    assert data.val.num_samples == 2
    assert source.train.labels().tolist() == [0, 0, 1, 1]  # type: ignore[union-attr]


def test_images_of_different_size_are_resized_or_refused_by_name(tmp_path: Path) -> None:
    make_images(tmp_path, [(6, 4), (5, 5)])
    with pytest.raises(DataError, match="size="):
        ImageFolder(root=str(tmp_path), in_memory=True)
    data = prepare(ImageFolder(root=str(tmp_path)), LoaderOptions(), seed=0)
    with pytest.raises(DataError, match=r"sample \d has shape"):
        data.train.take(Cursor(), 1)
    resized = prepare(ImageFolder(root=str(tmp_path), size=[8, 9], grayscale=True), LoaderOptions(), seed=0)
    (batch,), _ = resized.train.take(Cursor(), 1)
    assert batch.inputs.shape == (4, 1, 8, 9)


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    make_images(tmp_path, [(4, 4)])
    (tmp_path / "cat" / "0.png").write_bytes(b"not an image")
    data = prepare(ImageFolder(root=str(tmp_path)), LoaderOptions(), seed=0)
    with pytest.raises(DataError, match=r"cat/0\.png cannot be read"):
        data.train.take(Cursor(), 1)


@pytest.mark.parametrize("message", ["no folder", "no folders", "no images"])
def test_an_empty_image_folder_is_a_clear_error(tmp_path: Path, message: str) -> None:
    root = tmp_path / "images"
    if message != "no folder":
        root.mkdir()
    if message == "no images":
        (root / "cat").mkdir()
    with pytest.raises(DataError, match=message):
        ImageFolder(root=str(root))


def test_arrays_come_with_their_own_splits(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz", x_train=np.zeros((6, 2)), y_train=np.arange(6), x_test=np.ones((2, 2)), y_test=np.arange(2)
    )
    source = Arrays(path=str(tmp_path / "a.npz"))
    assert isinstance(source.train, TensorSamples)
    assert source.train.inputs.dtype == torch.float32
    assert source.val is None
    assert len(source.test) == 2  # type: ignore[arg-type]


def test_arrays_never_load_a_pickle(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.asarray([{"a": 1}], dtype=object), y=np.arange(1))
    with pytest.raises(DataError, match="without Python objects"):
        Arrays(path=str(tmp_path / "a.npz"))
    (tmp_path / "b.npz").write_bytes(b"rubbish")
    with pytest.raises(DataError, match="not a plain numpy file"):
        Arrays(path=str(tmp_path / "b.npz"))
    with pytest.raises(DataError, match="No such file"):
        Arrays(path=str(tmp_path / "c.npz"))


class Items(Dataset[Any]):
    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.full((2,), float(index)), index % 2


def epoch_of(source: Source, epoch: int = 0, **options: Any) -> list[list[int]]:
    data = prepare(source, LoaderOptions(**options), seed=3)
    batches, _ = data.train.take(Cursor(epoch), 1000)
    return [batch.indices.tolist() for batch in batches]


def test_tensor_data_sets_and_their_subsets_become_tensors() -> None:
    whole = TensorDataset(torch.arange(10.0)[:, None], torch.arange(10))
    assert isinstance(from_dataset(whole).train, TensorSamples)
    part = from_dataset(Subset(whole, [7, 3, 5])).train
    assert isinstance(part, TensorSamples)
    assert part.ids.tolist() == [7, 3, 5]
    assert isinstance(from_dataset(Items()).train, DatasetSamples)


def test_tensors_may_be_numpy_and_float64() -> None:
    source = from_tensors(np.zeros((4, 3)), [0, 1, 1, 0], val=(np.ones((2, 3)), [1, 0]))
    assert isinstance(source.train, TensorSamples)
    assert source.train.inputs.dtype == torch.float32
    assert source.info["num_classes"] == 2
    with pytest.raises(DataError, match="one length"):
        from_tensors(np.zeros((4, 3)), [0, 1])


def test_a_loader_keeps_its_batch_size_samples_and_collate_function() -> None:
    def collate(items: list[Any]) -> Any:
        return torch.stack([x for x, _ in items]) + 100, torch.tensor([y for _, y in items])

    loader = DataLoader(Items(), batch_size=3, sampler=SubsetRandomSampler([2, 4, 6, 8]), collate_fn=collate)
    val = DataLoader(Items(), batch_size=2, sampler=SubsetRandomSampler([1, 3, 5]))
    data = prepare(from_dataloader(loader, val), LoaderOptions(), seed=0)
    batches, _ = data.train.take(Cursor(), 9)
    assert [batch.num_samples for batch in batches] == [3, 1]
    assert sorted(np.concatenate([batch.indices for batch in batches])) == [2, 4, 6, 8]
    assert all((batch.inputs > 100).all() for batch in batches)
    assert data.val is not None
    assert [batch.indices.tolist() for batch in data.val] == [[1, 3], [5]]


def test_a_loader_keeps_whether_it_shuffles() -> None:
    plain = from_dataloader(DataLoader(Items(), batch_size=5))
    assert epoch_of(plain) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14], [15, 16, 17, 18, 19]]
    shuffled = from_dataloader(DataLoader(Items(), batch_size=5, shuffle=True))
    assert epoch_of(shuffled) != epoch_of(plain)
    assert sorted(np.concatenate(epoch_of(shuffled))) == list(range(20))
    assert epoch_of(shuffled, epoch=1) != epoch_of(shuffled)


def test_a_loader_keeps_its_weights() -> None:
    weights = [0.0] * 10 + [1.0] * 10
    loader = DataLoader(Items(), batch_size=5, sampler=WeightedRandomSampler(weights, 12))
    drawn = np.concatenate(epoch_of(from_dataloader(loader)))
    assert len(drawn) == 12
    assert min(drawn) >= 10


def test_a_sampler_of_ones_own_is_asked_under_a_keyed_seed() -> None:
    class Pairs(Sampler[list[int]]):
        def __len__(self) -> int:
            return 10

        def __iter__(self) -> Any:
            order = torch.randperm(10).tolist()
            return iter([[2 * i, 2 * i + 1] for i in order])

    source = from_dataloader(DataLoader(Items(), batch_sampler=Pairs()))
    torch.manual_seed(0)
    first = epoch_of(source)
    torch.manual_seed(1)
    assert epoch_of(source) == first
    assert epoch_of(source, epoch=1) != first
    assert all(batch[1] == batch[0] + 1 for batch in first)
    with pytest.raises(ConfigError, match="sampler of its own"):
        epoch_of(source, val=0.2)


def test_a_loader_of_an_iterable_data_set_is_a_stream() -> None:
    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter([(torch.zeros(1), 0)] * 5)

    source = from_dataloader(DataLoader(Stream(), batch_size=2))
    assert isinstance(source.train, IterableSamples)
    assert epoch_of(source) == [[0, 1], [2, 3], [4]]


def test_a_loader_without_batches_is_refused() -> None:
    with pytest.raises(DataError, match="batch_size=None"):
        from_dataloader(DataLoader(Items(), batch_size=None))


def test_the_digest_knows_the_data_and_their_split() -> None:
    x = torch.arange(30.0).reshape(10, 3)
    base = TensorSamples(x, torch.arange(10))
    changed = x.clone()
    changed[7, 1] += 1e-6 * 10
    assert digest(base) == digest(TensorSamples(x.clone(), torch.arange(10)))
    assert digest(base).startswith("xxh3-128:")
    others = [
        TensorSamples(changed, torch.arange(10)),
        base.subset(np.arange(9)),
        TensorSamples(x.double(), torch.arange(10)),
    ]
    assert len({digest(base), *(digest(other) for other in others)}) == 4
    assert digest(base, limit=10).startswith("sampled-xxh3-128:")
    assert digest(DatasetSamples(Items())).startswith("sampled-xxh3-128:")
    assert digest(IterableSamples([1])) == "none"


def test_a_collate_function_of_ones_own_is_used_for_tensors_too() -> None:
    def collate(items: list[Any]) -> Any:
        return torch.stack([x for x, _ in items]) * 2, torch.stack([y for _, y in items])

    dataset = TensorDataset(torch.ones(6, 2), torch.arange(6))
    plain = prepare(from_dataloader(DataLoader(dataset, batch_size=6)), LoaderOptions(), seed=0)
    own = prepare(from_dataloader(DataLoader(dataset, batch_size=6, collate_fn=collate)), LoaderOptions(), seed=0)
    assert isinstance(plain.train.samples, TensorSamples)
    (first,), _ = plain.train.take(Cursor(), 1)
    (second,), _ = own.train.take(Cursor(), 1)
    assert torch.equal(2 * first.inputs, second.inputs)


def test_the_table_of_names_has_every_source() -> None:
    from seedbed.tables import DATA

    assert {source.__name__: f"{source.__module__}:{source.__name__}" for source in SOURCES} == DATA
